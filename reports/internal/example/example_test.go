package example

import (
	"testing"

	"cogumi/reports/run"
)

func TestWriteIsAReadableRun(t *testing.T) {
	dir, err := Write(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := run.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	if r.Cut != 0 || len(r.Problems) != 0 {
		t.Errorf("cut %d, problems %v", r.Cut, r.Problems)
	}
	c := r.Comparisons()[0]
	if c.Overall.N != 600 || c.Base.Correct != 436 || c.Tuned.Correct != 511 || len(c.Regressions) != 2 {
		t.Errorf("%d items, %d → %d right, %d regressions", c.Overall.N, c.Base.Correct, c.Tuned.Correct, len(c.Regressions))
	}
	samples, bad, err := r.Samples(r.SampleSets()[0])
	if err != nil || bad != 0 || len(samples) != 600 {
		t.Errorf("%d samples, %d bad, %v", len(samples), bad, err)
	}
}
