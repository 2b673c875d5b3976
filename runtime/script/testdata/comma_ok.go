//go:build ignore

// v, ok := m[k] where there is no entry, after there was one.
package main

import "fmt"

func main() {
	m := map[string]int{"a": 1}
	for _, k := range []string{"a", "b", "a", "c"} {
		v, ok := m[k]
		fmt.Println(v, ok)
	}
	for i := 0; i < 3; i++ {
		w, ok := m["zabc"[i:i+1]]
		fmt.Println(w, ok)
	}
	var v int
	var ok bool
	for _, k := range []string{"a", "b", "a", "c"} {
		v, ok = m[k]
		fmt.Println(v, ok)
	}
	for _, k := range []string{"a", "b", "a", "c"} {
		_, ok := m[k]
		fmt.Println(ok)
	}
	for _, k := range []string{"a", "b", "a", "c"} {
		if v, ok := m[k]; !ok {
			fmt.Println(v)
		}
		v := m[k]
		fmt.Println(v, m[k])
	}
}
