package llm

import (
	"bytes"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/kernels/nf4"
	"cogumi/stdlib/llm/safetensors"
)

// TestQuantizedLikeBitsandbytes quantises every projection of tiny: the codes
// are those of the checkpoint that bitsandbytes saved, and the dequantised
// weights differ only where its CPU quantiser took a neighbouring second-level
// code.
func TestQuantizedLikeBitsandbytes(t *testing.T) {
	ours, err := safetensors.Open(golden.Dir(t, "models/tiny/model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := safetensors.Open(golden.Dir(t, quantized))
	if err != nil {
		t.Fatal(err)
	}
	compared, off, codes := 0, 0, 0
	for _, name := range ours.Names() {
		if _, ok := theirs.Tensor(name + ".absmax"); !ok {
			continue
		}
		w, _ := ours.Tensor(name)
		x, err := safetensors.Float32s(w)
		if err != nil {
			t.Fatal(err)
		}
		want, err := readBitsandbytes(theirs, name, w.Shape[0], w.Shape[1])
		if err != nil {
			t.Fatal(err)
		}
		got := nf4.Quantize(x, true)
		if !bytes.Equal(got.Packed, want.Packed) {
			t.Errorf("%s: codes differ", name)
		}
		for i, c := range got.Nested.Codes {
			codes++
			if d := int(c) - int(want.Nested.Codes[i]); d != 0 {
				off++
				if d < -1 || d > 1 {
					t.Errorf("%s: second-level code %d is %d, theirs %d", name, i, c, want.Nested.Codes[i])
				}
			}
		}
		compared++
	}
	if compared != 56 || codes != 92160 || off > 181 {
		t.Errorf("%d projections, %d second-level codes, %d of them off by one (bitsandbytes' CPU quantiser: 181)", compared, codes, off)
	}
}
