package cuda

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/nf4"
)

// format is one NF4 tensor on the GPU.
type format struct {
	kernels.NF4
	all []*kernels.Tensor
}

func newFormat(n int, nested bool) *format {
	count := (n + nf4.Block - 1) / nf4.Block
	f := &format{}
	add := func(name string, dtype kernels.DType, n int) *kernels.Tensor {
		t := kernels.NewTensor(name, dtype, n)
		f.all = append(f.all, t)
		return t
	}
	f.Codes = add("codes", kernels.U8, (n+1)/2)
	if !nested {
		f.Absmax = add("absmax", kernels.F32, count)
		return f
	}
	f.Absmax, f.AbsmaxMap = add("absmax", kernels.U8, count), add("map", kernels.F32, 256)
	f.NestedAbsmax, f.Offset = add("nested", kernels.F32, (count+255)/256), add("offset", kernels.F32, 1)
	return f
}

func read(t testing.TB, d *Device, x *kernels.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Bytes())
	if err := d.Read(x, 0, b); err != nil {
		t.Fatal(err)
	}
	return b
}

// quantise runs the GPU's quantiser over x, in f32 or bf16.
func quantise(t testing.TB, d *Device, x []float32, dtype kernels.DType, nested bool) *nf4.Quantized {
	t.Helper()
	from, f := kernels.NewTensor("x", dtype, len(x)), newFormat(len(x), nested)
	data := raw(x)
	if dtype == kernels.BF16 {
		data = bf16Bytes(x)
	}
	all := append([]*kernels.Tensor{from}, f.all...)
	if err := d.Alloc(all...); err != nil {
		t.Fatal(err)
	}
	defer d.Free(all...)
	if err := d.Write(from, 0, data); err != nil {
		t.Fatal(err)
	}
	if err := d.QuantizeNF4(&f.NF4, from); err != nil {
		t.Fatal(err)
	}
	q := &nf4.Quantized{N: len(x), Packed: read(t, d, f.Codes)}
	if !nested {
		q.Absmax = floats(read(t, d, f.Absmax))
		return q
	}
	q.Nested = &nf4.Nested{Codes: read(t, d, f.Absmax), Map: floats(read(t, d, f.AbsmaxMap)),
		Absmax: floats(read(t, d, f.NestedAbsmax)), Offset: floats(read(t, d, f.Offset))[0]}
	return q
}

func floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = word(b, i)
	}
	return x
}

// dequantise runs the GPU's dequantiser, rows of cols values stride apart.
func dequantise(t testing.TB, d *Device, q *nf4.Quantized, cols, stride int) []uint16 {
	t.Helper()
	f := newFormat(q.N, q.Nested != nil)
	out := kernels.NewTensor("out", kernels.BF16, q.N/cols*stride)
	all := append([]*kernels.Tensor{out}, f.all...)
	if err := d.Alloc(all...); err != nil {
		t.Fatal(err)
	}
	defer d.Free(all...)
	data := [][]byte{q.Packed, raw(q.Absmax)}
	if q.Nested != nil {
		data = [][]byte{q.Packed, q.Nested.Codes, raw(q.Nested.Map), raw(q.Nested.Absmax), raw([]float32{q.Nested.Offset})}
	}
	args := []any{d.memory.tensors[out].ptr}
	for i, x := range f.all {
		if err := d.Write(x, 0, data[i]); err != nil {
			t.Fatal(err)
		}
		args = append(args, d.memory.tensors[x].ptr)
	}
	name := "nf4_dequantize"
	if q.Nested == nil {
		name += "_flat"
	}
	leave, err := d.enter()
	if err == nil {
		err = d.now(name, 3, append(args, int64(q.N), cols, stride)...)
	}
	leave()
	if err != nil {
		t.Fatal(err)
	}
	b := read(t, d, out)
	x := make([]uint16, len(b)/2)
	for i := range x {
		x[i] = uint16(b[2*i]) | uint16(b[2*i+1])<<8
	}
	return x
}

// TestQuantize: the bits of package nf4, on ordinary and on awkward values.
func TestQuantize(t *testing.T) {
	d := open(t, Options{})
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 63, 64, 65, 130, 500, 2405, 64 * 300, 64*256*2 + 64, 300001} {
		for _, dtype := range []kernels.DType{kernels.BF16, kernels.F32} {
			t.Run(fmt.Sprint(n, dtype), func(t *testing.T) {
				x := make([]float32, n)
				for i := range x {
					x[i] = float32(r.NormFloat64() * 0.02)
					switch i / 64 % 9 {
					case 3:
						x[i] = 0
					case 4:
						x[i] *= 1e-30
					case 5:
						x[i] = float32(math.Copysign(1e30, float64(x[i])))
					}
					if dtype == kernels.BF16 {
						x[i] = nf4.RoundBF16(x[i])
					}
				}
				want, got := nf4.Quantize(x, false), quantise(t, d, x, dtype, false)
				if !bytes.Equal(got.Packed, want.Packed) || !bytes.Equal(raw(got.Absmax), raw(want.Absmax)) {
					t.Error("codes or absmax differ from package nf4")
				}
				compareNested(t, quantise(t, d, x, dtype, true), nf4.Quantize(x, true), want.Absmax)
			})
		}
	}
}

// compareNested wants the second level to be exact for the GPU's own mean.
func compareNested(t *testing.T, got, want *nf4.Quantized, absmax []float32) {
	t.Helper()
	if !bytes.Equal(got.Packed, want.Packed) {
		t.Error("nested: codes differ")
	}
	a, b := got.Nested.Offset, want.Nested.Offset
	if math.Abs(float64(a-b)) > 2.5e-7*math.Abs(float64(b)) {
		t.Errorf("offset %g, want %g", a, b)
	}
	centred := make([]float32, len(absmax))
	for i, v := range absmax {
		centred[i] = v - a
	}
	codes, top := nf4.Quantize8(centred, want.Nested.Map)
	if !bytes.Equal(codes, got.Nested.Codes) || !bytes.Equal(raw(top), raw(got.Nested.Absmax)) {
		t.Error("codes of the second level differ")
	}
}

// TestDequantize: the bits of package nf4, also with rows apart.
func TestDequantize(t *testing.T) {
	d := open(t, Options{})
	r := rand.New(rand.NewPCG(1, 3))
	for _, c := range []struct{ rows, cols, stride int }{{1, 1, 1}, {1, 7, 7}, {37, 65, 65}, {5, 64, 72}, {300, 72, 80}, {64, 1000, 1000}, {700, 64, 64}} {
		for _, nested := range []bool{true, false} {
			t.Run(fmt.Sprint(c, nested), func(t *testing.T) {
				x := make([]float32, c.rows*c.cols)
				for i := range x {
					x[i] = float32(r.NormFloat64())
				}
				q := nf4.Quantize(x, nested)
				got := dequantise(t, d, q, c.cols, c.stride)
				for i, w := range q.Dequantize(true) {
					if g := got[i/c.cols*c.stride+i%c.cols]; uint32(g)<<16 != math.Float32bits(w) {
						t.Fatalf("value %d is %#x, want %#x", i, uint32(g)<<16, math.Float32bits(w))
					}
				}
			})
		}
	}
}
