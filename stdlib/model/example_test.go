package model

import (
	"slices"
	"testing"
)

func TestUntilEnd(t *testing.T) {
	for _, c := range []struct{ ids, want []int32 }{
		{[]int32{5, 6, 2, 9}, []int32{5, 6, 2}}, {[]int32{5, 2, 6, 3}, []int32{5, 2, 6, 3}},
		{[]int32{5, 6}, []int32{5, 6}}, {[]int32{2}, []int32{2}}, {nil, nil},
	} {
		if got := untilEnd(c.ids, []int{2, 3}); !slices.Equal(got, c.want) {
			t.Errorf("%v gives %v, want %v", c.ids, got, c.want)
		}
	}
}
