package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// fake reads and writes what a test says.
type fake struct{ in, out []*Tensor }

func (f fake) Kind() string      { return "fake" }
func (f fake) Reads() []*Tensor  { return f.in }
func (f fake) Writes() []*Tensor { return f.out }

// over may write its result where any of its inputs lies.
type over struct{ fake }

func (o over) Overwrites() (pairs [][2]*Tensor) {
	for _, in := range o.in {
		pairs = append(pairs, [2]*Tensor{o.out[0], in})
	}
	return pairs
}

// TestPlanKeepsTheLivingApart plans random programs and looks for two tensors
// that are alive at the same time in the same bytes.
func TestPlanKeepsTheLivingApart(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for round := range 200 {
		p := &Program{}
		var all []*Tensor
		for i := range 2 + random.IntN(40) {
			out := NewActivation(fmt.Sprint(i), F32, 1+random.IntN(100), 1+random.IntN(7))
			op := fake{out: []*Tensor{out}}
			for range random.IntN(3) {
				if len(all) > 0 {
					op.in = append(op.in, all[random.IntN(len(all))])
				}
			}
			all = append(all, out)
			if random.IntN(2) == 0 {
				p.Add(over{op})
			} else {
				p.Add(op)
			}
		}
		plan := NewPlan(p, true)
		spans := lifetimes(p, &Plan{})
		for i, a := range spans {
			for _, b := range spans[:i] {
				from, to := plan.Offsets[a.t], plan.Offsets[b.t]
				if follows(p, a, b) || follows(p, b, a) {
					continue
				}
				if a.first <= b.last && b.first <= a.last && from < to+b.t.Bytes() && to < from+a.t.Bytes() {
					t.Fatalf("round %d: %s and %s share bytes", round, a.t, b.t)
				}
			}
			if at := plan.Offsets[a.t]; at%256 != 0 || at+a.t.Bytes() > plan.Arena {
				t.Fatalf("round %d: %s at %d of %d", round, a.t, at, plan.Arena)
			}
		}
		if plan.Arena > plan.Sum {
			t.Fatalf("round %d: the arena of %d bytes is larger than all tensors together, %d", round, plan.Arena, plan.Sum)
		}
	}
}

// follows tells that b may lie where a does because it overwrites it, or is written
// after what overwrites it: a ends before b's operation is over.
func follows(p *Program, a, b *span) bool {
	_, ok := p.Ops[b.first].(over)
	return ok && a.last == b.first && slices.Contains(p.Ops[b.first].Reads(), a.t) && a.t.Bytes() == b.t.Bytes()
}

// TestResultsTakeThePlaceOfInputs: a chain of operations that may overwrite lies
// in one place, whatever is kept has one of its own.
func TestResultsTakeThePlaceOfInputs(t *testing.T) {
	var ts []*Tensor
	for i := range 5 {
		ts = append(ts, NewActivation(fmt.Sprint(i), F32, 1024))
	}
	chain := &Program{}
	chain.Add(fake{nil, ts[:1]})
	for i := 1; i < 5; i++ {
		chain.Add(over{fake{ts[i-1 : i], ts[i : i+1]}})
	}
	if plan := NewPlan(chain, true); plan.Arena != 4096 {
		t.Errorf("a chain takes %d bytes, want one tensor's 4096", plan.Arena)
	}
	if plan := NewPlan(chain, false); plan.Arena != 5*4096 {
		t.Errorf("without reuse %d bytes, want all", plan.Arena)
	}
	chain.Add(fake{ts[2:3], ts[4:5]}) // the third is needed again
	plan := NewPlan(chain, true)
	if plan.Arena != 2*4096 || plan.Offsets[ts[2]] == plan.Offsets[ts[3]] {
		t.Errorf("%d bytes, offsets %v", plan.Arena, plan.Offsets)
	}
}

func TestPlanReusesMemory(t *testing.T) {
	a, b, c := NewActivation("a", F32, 1000), NewActivation("b", F32, 1000), NewActivation("c", F32, 1000)
	p := &Program{}
	p.Add(fake{nil, []*Tensor{a}}, fake{[]*Tensor{a}, []*Tensor{b}}, fake{[]*Tensor{b}, []*Tensor{c}})
	if got := NewPlan(p, true).Arena; got != 2*4096 {
		t.Errorf("arena %d, want room for two", got)
	}
	if got := NewPlan(p, false).Arena; got != 3*4096 {
		t.Errorf("arena without reuse %d, want room for three", got)
	}
}

// TestNoGradientWhereNoneIsNeeded: what no adapter flows into gets none.
func TestNoGradientWhereNoneIsNeeded(t *testing.T) {
	x, y, dy := NewActivation("x", F32, 4, 8), NewActivation("y", F32, 4, 8), NewActivation("dy", F32, 4, 8)
	w := &Matrix{Out: 8, In: 8, Dense: NewTensor("w", F32, 8, 8)}
	lora := &LoRA{A: NewTensor("a", F32, 2, 8), B: NewTensor("b", F32, 8, 2)}
	rows := NewTensor("rows", I32, 1)
	p := &Program{}
	p.Add(&Linear{Rows: rows, X: x, Projs: []Projection{{W: w, Y: y, LoRA: lora, U: NewActivation("u", F32, 4, 2)}}})
	da, db := NewTensor("da", F32, 2, 8), NewTensor("db", F32, 8, 2)
	if err := Differentiate(p, map[*Tensor]*Tensor{lora.A: da, lora.B: db}, map[*Tensor]*Tensor{y: dy}); err != nil {
		t.Fatal(err)
	}
	back := p.Ops[1].(*LinearBackward)
	if back.DX != nil || back.DA[0] != da || back.DB[0] != db || back.DY[0] != dy {
		t.Errorf("backward: %+v", back)
	}
	if err := Differentiate(&Program{Ops: []Op{fake{[]*Tensor{lora.A}, []*Tensor{y}}}}, map[*Tensor]*Tensor{lora.A: da}, map[*Tensor]*Tensor{y: dy}); err == nil {
		t.Error("an operation without backward passed")
	}
}
