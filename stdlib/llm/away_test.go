package llm

import (
	"bytes"
	"context"
	"fmt"
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

// BenchmarkMeasuresOnGPU is what each way to need less memory costs, on the shape
// of Llama-3.1-8B, 2 × 2,048 tokens, rank 64.
func BenchmarkMeasuresOnGPU(b *testing.B) {
	d := gpu(b)
	m, err := NewRandom(d, llama8B(b), 1)
	if err != nil {
		b.Fatal(err)
	}
	defer m.Close()
	examples := randomExamples(2, 2048)
	for i := range examples {
		examples[i].Labels = examples[i].IDs
	}
	const all = 32
	for _, s := range []spare{
		{class: 1, layers: all}, {class: 2, layers: all}, {class: 4, layers: all},
		{class: 1, layers: all, away: all}, {class: 2, layers: all, away: all}, {class: 3, layers: all, away: all}, {class: 4, layers: all, away: all},
		{embed: true, class: 2, layers: all, away: all}, {embed: true, class: 2, layers: all, away: all, state: all / 2},
		{embed: true, class: 2, layers: all, away: all, state: all},
	} {
		b.Run(fmt.Sprintf("%+v", s), func(b *testing.B) {
			a, err := NewAdapter(m, AdapterConfig{Rank: 64, Alpha: 16}, 1)
			if err != nil {
				b.Fatal(err)
			}
			defer a.Close()
			tr, err := shapeTrainer(a, TrainerConfig{Optimizer: AdamW8bit, MaxNorm: 1, Budget: 4096})
			if err != nil {
				b.Fatal(err)
			}
			tr.spare = s
			if err := tr.place(); err != nil {
				b.Fatal(err)
			}
			defer tr.Close()
			for range 2 {
				if _, err := tr.Step(context.Background(), examples, 1e-5); err != nil {
					b.Fatal(err)
				}
			}
			tr.Times()
			b.ResetTimer()
			for b.Loop() {
				if _, err := tr.Step(context.Background(), examples, 1e-5); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*4096/b.Elapsed().Seconds(), "tok/s")
			kinds, _ := d.Usage()
			var held int64
			for k, n := range kinds {
				if k != "in the host's memory" {
					held += n
				}
			}
			b.ReportMetric(float64(held)/(1<<30), "GiB")
		})
	}
}
