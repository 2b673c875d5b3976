package llm

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
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

// small is a device with memory of its own, of which there is little.
type small struct {
	kernels.Device
	free  int64
	there map[*kernels.Tensor]bool
	moved []*kernels.Tensor
	bus   float64
}

func (d *small) Balance() float64 { return d.bus }

func (d *small) Describe() kernels.Description {
	x := d.Device.Describe()
	x.Free = d.free
	return x
}

func (d *small) Alloc(ts ...*kernels.Tensor) error {
	if bytesOf(ts) > d.free {
		return fmt.Errorf("%d bytes are free", d.free)
	}
	for _, t := range ts {
		d.free -= t.Bytes()
		d.there[t] = true
	}
	return d.Device.Alloc(ts...)
}

func (d *small) Free(ts ...*kernels.Tensor) {
	for _, t := range ts {
		if d.there[t] {
			d.free += t.Bytes()
		}
		delete(d.there, t)
	}
	d.Device.Free(ts...)
}

func (d *small) Evictable(t *kernels.Tensor) bool { return true }

func (d *small) Evict(ts ...*kernels.Tensor) error {
	for _, t := range ts {
		d.free += t.Bytes()
		delete(d.there, t)
		d.moved = append(d.moved, t)
	}
	return nil
}

// TestEmbeddingMovesWhereThereIsNoRoom: while a model is loaded, and before it is
// measured.
func TestEmbeddingMovesWhereThereIsNoRoom(t *testing.T) {
	c := llama8B(t)
	c.VocabSize, c.Hidden, c.Intermediate, c.Layers, c.Heads, c.KVHeads, c.HeadDim, c.MaxPositions = 2000, 128, 256, 2, 4, 2, 32, 512
	load := func(free int64) (*Model, *small, error) {
		d := &small{Device: cpu.New(), free: free, there: map[*kernels.Tensor]bool{}}
		m, err := NewRandom(d, c, 1)
		return m, d, err
	}
	m, _, err := load(1 << 30)
	if err != nil || m.hosted {
		t.Fatal("with room", err)
	}
	all, table := m.Bytes, m.embed.Bytes()
	m, d, err := load(all - 1000)
	if err != nil || !m.hosted || len(d.moved) != 1 || m.Bytes != all-table {
		t.Errorf("1,000 bytes short: %v, hosted %t, %d bytes of %d", err, m.hosted, m.Bytes, all)
	}
	if _, _, err = load(all - table - 1); err == nil {
		t.Error("a model that has no room was loaded")
	}
	m, d, err = load(all + 1000)
	if err != nil || m.hosted {
		t.Fatal("with just enough room", err)
	}
	s, err := NewScorer(m, nil, 64)
	if err != nil || !m.hosted || d.moved[0] != m.embed {
		t.Fatal("no room was made for an evaluation", err)
	}
	s.Close()
	want, _, err := load(1 << 30)
	if err != nil {
		t.Fatal(err)
	}
	var answers [2][]Output
	if m, d, err = load(all + 1000); err != nil {
		t.Fatal(err)
	}
	for i, x := range []*Model{want, m} {
		d.free += int64(i) << 19 // for the caches
		if answers[i], err = x.Generate(context.Background(), nil, [][]int32{{1, 2, 3}}, GenerateConfig{MaxTokens: 5}, nil); err != nil {
			t.Fatal(err)
		}
		d.free -= int64(i) << 19
	}
	if !m.hosted || want.hosted || !slices.Equal(answers[0][0].IDs, answers[1][0].IDs) {
		t.Errorf("hosted %t: %v, want %v", m.hosted, answers[1], answers[0])
	}
	m.Close()
	if d.free != all+1000 {
		t.Errorf("%d bytes are free in the end, there were %d", d.free, all+1000)
	}
}

