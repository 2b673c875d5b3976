// Strings and a map, as scripts that count things have them.
package main

import (
	"fmt"
	"sort"
	"strings"
	"time"
)

func main() {
	text := strings.Repeat("the quick brown fox jumps over the lazy dog and the other dog ", 500)
	begun := time.Now()
	counts := map[string]int{}
	for _, w := range strings.Fields(text) {
		if len(w) > 2 {
			counts[strings.ToUpper(w)]++
		}
	}
	names := make([]string, 0, len(counts))
	for w := range counts {
		names = append(names, w)
	}
	sort.Slice(names, func(i, j int) bool {
		return counts[names[i]] > counts[names[j]] || counts[names[i]] == counts[names[j]] && names[i] < names[j]
	})
	fmt.Println(len(names), time.Since(begun).Nanoseconds())
}
