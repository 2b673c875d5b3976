package cuda

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/nf4"
	"cogumi/kernels/plain"
)

// update is clearing, norm and AdamW over parameters of several shapes.
type update struct {
	scene *scene
	op    *kernels.AdamW
}

func newUpdate(step int32, maxNorm float32, shapes [][]int) *update {
	s := newScene(7, kernels.BF16)
	o := &kernels.AdamW{Norm: s.f32([]float32{0}, 1), MaxNorm: maxNorm, LR: s.f32([]float32{1e-2}, 1), Step: s.ints(step),
		Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.01}
	cleared := s.f32(s.normal(1001, 1), 1001)
	norm := &kernels.GradNorm{Norm: o.Norm}
	values := func(shape []int, scale float64) *kernels.Tensor {
		return s.f32(s.normal(kernels.NewTensor("", kernels.F32, shape...).Len(), scale), shape...)
	}
	for i, shape := range shapes {
		p, g := values(shape, 1), values(shape, 0.1)
		n := p.Len()
		if i%2 == 0 {
			o.Slots = append(o.Slots, kernels.AdamSlot{P: p, G: g, M: values(shape, 0.1), V: s.f32(squares(s.normal(n, 0.1)), shape...)})
		} else {
			m8, mTop := nf4.Quantize8(s.normal(n, 0.1), nf4.SignedMap())
			v8, vTop := nf4.Quantize8(squares(s.normal(n, 0.1)), nf4.UnsignedMap())
			codes := func(b []byte) *kernels.Tensor { return s.put(kernels.NewTensor("codes", kernels.U8, n), b) }
			o.Slots = append(o.Slots, kernels.AdamSlot{P: p, G: g, Eight: &kernels.Slot8{M: codes(m8), V: codes(v8),
				MAbsmax: s.f32(mTop, len(mTop)), VAbsmax: s.f32(vTop, len(vTop))}})
		}
		norm.Grads = append(norm.Grads, g)
	}
	s.program.Add(&kernels.Zero{Tensors: []*kernels.Tensor{cleared}}, norm, o)
	return &update{s, o}
}

func squares(x []float32) []float32 {
	for i := range x {
		x[i] *= x[i]
	}
	return x
}

// run returns all tensors after some updates.
func (u *update) run(t *testing.T, d kernels.Device, times int) map[*kernels.Tensor][]byte {
	t.Helper()
	if err := d.Alloc(u.scene.tensors...); err != nil {
		t.Fatal(err)
	}
	for _, x := range u.scene.tensors {
		if err := d.Write(x, 0, u.scene.data[x]); err != nil {
			t.Fatal(err)
		}
	}
	e, err := d.Compile(&u.scene.program)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for range times {
		if err := e.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	out := map[*kernels.Tensor][]byte{}
	for _, x := range u.scene.tensors {
		out[x] = make([]byte, x.Bytes())
		if err := d.Read(x, 0, out[x]); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

var updateShapes = [][]int{{1}, {1}, {255}, {300}, {3, 100}, {5, 120}, {4096}, {4097}, {64, 200}, {64, 301}}

// TestAdamW: every tensor as on the plain device, after several updates; codes
// may differ by one where a value lies between two.
func TestAdamW(t *testing.T) {
	d := open(t, Options{})
	for _, maxNorm := range []float32{0, 1} {
		for _, step := range []int32{1, 1000} {
			t.Run(fmt.Sprint(maxNorm, step), func(t *testing.T) {
				u := newUpdate(step, maxNorm, updateShapes)
				got, want := u.run(t, d, 1), u.run(t, plain.New(), 1)
				defer d.Free(u.scene.tensors...)
				for i, x := range u.scene.tensors {
					compareState(t, i, x, got[x], want[x])
				}
				u.compareHalves(t, d, got)
			})
		}
	}
}

func compareState(t *testing.T, i int, x *kernels.Tensor, got, want []byte) {
	t.Helper()
	far, near := 0, 0
	for k := range x.Len() {
		switch x.DType {
		case kernels.U8:
			if diff := int(got[k]) - int(want[k]); diff < -1 || diff > 1 {
				far++
			} else if diff != 0 {
				near++
			}
		case kernels.F32:
			g, w := word(got, k), word(want, k)
			if math.Abs(float64(g-w)) > 1e-5*(1e-2+math.Abs(float64(w))) {
				far++
			}
		}
	}
	if far > 0 || near > 1+x.Len()/500 {
		t.Errorf("tensor %d, %v: of %d values %d are wrong, %d codes are beside", i, x, x.Len(), far, near)
	}
}

func word(b []byte, i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])) }

// compareHalves wants the bf16 copies of matrices to be those of the new values.
func (u *update) compareHalves(t *testing.T, d *Device, got map[*kernels.Tensor][]byte) {
	t.Helper()
	for _, s := range u.op.Slots {
		p, ok := d.memory.halves[s.P]
		if ok != (len(s.P.Shape) == 2) {
			t.Errorf("%v: bf16 copy: %v", s.P, ok)
		}
		if !ok {
			continue
		}
		b := make([]byte, 2*s.P.Len())
		leave, err := d.enter()
		if err == nil {
			err = d.stream.Download(b, p.ptr)
		}
		if err == nil {
			err = d.stream.Synchronize()
		}
		leave()
		if err != nil {
			t.Fatal(err)
		}
		for k := range s.P.Len() {
			want := math.Float32bits(nf4.RoundBF16(word(got[s.P], k))) >> 16
			if h := uint32(binary.LittleEndian.Uint16(b[2*k:])); h != want {
				t.Errorf("%v: bf16 copy %d is %#x, want %#x", s.P, k, h, want)
				break
			}
		}
	}
}

// TestAdamWRepeats: the same bits each time.
func TestAdamWRepeats(t *testing.T) {
	d := open(t, Options{})
	var first map[*kernels.Tensor][]byte
	u := newUpdate(3, 1, updateShapes)
	for range 3 {
		got := u.run(t, d, 4)
		d.Free(u.scene.tensors...)
		for x, b := range first {
			if !bytes.Equal(b, got[x]) {
				t.Errorf("%v differs", x)
			}
		}
		first = got
	}
}

// TestAdamWSkipsNonFinite: a gradient that is not a number leaves everything as
// it was.
func TestAdamWSkipsNonFinite(t *testing.T) {
	d := open(t, Options{})
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), 3e38} {
		u := newUpdate(3, 1, updateShapes)
		g := u.op.Slots[7].G
		binary.LittleEndian.PutUint32(u.scene.data[g][4*77:], math.Float32bits(bad))
		got := u.run(t, d, 2)
		d.Free(u.scene.tensors...)
		for _, s := range u.op.Slots {
			for _, x := range []*kernels.Tensor{s.P, s.M, s.V} {
				if x != nil && !bytes.Equal(got[x], u.scene.data[x]) {
					t.Errorf("%g: %v changed", bad, x)
				}
			}
			if e := s.Eight; e != nil && (!bytes.Equal(got[e.M], u.scene.data[e.M]) || !bytes.Equal(got[e.VAbsmax], u.scene.data[e.VAbsmax])) {
				t.Errorf("%g: the state of %v changed", bad, s.P)
			}
		}
	}
}
