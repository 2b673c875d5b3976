package kernels

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// memory plays a program on its plan: every 256 bytes hold the number of what was
// written there last. A value is a number made of what its operation read.
type memory struct {
	plan   *Plan
	spaces [2]map[int64]uint64 // on the device, away
	random *rand.Rand
	open   map[Op]bool // copies that have not happened yet
}

func (m *memory) cells(t *Tensor) (space map[int64]uint64, from, to int64) {
	at := m.plan.Offsets[t]
	space = m.spaces[0]
	if t.Role == Away {
		space = m.spaces[1]
	}
	return space, at / 256, (at + align(t.Bytes())) / 256
}

func (m *memory) write(t *Tensor, v uint64) {
	space, from, to := m.cells(t)
	for i := from; i < to; i++ {
		space[i] = v + uint64(i-from)
	}
}

// read is the value of a tensor; false when its bytes are not of one piece.
func (m *memory) read(t *Tensor) (uint64, bool) {
	space, from, to := m.cells(t)
	for i := from; i < to; i++ {
		if space[i] != space[from]+uint64(i-from) {
			return 0, false
		}
	}
	return space[from], true
}

func (m *memory) copy(op Op) {
	if !m.open[op] {
		return
	}
	delete(m.open, op)
	v, whole := m.read(op.Reads()[0])
	if !whole {
		v = m.random.Uint64()
	}
	m.write(op.Writes()[0], v)
}

// play runs a program and returns what its operations computed, by name. Copies
// happen at random moments between their begin and their Await.
func play(p *Program, seed uint64) (map[string]uint64, error) {
	m := &memory{plan: NewPlan(p, true), spaces: [2]map[int64]uint64{{}, {}}, random: rand.New(rand.NewPCG(seed, 9)), open: map[Op]bool{}}
	out := map[string]uint64{}
	for _, op := range p.Ops {
		for c := range m.open {
			if m.random.IntN(4) == 0 {
				m.copy(c)
			}
		}
		switch o := op.(type) {
		case *Store:
			m.open[op] = true
		case *Fetch:
			m.write(o.Y, m.random.Uint64())
			m.open[op] = true
		case *Await:
			m.copy(o.Of)
		default:
			v := uint64(len(out)) + 1
			for _, t := range op.Reads() {
				x, whole := m.read(t)
				if !whole {
					return nil, fmt.Errorf("%s reads %s in pieces", op.Kind(), t)
				}
				v = v*0x9e3779b97f4a7c15 + x
			}
			for i, t := range op.Writes() {
				m.write(t, (v+uint64(i))<<16)
			}
			out[op.Kind()] = v
		}
	}
	return out, nil
}

// numbered is an operation of a random program. Some may overwrite.
type numbered struct {
	Name    string
	In, Out []*Tensor
}

func (o *numbered) Kind() string      { return o.Name }
func (o *numbered) Reads() []*Tensor  { return slices.Clone(o.In) }
func (o *numbered) Writes() []*Tensor { return slices.Clone(o.Out) }

type overwriting struct{ numbered }

func (o *overwriting) Overwrites() [][2]*Tensor { return [][2]*Tensor{{o.Out[0], o.In[0]}} }

// TestOffloadedProgramsComputeTheSame: random programs with a forward and a
// backward half, of which random tensors wait in the host's memory.
func TestOffloadedProgramsComputeTheSame(t *testing.T) {
	random := rand.New(rand.NewPCG(11, 12))
	stored := 0
	for round := range 300 {
		p := &Program{}
		var all []*Tensor
		add := func(i int, reads []*Tensor) {
			op := numbered{Name: fmt.Sprint("op", i), In: reads}
			if len(reads) > 0 && random.IntN(6) == 0 && i%3 == 0 {
				op.Out = reads[:1] // in place
			} else {
				op.Out = []*Tensor{NewActivation(fmt.Sprint("t", i), F32, 64*(1+random.IntN(3)))}
				all = append(all, op.Out[0])
			}
			if len(reads) > 0 && random.IntN(3) == 0 {
				p.Add(&overwriting{op})
			} else {
				p.Add(&op)
			}
		}
		pick := func() (ts []*Tensor) {
			for range random.IntN(3) {
				if x := all[random.IntN(len(all))]; !slices.Contains(ts, x) {
					ts = append(ts, x)
				}
			}
			return ts
		}
		boundary := 3 + random.IntN(20)
		all = append(all, NewActivation("first", F32, 64))
		p.Add(&numbered{Name: "begin", Out: all[:1:1]})
		for i := 1; i < boundary; i++ {
			add(i, pick())
		}
		forward := len(all)
		for i := range 3 + random.IntN(20) { // reads anything, writes what is its own
			op := &numbered{Name: fmt.Sprint("back", i), In: pick(), Out: []*Tensor{NewActivation(fmt.Sprint("b", i), F32, 64)}}
			all = append(all, op.Out[0])
			p.Add(op)
		}
		away := map[*Tensor]bool{}
		for _, x := range all[:forward] {
			away[x] = random.IntN(2) == 0
		}
		want, err := play(p, 1)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		off := Offload(p, boundary, away)
		stored += len(off.Ops) - len(p.Ops)
		for seed := range uint64(3) {
			got, err := play(off, seed)
			if err != nil {
				t.Fatalf("round %d, offloaded: %v", round, err)
			}
			for k, v := range want {
				if got[k] != v {
					t.Fatalf("round %d: %s computed something else", round, k)
				}
			}
		}
		if len(off.Ops) > len(p.Ops) && NewPlan(off, true).Away == 0 {
			t.Fatalf("round %d: copies without a place", round)
		}
	}
	if stored < 1000 {
		t.Errorf("only %d operations of copies in all rounds", stored)
	}
}

// TestOffloadGivesPlacesFree: a chain of layers whose inputs wait in the host's
// memory takes the room of a few of them.
func TestOffloadGivesPlacesFree(t *testing.T) {
	const layers = 40
	p := &Program{}
	var xs []*Tensor
	away := map[*Tensor]bool{}
	rows := NewTensor("rows", I32, 1)
	w := &Matrix{Out: 64, In: 64, Dense: NewTensor("w", F32, 64, 64)}
	for i := range layers {
		x := NewActivation(fmt.Sprint("x", i), F32, 64, 64)
		if i == 0 {
			p.Add(&numbered{Name: "begin", Out: []*Tensor{x}})
		} else {
			p.Add(&Linear{Rows: rows, X: xs[i-1], Projs: []Projection{{W: w, Y: x}}})
		}
		xs, away[x] = append(xs, x), true
	}
	boundary := len(p.Ops)
	for i := range layers {
		p.Add(&LinearBackward{Forward: &Linear{Rows: rows, X: xs[layers-1-i], Projs: []Projection{{W: w, Y: xs[layers-1-i]}}}, DY: []*Tensor{xs[layers-1-i]}})
	}
	before, off := NewPlan(p, true), Offload(p, boundary, away)
	after := NewPlan(off, true)
	one := xs[0].Bytes()
	if before.Arena != layers*one || after.Arena > 8*one || after.Away != layers*one {
		t.Errorf("%d bytes before, %d after with %d away; a tensor has %d", before.Arena, after.Arena, after.Away, one)
	}
}
