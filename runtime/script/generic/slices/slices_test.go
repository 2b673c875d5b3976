package slices

import (
	"cmp"
	"math"
	"math/rand"
	"reflect"
	std "slices"
	"testing"
)

type row struct{ key, id int }

func rows(r *rand.Rand, n int) []row {
	out := make([]row, n)
	for i := range out {
		out[i] = row{r.Intn(n/3 + 1), i}
	}
	return out
}

// TestSort: the same elements in the same places, equal ones included.
func TestSort(t *testing.T) {
	r := rand.New(rand.NewSource(1))
	byKey := func(a, b row) int { return cmp.Compare(a.key, b.key) }
	for n := range 300 {
		mine, theirs := rows(r, n), []row(nil)
		theirs = append(theirs, mine...)
		SortFunc(mine, byKey)
		std.SortFunc(theirs, byKey)
		if !std.Equal(mine, theirs) {
			t.Fatalf("SortFunc of %d: %v, want %v", n, mine, theirs)
		}
		r.Shuffle(n, func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		copy(theirs, mine)
		SortStableFunc(mine, byKey)
		std.SortStableFunc(theirs, byKey)
		if !std.Equal(mine, theirs) {
			t.Fatalf("SortStableFunc of %d: %v, want %v", n, mine, theirs)
		}
	}
	mine := []float64{2, math.NaN(), -1, math.Inf(1), math.Copysign(0, -1), 0, math.NaN()}
	theirs := std.Clone(mine)
	Sort(mine)
	std.Sort(theirs)
	for i := range mine {
		if math.Float64bits(mine[i]) != math.Float64bits(theirs[i]) {
			t.Fatalf("Sort: %v, want %v", mine, theirs)
		}
	}
}

// TestSame calls this package and the standard one with the same arguments.
func TestSame(t *testing.T) {
	r := rand.New(rand.NewSource(2))
	even := func(v int) bool { return v%2 == 0 }
	eq := func(a, b int) bool { return a/2 == b/2 }
	for range 2000 {
		s := make([]int, r.Intn(8), 10)
		for i := range s {
			s[i] = r.Intn(4)
		}
		i := r.Intn(len(s) + 1)
		j := i + r.Intn(len(s)+1-i)
		v := r.Intn(4)
		type step struct {
			name         string
			mine, theirs func(s []int) any
		}
		for _, c := range []step{
			{"Index", func(s []int) any { return Index(s, v) }, func(s []int) any { return std.Index(s, v) }},
			{"ContainsFunc", func(s []int) any { return ContainsFunc(s, even) }, func(s []int) any { return std.ContainsFunc(s, even) }},
			{"Insert", func(s []int) any { return Insert(s, i, v, v+1) }, func(s []int) any { return std.Insert(s, i, v, v+1) }},
			{"Delete", func(s []int) any { return Delete(s, i, j) }, func(s []int) any { return std.Delete(s, i, j) }},
			{"DeleteFunc", func(s []int) any { return DeleteFunc(s, even) }, func(s []int) any { return std.DeleteFunc(s, even) }},
			{"Replace", func(s []int) any { return Replace(s, i, j, v, v, v) }, func(s []int) any { return std.Replace(s, i, j, v, v, v) }},
			{"Compact", func(s []int) any { return Compact(s) }, func(s []int) any { return std.Compact(s) }},
			{"CompactFunc", func(s []int) any { return CompactFunc(s, eq) }, func(s []int) any { return std.CompactFunc(s, eq) }},
			{"Reverse", func(s []int) any { Reverse(s); return s }, func(s []int) any { std.Reverse(s); return s }},
			{"Clone", func(s []int) any { return Clone(s) }, func(s []int) any { return std.Clone(s) }},
			{"Concat", func(s []int) any { return Concat(s, s[:i], s) }, func(s []int) any { return std.Concat(s, s[:i], s) }},
			{"Repeat", func(s []int) any { return Repeat(s, 3) }, func(s []int) any { return std.Repeat(s, 3) }},
			{"Compare", func(s []int) any { return Compare(s, s[i:]) }, func(s []int) any { return std.Compare(s, s[i:]) }},
			{"Equal", func(s []int) any { return Equal(s, s[:i]) }, func(s []int) any { return std.Equal(s, s[:i]) }},
			{"IsSorted", func(s []int) any { return IsSorted(s) }, func(s []int) any { return std.IsSorted(s) }},
			{"Chunk", func(s []int) any { return Collect(Chunk(s, 2)) }, func(s []int) any { return std.Collect(std.Chunk(s, 2)) }},
			{"Sorted", func(s []int) any { return Sorted(Values(s)) }, func(s []int) any { return std.Sorted(std.Values(s)) }},
			{"Backward", func(s []int) any { return pairs(Backward(s)) }, func(s []int) any { return pairs(std.Backward(s)) }},
			{"BinarySearch", func(s []int) any { Sort(s); i, ok := BinarySearch(s, v); return []any{i, ok} },
				func(s []int) any { std.Sort(s); i, ok := std.BinarySearch(s, v); return []any{i, ok} }},
		} {
			a, b := append(make([]int, 0, 10), s...), append(make([]int, 0, 10), s...)
			mine, theirs := c.mine(a), c.theirs(b)
			if !reflect.DeepEqual(mine, theirs) {
				t.Fatalf("%s of %v (%d, %d, %d): %v, want %v", c.name, s, i, j, v, mine, theirs)
			}
			if !std.Equal(a[:len(s)], b[:len(s)]) {
				t.Fatalf("%s left %v, want %v", c.name, a, b)
			}
		}
	}
}

func pairs(seq func(func(int, int) bool)) (out [][2]int) {
	seq(func(i, v int) bool {
		out = append(out, [2]int{i, v})
		return true
	})
	return out
}

func TestMinMaxGrow(t *testing.T) {
	s := []float64{3, math.NaN(), 1}
	if a, b := Min(s), std.Min(s); math.IsNaN(a) != math.IsNaN(b) {
		t.Errorf("Min: %v, want %v", a, b)
	}
	if a, b := MaxFunc([]row{{1, 1}, {2, 2}, {2, 3}}, func(a, b row) int { return a.key - b.key }), (row{2, 2}); a != b {
		t.Errorf("MaxFunc: %v, want the first of equals %v", a, b)
	}
	if g := Grow([]int{1}, 100); cap(g) < 101 || len(g) != 1 {
		t.Errorf("Grow: len %d, cap %d", len(g), cap(g))
	}
	if Clip(make([]int, 2, 9)) == nil || cap(Clip(make([]int, 2, 9))) != 2 {
		t.Error("Clip keeps capacity")
	}
}
