package llm

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
)

// sparing is a trainer that computes again what s says.
func sparing(t *testing.T, a *Adapter, s spare) *Trainer {
	t.Helper()
	tr, err := shapeTrainer(a, TrainerConfig{Optimizer: AdamW, MaxNorm: 1, Budget: 160, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	tr.spare = s
	if err := a.model.device.Alloc(tr.made...); err != nil {
		t.Fatal(err)
	}
	if err := tr.compile(); err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestRecomputedGradients: whatever is computed again or waits in the host's
// memory, loss and gradients are the same bits, and memory falls.
func TestRecomputedGradients(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{NF4: true})
	a, err := NewAdapter(m, AdapterConfig{Rank: 8, Alpha: 16, Dropout: 0.2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	examples := recordedBatches(t)[0].examples()
	run := func(s spare) (loss float64, grads [][]byte, arena int64) {
		tr := sparing(t, a, s)
		defer tr.Close()
		r, err := tr.Gradients(context.Background(), examples)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range tr.grads {
			b := make([]byte, g.Bytes())
			if err := m.device.Read(g, 0, b); err != nil {
				t.Fatal(err)
			}
			grads = append(grads, b)
		}
		return r.Loss, grads, tr.micro.Plan().Arena
	}
	nonzero(t, a)
	loss, want, arena := run(spare{})
	for _, s := range []spare{{layers: 3}, {class: 1}, {class: 1, layers: 8}, {class: 2, layers: 4}, {class: 2, layers: 8}, {class: 3, layers: 8},
		{class: 4, layers: 1}, {class: 4, layers: 8}, {class: 4, layers: 8, away: 8}} {
		l, got, smaller := run(s)
		if l != loss {
			t.Errorf("%+v: loss %v, want %v", s, l, loss)
		}
		for i := range want {
			if !bytes.Equal(got[i], want[i]) {
				t.Errorf("%+v: gradient of %s differs", s, a.trainable()[i])
				break
			}
		}
		if smaller >= arena {
			t.Errorf("%+v: %d bytes of activations, %d before", s, smaller, arena)
		}
		arena = smaller
	}
	for _, s := range []spare{{}, {class: 1, layers: 8}, {class: 2, layers: 5}, {class: 3, layers: 4}} {
		_, _, arena := run(s)
		for _, away := range []int{4, 8} {
			s.away = away
			l, got, smaller := run(s)
			if l != loss || !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%+v: loss %v, want %v, and the gradients", s, l, loss)
			}
			if smaller >= arena {
				t.Errorf("%+v: %d bytes of activations, %d before", s, smaller, arena)
			}
			arena = smaller
		}
	}
}

// nonzero gives B values.
func nonzero(t *testing.T, a *Adapter) {
	for i, p := range a.trainable() {
		if i%2 == 0 {
			continue
		}
		x := make([]float32, p.Len())
		for k := range x {
			x[k] = float32((k*7+i)%13-6) / 100
		}
		if err := a.model.device.Write(p, 0, floatBytes(x)); err != nil {
			t.Fatal(err)
		}
	}
}

// limited is a device with little free memory.
type limited struct {
	kernels.Device
	free int64
}

func (l limited) Describe() kernels.Description {
	d := l.Device.Describe()
	d.Free = l.free
	return d
}

// TestFitSpendsTheMemoryThereIs: as little as possible is computed again.
func TestFitSpendsTheMemoryThereIs(t *testing.T) {
	d := &limited{cpu.New(), 1 << 40}
	m := loadTiny(t, d, "", Options{NF4: true})
	a, err := NewAdapter(m, AdapterConfig{Rank: 8, Alpha: 16}, 1)
	if err != nil {
		t.Fatal(err)
	}
	shape := func(free int64) (*Trainer, int64) {
		d.free = free
		tr, err := shapeTrainer(a, TrainerConfig{Optimizer: AdamW, Budget: 256})
		if err != nil {
			t.Fatal(err)
		}
		tr.fit(0)
		p, err := tr.record()
		if err != nil {
			t.Fatal(err)
		}
		return tr, kernels.NewPlan(p, true).Arena
	}
	all, most := shape(1 << 40)
	least, _ := shape(1)
	if all.spare != (spare{}) || least.spare != (spare{class: classes - 1, layers: 8}) {
		t.Fatalf("with all memory %+v, with none %+v", all.spare, least.spare)
	}
	fixed := bytesOf(all.made) + kernels.NewPlan(shapeScorer(m, 256).record(a), true).Arena
	for _, part := range []int64{9, 7, 5} {
		free := (fixed + most*part/10) * 50 / 49
		tr, arena := shape(free)
		if tr.spare == all.spare || arena > most*part/10+1<<16 {
			t.Errorf("%d tenths: %+v takes %d of %d bytes", part, tr.spare, arena, most*part/10)
		}
	}
}
