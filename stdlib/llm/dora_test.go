package llm

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/peft"
)

// recordedDoRA is the adapter of the recorded case: nonzero B, magnitudes at the
// row norms of the weights.
func recordedDoRA(t *testing.T, m *Model) *Adapter {
	t.Helper()
	fresh, err := NewAdapter(m, AdapterConfig{Rank: 8, Alpha: 16, DoRA: true}, 1)
	if err != nil {
		t.Fatal(err)
	}
	p, err := fresh.Export("tiny")
	if err != nil {
		t.Fatal(err)
	}
	init := vectors(t, "golden/lora/init.safetensors")
	for name, pair := range p.Tensors {
		pair.A, pair.B = init(name+".lora_A.weight"), init("nonzero."+name+".lora_B.weight")
		p.Tensors[name] = pair
	}
	a, err := OpenAdapter(m, p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// TestDoRA: magnitudes begin where PEFT begins them, and loss and gradients are
// PEFT's.
func TestDoRA(t *testing.T) {
	var results struct {
		DoRA recordedGradients `json:"dora_nonzeroB"`
	}
	readJSON(t, "golden/lora/results.json", &results)
	grads, start := vectors(t, "golden/lora/grads.safetensors"), vectors(t, "golden/lora/dora_magnitude_init.safetensors")
	for name, device := range devices() {
		t.Run(name, func(t *testing.T) {
			m := loadTiny(t, device, "", Options{})
			a := recordedDoRA(t, m)
			for _, n := range a.names[:7] {
				got := make([]float32, a.dora[n].M.Len())
				if err := device.Read(a.dora[n].M, 0, floatBytes(got)); err != nil {
					t.Fatal(err)
				}
				within(t, n, got, start(n+".lora_magnitude_vector.weight"), 1e-5)
			}
			tr := newTestTrainer(t, a, AdamW, 160)
			defer tr.Close()
			r, err := tr.Gradients(context.Background(), recordedBatches(t)[0].examples())
			if err != nil || math.Abs(r.Loss-results.DoRA.Loss) > 5e-6 {
				t.Errorf("loss %.7g (%v), want %.7g", r.Loss, err, results.DoRA.Loss)
			}
			compared := 0
			for i, p := range a.trainable() {
				got := make([]float32, p.Len())
				if err := device.Read(tr.grads[i], 0, floatBytes(got)); err != nil {
					t.Fatal(err)
				}
				key := p.Name
				if len(p.Shape) == 1 {
					key += ".weight"
				}
				want, ok := results.DoRA.All[key]
				if !ok || math.Abs(norm(got)-want) > 1e-4*want+1e-9 {
					t.Errorf("%s: gradient norm %.7g, want %.7g", key, norm(got), want)
				}
				if compared < 21 {
					relative(t, key, got, grads("dora_nonzeroB."+key), 1e-4)
					compared++
				}
			}
		})
	}
}

// TestDoRATrains: norms follow the adapter, a saved adapter computes the same,
// and a fresh one changes nothing.
func TestDoRATrains(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{NF4: true})
	e := recordedBatches(t)[0].examples()
	ctx := context.Background()
	base, err := m.Logits(ctx, nil, e[0].IDs)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAdapter(m, AdapterConfig{Rank: 4, Alpha: 8, DoRA: true, RSLoRA: true, Ranks: peft.Pattern{{Key: "v_proj", Value: 2}}}, 3)
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := m.Logits(ctx, a, e[0].IDs)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "a fresh adapter", fresh, base, 1e-4)
	tr := newTestTrainer(t, a, AdamW8bit, 160)
	var first, last float64
	for step := range 12 {
		r, err := tr.Step(ctx, e, 5e-3)
		if err != nil {
			t.Fatal(err)
		}
		if last = r.Loss; step == 0 {
			first = r.Loss
		}
	}
	if last > 0.7*first {
		t.Errorf("loss %.3g, then %.3g", first, last)
	}
	trained, err := m.Logits(ctx, a, e[0].IDs)
	if err != nil {
		t.Fatal(err)
	}
	p, err := a.Export("tiny")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	if err := p.Write(folder); err != nil {
		t.Fatal(err)
	}
	read, err := peft.Read(folder)
	p.Targets = slices.Sorted(slices.Values(p.Targets))
	if err != nil || !reflect.DeepEqual(read, p) {
		t.Errorf("%v: what was read is not what was written", err)
	}
	b, err := OpenAdapter(m, read)
	if err != nil {
		t.Fatal(err)
	}
	again, err := m.Logits(ctx, b, e[0].IDs)
	if err != nil || largest(again, trained) != 0 {
		t.Errorf("a saved adapter differs by %g, %v", largest(again, trained), err)
	}
	// From a checkpoint: the norms are those of the restored adapter.
	_, state, err := tr.State()
	if err != nil {
		t.Fatal(err)
	}
	c, err := NewAdapter(m, a.Config, 9)
	if err != nil {
		t.Fatal(err)
	}
	other := newTestTrainer(t, c, AdamW8bit, 160)
	if err := other.Restore(12, func(name string) ([]byte, bool) {
		for _, s := range state {
			if s.Name == name {
				return s.Data, true
			}
		}
		return nil, false
	}); err != nil {
		t.Fatal(err)
	}
	if restored, err := m.Logits(ctx, c, e[0].IDs); err != nil || largest(restored, trained) != 0 {
		t.Errorf("a restored adapter differs by %g, %v", largest(restored, trained), err)
	}
	if d, err := NewAdapter(m, AdapterConfig{Rank: 4, Alpha: 8, DoRA: true, Dropout: 0.1}, 1); err != nil {
		t.Fatal(err)
	} else if _, err := NewTrainer(d, TrainerConfig{Optimizer: AdamW, Budget: 64}); err == nil {
		t.Error("DoRA with dropout was accepted")
	}
}

