package llm

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
	"cogumi/kernels/cuda"
)

// gpu opens the first GPU, or skips the test.
func gpu(t testing.TB) *cuda.Device {
	t.Helper()
	d, err := cuda.New(0, cuda.Options{})
	if errors.Is(err, kernels.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// TestLogitsOnGPU: bf16 arithmetic stays as near to f32 as PyTorch's does
// (golden README: largest difference 0.13…0.29, mean 0.014…0.026).
func TestLogitsOnGPU(t *testing.T) {
	d := gpu(t)
	m := loadTiny(t, d, "", Options{})
	want := vectors(t, "golden/tiny-forward/logits.safetensors")
	var cases []forwardCase
	readJSON(t, "golden/tiny-forward/cases.json", &cases)
	for _, c := range cases {
		got, err := m.Logits(context.Background(), nil, c.IDs)
		if err != nil {
			t.Fatal(err)
		}
		var rows []float32
		for i := 0; i < len(c.IDs); i += c.step() {
			rows = append(rows, got[i*2048:(i+1)*2048]...)
		}
		w := want(c.Name + ".logits.f32")
		sum := 0.0
		for i := range w {
			sum += math.Abs(float64(rows[i]) - float64(w[i]))
		}
		worst, mean := largest(rows, w), sum/float64(len(w))
		t.Logf("%s: largest difference %.3f, mean %.4f", c.Name, worst, mean)
		if !(worst <= 0.3 && mean <= 0.03) {
			t.Errorf("%s: largest difference %.3f, mean %.4f; want at most 0.3 and 0.03", c.Name, worst, mean)
		}
	}
}

func TestGradientsOnGPU(t *testing.T) {
	d := gpu(t)
	results := map[string]json.RawMessage{}
	readJSON(t, "golden/lora/results.json", &results)
	grads := vectors(t, "golden/lora/grads.safetensors")
	for _, c := range []struct {
		name, weights string
		nonzero       bool
		layers        int
		tolerance     float64 // PyTorch on an H200: 2.5e-2 in bf16, 1.9e-2 under autocast
	}{{"step1_zeroB", "", false, 1, 2e-2}, {"nonzeroB", "", true, 8, 2e-2},
		{"nf4_nonzeroB", quantized, true, 1, 2.5e-2}} { // recorded with weights that were not rounded to bf16
		t.Run(c.name, func(t *testing.T) {
			var want recordedGradients
			if err := json.Unmarshal(results[c.name], &want); err != nil {
				t.Fatal(err)
			}
			m := loadTiny(t, d, c.weights, Options{})
			a := recordedAdapter(t, m, c.nonzero, false)
			tr := newTestTrainer(t, a, AdamW, 160)
			r, err := tr.Gradients(context.Background(), recordedBatches(t)[0].examples())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("loss %.5f, recorded %.5f", r.Loss, want.Loss)
			if !(math.Abs(r.Loss-want.Loss) <= 3e-2) {
				t.Errorf("loss %.7g, want %.7g", r.Loss, want.Loss)
			}
			var all, wanted []float32
			for i, p := range a.trainable() {
				if i >= 14*c.layers {
					break
				}
				got := make([]float32, p.Len())
				if err := m.device.Read(tr.grads[i], 0, floatBytes(got)); err != nil {
					t.Fatal(err)
				}
				w := grads(c.name + "." + p.Name)
				relative(t, p.Name, got, w, 6e-2)
				all, wanted = append(all, got...), append(wanted, w...)
			}
			t.Logf("all gradients: %.3g from f32", distance(all, wanted)/norm(wanted))
			relative(t, "all gradients", all, wanted, c.tolerance)
		})
	}
}

// TestTrajectoriesOnGPU follows the recorded training runs: losses within what
// bf16 costs there.
func TestTrajectoriesOnGPU(t *testing.T) {
	d := gpu(t)
	results := map[string]json.RawMessage{}
	readJSON(t, "golden/lora/results.json", &results)
	for _, c := range []struct {
		name, weights string
		optimizer     Optimizer
		tolerance     float64
	}{
		{"adamw_fp32", "", AdamW, 3e-2}, {"adamw_nf4", quantized, AdamW, 3e-2},
		{"adamw8bit_exact", "", AdamW8bit, 3e-2}, {"adamw_bnb4bit_bf16", quantized, AdamW, 3e-2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []struct {
				Loss float64 `json:"loss"`
				LR   float64 `json:"lr"`
			}
			if err := json.Unmarshal(results[c.name], &want); err != nil {
				t.Fatal(err)
			}
			var first []float64
			for round := range 2 {
				m := loadTiny(t, d, c.weights, Options{})
				tr := newTestTrainer(t, recordedAdapter(t, m, false, false), c.optimizer, 256)
				batches := recordedBatches(t)
				worst := 0.0
				for i, w := range want {
					r, err := tr.Step(context.Background(), batches[i%4].examples(), w.LR)
					if err != nil {
						t.Fatal(err)
					}
					if round == 1 && r.Loss != first[i] {
						t.Fatalf("step %d: loss %v, the first time %v: not repeatable", i+1, r.Loss, first[i])
					}
					first = append(first, r.Loss)
					worst = max(worst, math.Abs(r.Loss-w.Loss))
				}
				t.Logf("largest difference of a loss %.4f over %d steps", worst, len(want))
				if !(worst <= c.tolerance) {
					t.Errorf("losses differ by %.4f, tolerance %.2g", worst, c.tolerance)
				}
				tr.Close()
				m.Close()
			}
		})
	}
}

// TestFP8OnGPU: the loss curve of a run with frozen products in 8-bit floats stays
// beside that in bf16, and repeats bit by bit. Four batches again and again are
// learned by heart, and what is left of the loss is then a small number: the
// distance is measured in shares of the first pass. docs/performance.md has the
// curve of a real model on data that it sees once.
func TestFP8OnGPU(t *testing.T) {
	d := gpu(t)
	defer func(n int) { least8 = n }(least8)
	least8 = 0
	run := func(fp8 bool) (losses []float64) {
		m := loadTiny(t, d, quantized, Options{})
		defer m.Close()
		tr, err := NewTrainer(recordedAdapter(t, m, false, false), TrainerConfig{Optimizer: AdamW8bit, MaxNorm: 1, Budget: 256, FP8: fp8})
		if errors.Is(err, kernels.ErrUnsupported) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		batches := recordedBatches(t)
		for i := range 32 {
			r, err := tr.Step(context.Background(), batches[i%4].examples(), 2e-4)
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, r.Loss)
		}
		return losses
	}
	want, got, again := run(false), run(true), run(true)
	for i := range want {
		if math.Float64bits(got[i]) != math.Float64bits(again[i]) {
			t.Fatalf("step %d: loss %v, then %v", i+1, got[i], again[i])
		}
	}
	sum := func(x []float64) (s float64) {
		for _, v := range x {
			s += v
		}
		return s
	}
	worst := 0.0
	for i := 0; i < len(want); i += 4 { // each batch once
		a, b := sum(want[i:i+4]), sum(got[i:i+4])
		worst = max(worst, math.Abs(b-a)/sum(want[:4]))
	}
	t.Logf("loss %.4f → %.4f, bf16 %.4f → %.4f; passes differ by at most %.2f %% of the first", sum(got[:4])/4, sum(got[28:])/4, sum(want[:4])/4, sum(want[28:])/4, 100*worst)
	if !(worst <= 0.03) {
		t.Errorf("losses differ by %.2f %%", 100*worst)
	}
}

// TestLengthsOnGPU: around the tile sizes of the kernels, a row's logits are
// those of the processor, whatever follows it.
func TestLengthsOnGPU(t *testing.T) {
	d := gpu(t)
	m, twin := loadTiny(t, d, "", Options{}), loadTiny(t, cpu.New(), "", Options{})
	var ids []int32
	for i := range 300 {
		ids = append(ids, int32((i*i*31+7*i)%2000))
	}
	want, err := twin.Logits(context.Background(), nil, ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 15, 16, 17, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 300} {
		got, err := m.Logits(context.Background(), nil, ids[:n])
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			if worst := largest(got[i*2048:(i+1)*2048], want[i*2048:(i+1)*2048]); !(worst <= 0.4) {
				t.Errorf("%d tokens, row %d: largest difference %.3f", n, i, worst)
				break
			}
		}
	}
}
