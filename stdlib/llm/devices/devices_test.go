package devices

import (
	"errors"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cuda"
)

func TestChoose(t *testing.T) {
	gpus, _, _ := cuda.List()
	for _, c := range []struct {
		wish    string
		refused bool
	}{{"off", false}, {"cpu", false}, {"", false}, {"first", true}, {"-1", true}, {"97", true}, {"0", len(gpus) == 0}} {
		t.Setenv(Env, c.wish)
		got, err := Choose()
		if (err != nil) != c.refused {
			t.Errorf("%q: %v", c.wish, err)
		}
		if c.wish == "97" && !errors.Is(err, kernels.ErrUnsupported) {
			t.Errorf("a GPU that is not there: %v", err)
		}
		if c.wish == "off" && (got.GPU != nil || got.Name() != "cpu" || got.ISA() == "") {
			t.Errorf("off: %+v", got)
		}
		if c.wish == "" && (got.GPU != nil) != (len(gpus) > 0) {
			t.Errorf("without a wish: %+v of %d GPUs", got, len(gpus))
		}
	}
	t.Setenv(Env, "off")
	d, err := Open()
	if err != nil || d.Describe().Compute != kernels.F32 {
		t.Errorf("open: %v", err)
	}
}