// TestNothingIsLeftWhereThereWasNoRoom: what was begun is given back, so that
// less can be tried, and what was trained before is untouched.
func TestNothingIsLeftWhereThereWasNoRoom(t *testing.T) {
	c := llama8B(t)
	c.VocabSize, c.Hidden, c.Intermediate, c.Layers, c.Heads, c.KVHeads, c.HeadDim, c.MaxPositions = 2000, 128, 256, 2, 4, 2, 32, 512
	d := &small{Device: cpu.New(), free: 1 << 30, there: map[*kernels.Tensor]bool{}}
	m, err := NewRandom(d, c, 1)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAdapter(m, AdapterConfig{Rank: 8, Alpha: 16}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.host(); err != nil {
		t.Fatal(err)
	}
	training := TrainerConfig{Optimizer: AdamW8bit, MaxNorm: 1, Budget: 64}
	tr, err := NewTrainer(a, training)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tr.Step(context.Background(), randomExamples(1, 30), 1e-3); err != nil {
		t.Fatal(err)
	}
	steps, before, err := tr.State()
	if err != nil {
		t.Fatal(err)
	}
	all := d.free
	for _, free := range []int64{100, 20_000} {
		d.free = free
		if _, err := NewTrainer(a, training); err == nil {
			t.Errorf("%d bytes were enough for a trainer", free)
		}
		if d.free < free {
			t.Errorf("%d bytes are free after no trainer was made, %d before", d.free, free)
		}
		d.free = 100
		if _, err := NewScorer(m, a, 64); err == nil || d.free != 100 {
			t.Errorf("%d bytes are free after no scorer was made: %v", d.free, err)
		}
		d.free = 1000
		if _, err := NewAdapter(m, AdapterConfig{Rank: 8, Alpha: 16}, 1); err == nil || d.free != 1000 {
			t.Errorf("%d bytes are free after no adapter was made: %v", d.free, err)
		}
	}
	d.free = all
	after, state, err := tr.State()
	if err != nil || after != steps || !slices.EqualFunc(before, state, func(a, b StateTensor) bool { return a.Name == b.Name && slices.Equal(a.Data, b.Data) }) {
		t.Errorf("the trained state changed: %v", err)
	}
}

// TestPlanMeetsTheTrainer: on a device that can move things, what a trainer has
// allocated is what was planned, and it learns the same.
func TestPlanMeetsTheTrainer(t *testing.T) {
	c := llama8B(t)
	c.VocabSize, c.Hidden, c.Intermediate, c.Layers, c.Heads, c.KVHeads, c.HeadDim, c.MaxPositions = 2000, 128, 512, 4, 4, 2, 32, 512
	defer func(f func() int64) { hostRoom = f }(hostRoom)
	examples := randomExamples(2, 60)
	var losses []float64
	for _, x := range []struct {
		part int64   // per cent of what the training needs with all the memory there is
		bus  float64 // operations in the time of a byte
		host int64   // bytes that the host has for it; 0: enough
		last string  // of the measures
	}{
		{200, 0, 0, ""}, {75, 0, 0, "what 4 layers keep waits in the host's memory"}, {60, 0, 0, "what 4 layers keep waits in the host's memory"},
		{40, 0, 0, "the optimiser works in the host's memory for 3 layers"}, {53, 1e9, 0, "attention of 2 layers computed again"},
		{40, 0, 1 << 20, "the optimiser works in the host's memory for 4 layers"}, {48, 0, 1 << 17, "the optimiser works in the host's memory for 1 layers"},
	} {
		part := x.part
		if x.host > 0 {
			hostRoom = func() int64 { return x.host }
		}
		d := &small{Device: cpu.New(), free: 1 << 40, there: map[*kernels.Tensor]bool{}, bus: x.bus}
		m, err := NewRandom(d, c, 1)
		if err != nil {
			t.Fatal(err)
		}
		config, training := AdapterConfig{Rank: 8, Alpha: 16}, TrainerConfig{Optimizer: AdamW8bit, MaxNorm: 1, Budget: 128}
		full, err := PlanTraining(m, config, training, 0)
		if err != nil {
			t.Fatal(err)
		}
		d.free = full.New() * part / 100 * 51 / 50
		plan, err := PlanTraining(m, config, training, 0)
		if err != nil {
			t.Fatal(err)
		}
		if part == 200 && plan.Measures != nil || part < 200 && (plan.Measures == nil || plan.Total() >= full.Total()) {
			t.Errorf("%d %%: %d bytes of %d, %v", part, plan.Total(), full.Total(), plan.Measures)
		}
		if n := len(plan.Measures); n > 0 && plan.Measures[n-1] != x.last || n == 0 && x.last != "" {
			t.Errorf("%d %%: %q, want %q last", part, plan.Measures, x.last)
		}
		if x.host > 0 && plan.Host > x.host+m.embed.Bytes()+full.Adapter+full.Optimizer {
			t.Errorf("%d %%: %d bytes of the host's memory, which has %d for activations", part, plan.Host, x.host)
		}
		if room := d.free; plan.New() > room {
			t.Errorf("%d %%: planned %d bytes, %d are free: %v", part, plan.New(), room, plan.Measures)
		}
		d.free += 1 << 20 // what is allocated first and moves then
		before := d.free
		a, err := NewAdapter(m, config, 1)
		if err != nil {
			t.Fatal(err)
		}
		d.free -= 1 << 20
		tr, err := shapeTrainer(a, training)
		if err != nil {
			t.Fatal(err)
		}
		tr.fit(0)
		d.free += 1 << 20
		if err := tr.place(); err != nil {
			t.Fatal(err)
		}
		if taken := before - d.free + tr.micro.Plan().Arena; taken > plan.New()*51/50 || taken < plan.New()*49/50 {
			t.Errorf("%d %%: %d bytes are taken, %d were planned: %v", part, taken, plan.New(), plan.Measures)
		}
		var got []float64
		for range 2 {
			r, err := tr.Step(context.Background(), examples, 1e-3)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, r.Loss, r.GradNorm)
		}
		if losses == nil {
			losses = got
		}
		if !slices.Equal(got, losses) {
			t.Errorf("%d %%: losses and norms %v, want %v: %v", part, got, losses, plan.Measures)
		}
		t.Logf("%d %%: %d bytes, %v", part, plan.New(), plan.Measures)
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
