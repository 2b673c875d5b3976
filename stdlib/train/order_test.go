package train

import (
	"slices"
	"testing"

	"cogumi/stdlib/llm"
)

// TestEveryRowOncePerEpoch also asks for another order in every epoch and for
// the same batches when asked again, as a resumed run does.
func TestEveryRowOncePerEpoch(t *testing.T) {
	d := &rows{}
	for i := range 37 {
		d.train = append(d.train, llm.Example{Row: i})
	}
	c := Config{Batch: 16, Epochs: 3, Seed: 5}
	if got := d.steps(c); got != 9 {
		t.Fatalf("%d steps, want 9", got)
	}
	var epochs [][]int
	for e := range 3 {
		var seen []int
		for s := range 3 {
			for _, x := range d.batch(c, e*3+s+1) {
				seen = append(seen, x.Row)
			}
		}
		epochs = append(epochs, seen)
		sorted := slices.Sorted(slices.Values(seen))
		for i, row := range sorted {
			if i != row {
				t.Fatalf("epoch %d: rows %v", e, sorted)
			}
		}
	}
	if slices.Equal(epochs[0], epochs[1]) || slices.Equal(epochs[1], epochs[2]) {
		t.Error("two epochs have the same order")
	}
	if a, b := d.batch(c, 5), d.batch(c, 5); a[0].Row != b[0].Row || len(a) != 16 || len(d.batch(c, 6)) != 5 {
		t.Error("a batch is not decided by its step alone")
	}
}
