package kernels

import (
	"slices"
	"testing"
)

// TestRemake: a norm's result and a SwiGLU's that are not kept are written by their
// backwards, and adapters learn behind them; where the projections run again
// themselves, where nothing has an adapter or where the first input needs no
// gradient, all stays as it was.
func TestRemake(t *testing.T) {
	type parts struct {
		program  *Program
		boundary int
		norm     *AddNorm
		gateUp   *Linear
		swiglu   *SwiGLU
		down     *Linear
	}
	build := func(rank int, deep bool) parts {
		rows, trainable := NewTensor("rows", I32, 1), map[*Tensor]*Tensor{}
		act := func(name string, cols int) *Tensor { return NewActivation(name, F32, 4, cols) }
		lora := func(in, out int) (*LoRA, *Tensor) {
			if rank == 0 {
				return nil, nil
			}
			l := &LoRA{A: NewTensor("a", F32, rank, in), B: NewTensor("b", F32, out, rank)}
			trainable[l.A], trainable[l.B] = NewTensor("da", F32, rank, in), NewTensor("db", F32, out, rank)
			return l, act("u", rank)
		}
		linear := func(x *Tensor, outs ...int) *Linear {
			l := &Linear{Rows: rows, X: x}
			for _, n := range outs {
				p := Projection{W: &Matrix{Out: n, In: x.Cols()}, Y: act("y", n)}
				p.LoRA, p.U = lora(x.Cols(), n)
				l.Projs = append(l.Projs, p)
			}
			return l
		}
		p := &Program{}
		x := act("x", 8)
		if deep { // something before the norm learns
			first := linear(x, 8)
			p.Add(first)
			x = first.Projs[0].Y
		}
		m := parts{program: p, norm: &AddNorm{Rows: rows, X: x, W: NewTensor("w", F32, 8), Y: act("n", 8), RStd: NewActivation("r", F32, 4)}}
		m.gateUp = linear(m.norm.Y, 16, 16)
		m.swiglu = &SwiGLU{Rows: rows, G: m.gateUp.Projs[0].Y, U: m.gateUp.Projs[1].Y, H: act("h", 16)}
		m.down = linear(m.swiglu.H, 8)
		p.Add(m.norm, m.gateUp, m.swiglu, m.down)
		m.boundary = len(p.Ops)
		y := m.down.Projs[0].Y
		if err := Differentiate(p, trainable, map[*Tensor]*Tensor{y: act("dy", 8)}); err != nil {
			t.Fatal(err)
		}
		return m
	}
	kinds := func(p *Program, boundary int) (all []string) {
		for _, op := range p.Ops[boundary:] {
			name := op.Kind()
			if _, ok := op.(*AdapterBackward); ok {
				name = "adapter"
			}
			all = append(all, name)
		}
		return all
	}
	for _, c := range []struct {
		name string
		rank int
		deep bool
		drop func(parts) []*Tensor
		want []string
	}{
		{"both", 4, true, func(m parts) []*Tensor { return []*Tensor{m.norm.Y, m.swiglu.H} },
			[]string{"linear.backward", "swiglu.backward", "adapter", "linear.backward", "addnorm.backward", "adapter", "linear.backward"}},
		{"kept", 4, true, func(parts) []*Tensor { return nil },
			[]string{"linear.backward", "swiglu.backward", "linear.backward", "addnorm.backward", "linear.backward"}},
		{"gate and up run again", 4, true, func(m parts) []*Tensor { return append(m.gateUp.Writes(), m.norm.Y, m.swiglu.H) },
			[]string{"linear.backward", "swiglu.backward", "adapter", "linear.backward", "addnorm.backward", "linear.backward"}},
		{"the first input", 4, false, func(m parts) []*Tensor { return []*Tensor{m.norm.Y} },
			[]string{"linear.backward", "swiglu.backward", "linear.backward"}},
	} {
		m := build(c.rank, c.deep)
		drop := map[*Tensor]bool{}
		for _, x := range c.drop(m) {
			drop[x] = true
		}
		before := slices.Clone(m.program.Ops)
		p := Remake(m.program, m.boundary, drop)
		if got := kinds(p, m.boundary); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if !slices.Equal(before, m.program.Ops) {
			t.Errorf("%s: the program itself was changed", c.name)
		}
		for _, op := range p.Ops[m.boundary:] {
			if b, ok := op.(*LinearBackward); ok && b.G != nil && slices.Contains(b.Reads(), b.Forward.X) {
				t.Errorf("%s: %s reads its input although adapters come later", c.name, b.Kind())
			}
		}
		for _, op := range p.Ops[m.boundary:] {
			if a, ok := op.(*AdapterBackward); ok && drop[a.Forward.X] {
				t.Errorf("%s: an adapter reads what is not kept", c.name)
			}
		}
	}
}
