package llm

import (
	"bytes"
	"context"
	"testing"
)

// TestAwayOnGPU: whatever a step computes again or has in the host's memory,
// losses, adapters and optimiser state are the same bits after three steps.
func TestAwayOnGPU(t *testing.T) {
	d := gpu(t)
	type result struct {
		losses []float64
		state  []StateTensor
	}
	train := func(s spare) (r result) {
		m := loadTiny(t, d, quantized, Options{})
		defer m.Close()
		a := recordedAdapter(t, m, true, false)
		defer a.Close()
		tr, err := shapeTrainer(a, TrainerConfig{Optimizer: AdamW8bit, MaxNorm: 1, Budget: 256})
		if err != nil {
			t.Fatal(err)
		}
		tr.spare = s
		if err := tr.place(); err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		batches := recordedBatches(t)
		for i := range 3 {
			step, err := tr.Step(context.Background(), batches[i].examples(), 1e-3)
			if err != nil {
				t.Fatal(err)
			}
			r.losses = append(r.losses, step.Loss)
		}
		if _, r.state, err = tr.State(); err != nil {
			t.Fatal(err)
		}
		return r
	}
	want := train(spare{})
	for _, s := range []spare{{class: 2, layers: 4}, {away: 3}, {away: 8}, {class: 2, layers: 8, away: 8}, {class: 4, layers: 8, away: 8},
		{state: 3}, {class: 2, layers: 8, away: 8, state: 8}} {
		got := train(s)
		for i := range want.losses {
			if got.losses[i] != want.losses[i] {
				t.Errorf("%+v: losses %v, want %v", s, got.losses, want.losses)
				break
			}
		}
		for i, x := range want.state {
			if !bytes.Equal(got.state[i].Data, x.Data) {
				t.Errorf("%+v: %s differs", s, x.Name)
				break
			}
		}
	}
}
