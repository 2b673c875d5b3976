//go:build ignore

// Indexes and bounds out of range, and their words.
package main

import "fmt"

type K []int

func f(n int) []int { return make([]int, n, 5) }
func g() *[3]int    { return &[3]int{1, 2, 3} }
func h() [3]int     { return [3]int{1, 2, 3} }
func str() string   { return "abc" }

func main() {
	m1, m2, big, zero, one, two, four, nine := -1, -2, 1<<40, 0, 1, 2, 4, 9
	u8, u64 := uint8(200), uint64(1<<63+5)
	i8 := int8(-100)
	s := make([]int, 3, 5)
	a := [3]int{1, 2, 3}
	p := &a
	st := "hello"
	var ns []int
	var np *[3]int
	_, _, _, _, _, _, _, _ = m1, m2, big, zero, one, two, four, nine
	tests := []func() any{
		func() any { return s[m1:] }, func() any { return s[:m1] }, func() any { return s[four:] }, func() any { return s[two:one] },
		func() any { return s[:nine] }, func() any { return s[one:four] }, func() any { return s[nine:nine] }, func() any { return s[u8:] },
		func() any { return s[:u64] }, func() any { return s[u64:] }, func() any { return s[i8:] }, func() any { return s[:i8] },
		func() any { return s[one:two:m1] }, func() any { return s[one:two:nine] }, func() any { return s[one:m1:two] }, func() any { return s[m2:one:two] },
		func() any { return s[two:one:four] }, func() any { return s[one:four:two] }, func() any { return s[:two:four] }, func() any { return s[:u64:four] },
		func() any { return a[m1:] }, func() any { return a[:four] }, func() any { return a[four:] }, func() any { return a[two:one] }, func() any { return a[one:two:nine] },
		func() any { return p[m1:] }, func() any { return p[:four] }, func() any { return p[one:] }, func() any { return np[one:] }, func() any { return np[:] == nil },
		func() any { return st[m1:] }, func() any { return st[nine:] }, func() any { return st[:nine] }, func() any { return st[two:one] }, func() any { return st[u8:] }, func() any { return st[:u64] },
		func() any { return f(2)[one:nine] }, func() any { return f(2)[four:] }, func() any { return g()[four:] }, func() any { return g()[one:] }, func() any { return str()[nine:] }, func() any { return str()[1:2] },
		func() any { return ns[one:] }, func() any { return ns[:one] }, func() any { return ns[:] }, func() any { return ns[0:0] },
		func() any { return s[f(3)[0]+nine] }, func() any { return f(3)[nine] }, func() any { return f(3)[m1] }, func() any { return f(3)[u8] }, func() any { return f(3)[u64] }, func() any { return f(3)[1] },
		func() any { return g()[four] }, func() any { return g()[m1] }, func() any { return h()[four] }, func() any { return h()[one] }, func() any { return h()[u64] }, func() any { return str()[nine] }, func() any { return str()[one] },
		func() any { return a[four] }, func() any { return p[four] }, func() any { return np[one] }, func() any { return np[nine] }, func() any { return a[u8] }, func() any { return st[nine] }, func() any { return "abc"[nine] }, func() any { return []int{1, 2}[nine] }, func() any { return [2]int{1, 2}[nine] },
		func() any { return []byte("abc")[nine] }, func() any { return K(s)[nine] }, func() any { return K(s)[:nine] }, func() any { return [][]int{{1}}[0][nine] }, func() any { return map[int][]int{}[3][one] },
		func() any { f(3)[nine] = 1; return 1 }, func() any { g()[nine]++; return 1 }, func() any { f(3)[1]++; return 1 }, func() any { x := f(3); x[1] += 5; f(3)[2], x[0] = 3, 4; return x }, func() any { g()[1] = 5; return 1 },
		func() any { s[nine], s[0] = 1, 2; return 1 }, func() any { a[nine] += 2; return 1 }, func() any { return append(s[:nine], 1) }, func() any { return copy(s[four:], s) }, func() any { return len(s[nine:]) },
		func() any { return s[0:4:4] }, func() any { x := s[1:]; x[0] = 7; return s }, func() any { x := a[1:]; x[0] = 7; return a }, func() any { x := p[:2]; x[1] = 17; return a },
		func() any { return [3]int(s[:two]) }, func() any { return (*[3]int)(s[:two]) }, func() any { return make([]int, m1) }, func() any { return make([]int, two, one) }, func() any { return one / zero }, func() any { return one % zero }, func() any { return one << m1 },
	}
	for i, t := range tests {
		func() {
			defer func() {
				if r := recover(); r != nil {
					fmt.Println(i, r)
				}
			}()
			fmt.Println(i, t())
		}()
	}
}
