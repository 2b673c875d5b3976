package cuda

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/plain"
)

// sampling is rows of logits with settings of their own.
type sampling struct {
	vocabulary                 int
	logits                     []float32
	temperature, topP, uniform []float32
	topK                       []int32
}

func (c *sampling) row(i int) []float32 { return c.logits[i*c.vocabulary : (i+1)*c.vocabulary] }

// newSampling draws logits in the shapes that models make: spread, peaked, with
// many equal ones, with ones that are excluded (−∞).
func newSampling(r *rand.Rand, rows, vocabulary int) *sampling {
	c := &sampling{vocabulary: vocabulary, logits: make([]float32, rows*vocabulary)}
	for i := range rows {
		for k := range c.row(i) {
			v := float32(r.NormFloat64() * []float64{1, 3, 10, 0.01}[i%4])
			switch {
			case i%5 == 3:
				v = float32(math.Round(float64(v))) // many ties
			case i%7 == 6 && k%3 == 0:
				v = float32(math.Inf(-1))
			}
			c.row(i)[k] = v
		}
		c.temperature = append(c.temperature, []float32{1, 0.7, 0, 2, 0.05}[r.IntN(5)])
		c.topP = append(c.topP, []float32{1, 0.9, 0.5, 1e-6}[r.IntN(4)])
		c.topK = append(c.topK, []int32{0, 1, 40, int32(vocabulary), 7}[r.IntN(5)])
		c.uniform = append(c.uniform, []float32{r.Float32(), 0, math.Nextafter32(1, 0)}[min(r.IntN(6), 2)])
	}
	return c
}

// accepted are the tokens that the twin may draw: those of uniform numbers a
// rounding apart.
func (c *sampling) accepted(i int) map[int32]bool {
	ids := map[int32]bool{}
	for _, shift := range []float64{0, -2e-6, 2e-6} {
		u := float32(min(max(float64(c.uniform[i])+shift, 0), 1))
		for _, p := range []float32{c.topP[i], c.topP[i] * (1 - 2e-6), min(1, c.topP[i]*(1+2e-6))} {
			if c.topP[i] == 1 {
				p = 1
			}
			ids[int32(plain.Draw(c.row(i), c.temperature[i], p, int(c.topK[i]), u))] = true
		}
	}
	return ids
}

func (c *sampling) draw(t *testing.T, d *Device) []int32 {
	t.Helper()
	rows := len(c.uniform)
	s := newScene(1, kernels.BF16)
	ids := make([]int32, rows)
	o := &kernels.Sample{Rows: s.ints(int32(rows)), Logits: s.f32(c.logits, rows, c.vocabulary), Temperature: s.f32(c.temperature, rows),
		TopP: s.f32(c.topP, rows), TopK: s.ints(c.topK...), Uniform: s.f32(c.uniform, rows), IDs: s.ints(ids...)}
	s.program.Add(o)
	return readInts(t, d, s, o.IDs)
}

// readInts runs a scene once and reads one tensor.
func readInts(t *testing.T, d *Device, s *scene, x *kernels.Tensor) []int32 {
	t.Helper()
	if err := d.Alloc(s.tensors...); err != nil {
		t.Fatal(err)
	}
	defer d.Free(s.tensors...)
	for _, x := range s.tensors {
		if err := d.Write(x, 0, s.data[x]); err != nil {
			t.Fatal(err)
		}
	}
	e, err := d.Compile(&s.program)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, x.Bytes())
	if err := d.Read(x, 0, b); err != nil {
		t.Fatal(err)
	}
	out := make([]int32, x.Len())
	for i := range out {
		out[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return out
}

func TestSample(t *testing.T) {
	d := open(t, Options{})
	for _, vocabulary := range []int{1, 5, 1000, 50257} {
		t.Run(fmt.Sprint(vocabulary), func(t *testing.T) {
			c := newSampling(rand.New(rand.NewPCG(uint64(vocabulary), 1)), 40, vocabulary)
			for i, id := range c.draw(t, d) {
				if c.temperature[i] <= 0 {
					continue
				}
				if want := c.accepted(i); !want[id] {
					t.Errorf("row %d, temperature %g, top p %g, top k %d, uniform %g: token %d, want one of %v",
						i, c.temperature[i], c.topP[i], c.topK[i], c.uniform[i], id, want)
				}
			}
		})
	}
}

// TestArgmax: the first of equal logits, and the lead over the next; sampling
// at temperature 0 is the same.
func TestArgmax(t *testing.T) {
	d := open(t, Options{})
	for _, n := range []int{1, 3, 1025, 50257} {
		const rows, used = 9, 8
		r := rand.New(rand.NewPCG(uint64(n), 5))
		x := make([]float32, rows*n)
		for i := range x {
			x[i] = float32(r.NormFloat64())
			if i/n%2 == 1 {
				x[i] = float32(math.Round(float64(x[i])))
			}
		}
		build := func(s *scene) {
			o := &kernels.Argmax{Rows: s.ints(used), Logits: s.f32(x, rows, n), IDs: s.ints(make([]int32, rows)...), Margin: s.f32(make([]float32, rows), rows, 1)}
			s.program.Add(o)
			s.results = append(s.results, result{o.Margin, used, 0})
		}
		if n > 1 { // one logit has no next
			twins(t, d, 1, build)
		}
		s := newScene(1, kernels.BF16)
		build(s)
		ids := readInts(t, d, s, s.program.Ops[0].(*kernels.Argmax).IDs)
		c := &sampling{vocabulary: n, logits: x, temperature: make([]float32, rows), topP: make([]float32, rows), uniform: make([]float32, rows), topK: make([]int32, rows)}
		greedy := c.draw(t, d)
		for i := range used {
			want := 0
			for k, v := range c.row(i) {
				if v > c.row(i)[want] {
					want = k
				}
			}
			if int(ids[i]) != want || int(greedy[i]) != want {
				t.Errorf("%d logits, row %d: argmax %d, sample %d, want %d", n, i, ids[i], greedy[i], want)
			}
		}
	}
}
