package nf4

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/golden"
)

// vectors is a safetensors file, read just far enough for a test.
type vectors struct {
	header map[string]struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	data []byte
}

func readVectors(t *testing.T, path string) *vectors {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := int(binary.LittleEndian.Uint64(b))
	v := &vectors{data: b[8+n:]}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+n], &raw); err != nil {
		t.Fatal(err)
	}
	delete(raw, "__metadata__")
	clean, _ := json.Marshal(raw)
	if err := json.Unmarshal(clean, &v.header); err != nil {
		t.Fatal(err)
	}
	return v
}

func (v *vectors) bytes(name string) []byte {
	h, ok := v.header[name]
	if !ok {
		return nil
	}
	return v.data[h.Offsets[0]:h.Offsets[1]]
}

func (v *vectors) floats(t *testing.T, name string) []float32 {
	t.Helper()
	h, ok := v.header[name]
	if !ok {
		t.Fatalf("no vector %s", name)
	}
	b := v.bytes(name)
	var out []float32
	switch h.DType {
	case "F32":
		for i := 0; i < len(b); i += 4 {
			out = append(out, math.Float32frombits(binary.LittleEndian.Uint32(b[i:])))
		}
	case "BF16":
		for i := 0; i < len(b); i += 2 {
			out = append(out, math.Float32frombits(uint32(binary.LittleEndian.Uint16(b[i:]))<<16))
		}
	case "F16":
		for i := 0; i < len(b); i += 2 {
			out = append(out, half(binary.LittleEndian.Uint16(b[i:])))
		}
	default:
		t.Fatalf("%s is %s", name, h.DType)
	}
	return out
}

func half(h uint16) float32 {
	exp, frac := int(h>>10&31), float64(h&1023)
	v := frac / 1024 * math.Exp2(-14)
	if exp > 0 {
		v = (1 + frac/1024) * math.Exp2(float64(exp-15))
	}
	if h>>15 == 1 {
		v = -v
	}
	return float32(v)
}

// TestBitsandbytes compares codes, statistics and dequantised values with what
// bitsandbytes wrote.
func TestBitsandbytes(t *testing.T) {
	v := readVectors(t, filepath.Join(golden.Dir(t, "golden/nf4"), "tensors.safetensors"))
	cases := 0
	for name := range v.header {
		base, ok := strings.CutSuffix(name, ".packed")
		if !ok {
			continue
		}
		cases++
		t.Run(base, func(t *testing.T) { compareCase(t, v, base) })
	}
	if cases < 10 {
		t.Errorf("only %d cases", cases)
	}
}

func compareCase(t *testing.T, v *vectors, base string) {
	input := v.floats(t, base+".input")
	dtype := v.header[base+".dequant"].DType
	q := Quantize(input, false)
	if err := q.Check(); err != nil {
		t.Fatal(err)
	}
	equalBytes(t, "packed", q.Packed, v.bytes(base+".packed"))
	equalFloats(t, "absmax", q.Absmax, v.floats(t, base+".absmax"), 0)
	if dtype != "F16" {
		equalFloats(t, "dequant", q.Dequantize(dtype == "BF16"), v.floats(t, base+".dequant"), 0)
	}
	if v.bytes(base+".dq.absmax") == nil {
		return
	}
	d := Quantize(input, true)
	equalFloats(t, "offset", []float32{d.Nested.Offset}, v.floats(t, base+".dq.offset"), 2.5e-7)
	// A block of zeros has no nearest code: any code times 0 is 0.
	if d.Nested.Absmax[0] > 0 && math.Float32bits(d.Nested.Offset) == math.Float32bits(v.floats(t, base+".dq.offset")[0]) {
		equalBytes(t, "nested codes", d.Nested.Codes, v.bytes(base+".dq.absmax_nearest"))
	}
	theirs := &Quantized{N: len(input), Packed: q.Packed, Nested: &Nested{
		Codes: v.bytes(base + ".dq.absmax"), Map: SignedMap(),
		Absmax: v.floats(t, base+".dq.nested_absmax"), Offset: v.floats(t, base+".dq.offset")[0]}}
	equalFloats(t, "restored absmax", theirs.Scales(), v.floats(t, base+".dq.absmax_restored"), 0)
	if dtype != "F16" {
		equalFloats(t, "dq dequant", theirs.Dequantize(dtype == "BF16"), v.floats(t, base+".dq.dequant"), 0)
	}
}

func TestBlockwise8(t *testing.T) {
	v := readVectors(t, filepath.Join(golden.Dir(t, "golden/nf4"), "tensors.safetensors"))
	for _, base := range []string{"b8_signed", "b8_unsigned", "b8_signed_zeros"} {
		codes := SignedMap()
		if base == "b8_unsigned" {
			codes = UnsignedMap()
		}
		q, absmax := Quantize8(v.floats(t, base+".input"), codes)
		equalFloats(t, base+" absmax", absmax, v.floats(t, base+".absmax"), 0)
		equalBytes(t, base+" codes", q, v.bytes(base+".q_nearest"))
	}
}

func TestConstants(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(golden.Dir(t, "golden/nf4"), "constants.json"))
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		Code       []float32 `json:"nf4_code"`
		Thresholds []float32 `json:"nf4_midpoints_f32"`
		Signed     []float32 `json:"dynamic_signed"`
		Unsigned   []float32 `json:"dynamic_unsigned"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		t.Fatal(err)
	}
	equalFloats(t, "code", Code[:], c.Code, 0)
	equalFloats(t, "thresholds", thresholds[:], c.Thresholds, 0)
	equalFloats(t, "signed map", SignedMap(), c.Signed, 0)
	equalFloats(t, "unsigned map", UnsignedMap(), c.Unsigned, 0)
}

func equalBytes(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d bytes, want %d", what, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s[%d] = %#x, want %#x", what, i, got[i], want[i])
			return
		}
	}
}

func equalFloats(t *testing.T, what string, got, want []float32, relative float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	for i := range got {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if d > relative*math.Abs(float64(want[i])) {
			t.Errorf("%s[%d] = %g, want %g", what, i, got[i], want[i])
			return
		}
	}
}
