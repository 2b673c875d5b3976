package ggml

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/golden"
)

// tensors reads a safetensors file; the package that does so lies above this one.
func tensors(t *testing.T, path string) func(name string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(b)
	var header map[string]struct {
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	return func(name string) []byte {
		x, ok := header[name]
		if !ok {
			t.Fatalf("%s has no %s", path, name)
		}
		return b[8+n:][x.Offsets[0]:x.Offsets[1]]
	}
}

// Values are those of libggml, bit for bit.
func TestDequantizeGolden(t *testing.T) {
	part := tensors(t, golden.Dir(t, "golden/gguf/blocks.safetensors"))
	for name, dtype := range map[string]kernels.DType{
		"Q4_0": kernels.Q4_0, "Q4_1": kernels.Q4_1, "Q5_0": kernels.Q5_0, "Q5_1": kernels.Q5_1, "Q8_0": kernels.Q8_0,
		"Q2_K": kernels.Q2_K, "Q3_K": kernels.Q3_K, "Q4_K": kernels.Q4_K, "Q5_K": kernels.Q5_K, "Q6_K": kernels.Q6_K,
		"IQ4_NL": kernels.IQ4_NL, "IQ4_XS": kernels.IQ4_XS,
	} {
		want := part(name + ".dequant")
		got := make([]float32, len(want)/4)
		Dequantize(got, part(name+".bytes"), dtype)
		for i := range got {
			if w := binary.LittleEndian.Uint32(want[4*i:]); math.Float32bits(got[i]) != w {
				t.Errorf("%s[%d] = %g, want %g", name, i, got[i], math.Float32frombits(w))
				break
			}
		}
	}
	want := part("F16.dequant")
	for i := range len(want) / 4 {
		if got := Half(binary.LittleEndian.Uint16(part("F16.bytes")[2*i:])); math.Float32bits(got) != binary.LittleEndian.Uint32(want[4*i:]) {
			t.Fatalf("F16[%d] = %g", i, got)
		}
	}
}

func TestHalf(t *testing.T) {
	for h, want := range map[uint16]float32{0: 0, 0x3c00: 1, 0xc000: -2, 0x7bff: 65504, 1: 5.9604645e-8, 0x03ff: 6.097555e-5, 0x0400: 6.1035156e-5,
		0x7c00: float32(math.Inf(1)), 0xfc00: float32(math.Inf(-1))} {
		if got := Half(h); got != want {
			t.Errorf("Half(%#x) = %g, want %g", h, got, want)
		}
	}
	if got := Half(0x8000); math.Float32bits(got) != 1<<31 {
		t.Errorf("Half(-0) = %g", got)
	}
	if got := Half(0x7e00); got == got {
		t.Errorf("Half(NaN) = %g", got)
	}
}

// A wrong length is a mistake of the caller; it must not read beyond.
func TestDequantizeRefuses(t *testing.T) {
	for _, c := range []struct {
		values, bytes int
		dtype         kernels.DType
	}{{31, 18, kernels.Q4_0}, {32, 17, kernels.Q4_0}, {32, 36, kernels.Q4_0}, {256, 143, kernels.Q4_K}, {32, 128, kernels.F32}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%+v was accepted", c)
				}
			}()
			Dequantize(make([]float32, c.values), make([]byte, c.bytes), c.dtype)
		}()
	}
}