// TestRankPattern: a projection with a smaller rank of its own computes what a
// larger one does whose rest is zero.
func TestRankPattern(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	read, err := peft.Read(golden.Dir(t, "golden/lora/adapter"))
	if err != nil {
		t.Fatal(err)
	}
	small, padded := *read, *read
	small.Ranks, small.Alphas = peft.Pattern{{Key: `q_proj`, Value: 3}}, peft.Pattern{{Key: "q_proj", Value: 6}} // 6/3 = 16/8
	small.Tensors, padded.Tensors = map[string]peft.Pair{}, map[string]peft.Pair{}
	for name, p := range read.Tensors {
		small.Tensors[name], padded.Tensors[name] = p, p
		if name[len(name)-6:] != "q_proj" {
			continue
		}
		s := peft.Pair{A: p.A[:3*p.In], In: p.In, Out: p.Out}
		z := peft.Pair{A: p.A, B: make([]float32, len(p.B)), In: p.In, Out: p.Out}
		for i := range p.Out {
			s.B = append(s.B, p.B[8*i:8*i+3]...)
			copy(z.B[8*i:8*i+3], p.B[8*i:])
		}
		small.Tensors[name], padded.Tensors[name] = s, z
	}
	var out [2][]float32
	for i, p := range []*peft.Adapter{&small, &padded} {
		folder := t.TempDir()
		if err := p.Write(folder); err != nil {
			t.Fatal(err)
		}
		if p, err = peft.Read(folder); err != nil {
			t.Fatal(err)
		}
		a, err := OpenAdapter(m, p)
		if err != nil {
			t.Fatal(err)
		}
		if out[i], err = m.Logits(context.Background(), a, recordedBatches(t)[0].examples()[0].IDs); err != nil {
			t.Fatal(err)
		}
	}
	within(t, "logits", out[0], out[1], 2e-5)
}

// TestDoRARecomputed: what a step computes again changes no gradient of DoRA
// either.
func TestDoRARecomputed(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	a := recordedDoRA(t, m)
	var want [][]float32
	for _, s := range []spare{{}, {class: 1, layers: 8}, {class: 2, layers: 8}, {class: 3, layers: 8}, {class: 4, layers: 8}, {class: 2, layers: 8, away: 8}} {
		tr := sparing(t, a, s)
		if _, err := tr.Gradients(context.Background(), recordedBatches(t)[0].examples()); err != nil {
			t.Fatal(err)
		}
		for i, g := range tr.grads {
			got := make([]float32, g.Len())
			if err := m.device.Read(g, 0, floatBytes(got)); err != nil {
				t.Fatal(err)
			}
			if s == (spare{}) {
				want = append(want, got)
			} else if d := largest(got, want[i]); d != 0 {
				t.Errorf("%+v: gradient of %s differs by %g", s, a.trainable()[i], d)
				break
			}
		}
		tr.Close()
	}
}
