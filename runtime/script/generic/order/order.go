// Package order sorts positions: the interpreted slices package sorts through
// it, so that a script's sort makes the same comparisons in the same order, and
// leaves equal elements in the same places, as the compiled one.
package order

import "slices"

// Permutation is the order into which slices.SortFunc would bring n elements;
// cmp compares the elements at two positions of the unsorted slice.
func Permutation(n int, cmp func(i, j int) int) []int {
	p := identity(n)
	slices.SortFunc(p, cmp)
	return p
}

// Stable is Permutation for slices.SortStableFunc.
func Stable(n int, cmp func(i, j int) int) []int {
	p := identity(n)
	slices.SortStableFunc(p, cmp)
	return p
}

func identity(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	return p
}
