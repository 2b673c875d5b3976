package cuda

import (
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// layerProgram is norm → q, k, v → backward, with kept or recomputed input.
func layerProgram(t *testing.T, drop func(l *kernels.Linear, y *kernels.Tensor) []*kernels.Tensor) (*kernels.Program, *kernels.Linear, *kernels.AddNorm) {
	t.Helper()
	const rows, in = 256, 64
	half := func(name string, cols int) *kernels.Tensor {
		return kernels.NewActivation(name, kernels.BF16, rows, cols)
	}
	n := kernels.NewTensor("rows", kernels.I32, 1)
	x := kernels.NewTensor("x", kernels.BF16, rows, in)
	norm := &kernels.AddNorm{Rows: n, X: x, W: kernels.NewTensor("w", kernels.F32, in), Y: half("y", in),
		RStd: kernels.NewActivation("rstd", kernels.F32, rows)}
	l := &kernels.Linear{Rows: n, X: norm.Y}
	trainable, seeds := map[*kernels.Tensor]*kernels.Tensor{}, map[*kernels.Tensor]*kernels.Tensor{}
	for _, rank := range []int{8, 0, 16} {
		p := kernels.Projection{W: &kernels.Matrix{Out: 128, In: in, NF4: &kernels.NF4{Codes: kernels.NewTensor("codes", kernels.U8, 64*in)}}, Y: half("out", 128)}
		if rank > 0 {
			p.LoRA = &kernels.LoRA{A: kernels.NewTensor("a", kernels.F32, rank, in), B: kernels.NewTensor("b", kernels.F32, 128, rank)}
			p.U = half("u", rank)
			for _, m := range []*kernels.Tensor{p.LoRA.A, p.LoRA.B} {
				trainable[m] = kernels.NewTensor("grad", kernels.F32, m.Shape...)
			}
		}
		seeds[p.Y] = half("dy", 128)
		l.Projs = append(l.Projs, p)
	}
	p := &kernels.Program{Name: "layer"}
	p.Add(norm, l)
	if err := kernels.Differentiate(p, trainable, seeds); err != nil {
		t.Fatal(err)
	}
	if drop != nil {
		gone := map[*kernels.Tensor]bool{}
		for _, x := range drop(l, norm.Y) {
			gone[x] = true
		}
		var err error
		if p, err = kernels.Recompute(p, 2, gone); err != nil {
			t.Fatal(err)
		}
	}
	return p, l, norm
}

func TestJoinedColumns(t *testing.T) {
	p, l, norm := layerProgram(t, nil)
	j := joined(p)
	x, first, last := j[norm.Y], j[l.Projs[0].U], j[l.Projs[2].U]
	if x.whole == nil || x.column != 0 || x.whole.Cols() != 64+24 {
		t.Errorf("the input is %+v", x)
	}
	if first.whole != last.whole || first.whole == x.whole || first.column != 0 || last.column != 8 || first.whole.Cols() != 24 {
		t.Errorf("%+v and %+v of %v", first, last, first.whole)
	}
	places := plan(p, j, nil)
	for _, whole := range []*kernels.Tensor{x.whole, first.whole} {
		if _, ok := places.Offsets[whole]; !ok {
			t.Error("the whole has no place")
		}
	}
	for _, part := range []*kernels.Tensor{norm.Y, l.Projs[0].U} {
		if _, ok := places.Offsets[part]; ok {
			t.Error("a part has a place of its own")
		}
	}
	room := beside(p)
	for i, want := range []int{8, 0, 24} {
		if got, ok := room[l.Projs[i].W.NF4.Codes]; !ok || got != want {
			t.Errorf("%d columns beside weight %d, want %d", got, i, want)
		}
	}
}

// TestWhoRides: whether an input is kept or computed again, whatever is computed
// with it again, every product with its weights is the same one.
func TestWhoRides(t *testing.T) {
	inputOnly := func(_ *kernels.Linear, y *kernels.Tensor) []*kernels.Tensor { return []*kernels.Tensor{y} }
	outputs := func(l *kernels.Linear, _ *kernels.Tensor) []*kernels.Tensor { return l.Writes() }
	everything := func(l *kernels.Linear, y *kernels.Tensor) []*kernels.Tensor { return append(l.Writes(), y) }
	for _, c := range []struct {
		name   string
		drop   func(*kernels.Linear, *kernels.Tensor) []*kernels.Tensor
		change func(*kernels.Linear)
		rides  int // inputs
	}{
		{"kept", nil, nil, 1},
		{"input computed again", inputOnly, nil, 1},
		{"outputs computed again", outputs, nil, 1},
		{"all computed again", everything, nil, 2},
		{"dropout", nil, func(l *kernels.Linear) { l.Drop = &kernels.Dropout{} }, 0},
		{"rank not a multiple of 8", nil, func(l *kernels.Linear) { l.Projs[0].LoRA.A.Shape[0] = 4 }, 0},
		{"weight in 16 bits", nil, func(l *kernels.Linear) { l.Projs[1].W.NF4 = nil }, 0},
		{"no adapters", nil, func(l *kernels.Linear) { l.Projs[0].LoRA, l.Projs[2].LoRA = nil, nil }, 0},
		{"few rows", nil, func(l *kernels.Linear) { l.X.Shape[0] = 64 }, 0},
	} {
		p, l, _ := layerProgram(t, c.drop)
		if c.change != nil {
			c.change(l)
		}
		rides := riding(p)
		if len(rides) != c.rides {
			t.Errorf("%s: %d ride, want %d", c.name, len(rides), c.rides)
		}
		for _, op := range p.Ops {
			if again, ok := op.(*kernels.Linear); ok && c.rides > 0 && rides[again.X] == nil {
				t.Errorf("%s: a product of the same weights does not ride", c.name)
			}
		}
	}
	p, _, norm := layerProgram(t, nil)
	p.Add(&kernels.SwiGLU{Rows: norm.Rows, G: norm.Y, U: norm.Y, H: norm.X})
	if len(riding(p)) != 0 {
		t.Error("an input that something else reads rides")
	}
}

// TestSegments: steps under one condition are one graph; a condition looks at
// what the host wrote last.
func TestSegments(t *testing.T) {
	count := kernels.NewTensor("count", kernels.I32, 1)
	work := []func(s *driver.Stream) error{func(*driver.Stream) error { return nil }}
	steps := []*step{{kind: "a", work: work}, {kind: "empty"}, {kind: "b", work: work}, {kind: "c", count: count, least: 8, work: work},
		{kind: "d", count: count, least: 16, work: work}, {kind: "e", work: work}}
	all := segments(steps)
	var sizes []int
	for _, s := range all {
		sizes = append(sizes, len(s.steps))
	}
	if len(all) != 4 || sizes[0] != 2 {
		t.Fatalf("segments of %v steps", sizes)
	}
	for written, want := range map[int]int{0: 2, 8: 2, 9: 3, 17: 4} {
		m := &memory{counts: map[*kernels.Tensor]int{count: written}}
		due := 0
		for _, s := range all {
			if s.due(m) {
				due++
			}
		}
		if due != want {
			t.Errorf("count %d: %d segments run, want %d", written, due, want)
		}
	}
}
