package llm

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
	"cogumi/kernels/golden"
	"cogumi/kernels/plain"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/llm/safetensors"
)

// quantized is tiny as bitsandbytes saved it in 4 bits.
const quantized = "golden/nf4/tiny-bnb-4bit/model.safetensors"

// loadTiny puts the demo model on a device, with weights of its own or of
// another file.
func loadTiny(t testing.TB, device kernels.Device, weights string, o Options) *Model {
	t.Helper()
	folder := golden.Dir(t, "models/tiny")
	path := filepath.Join(folder, "model.safetensors")
	if weights != "" {
		path = golden.Dir(t, weights)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := Load(device, os.DirFS(folder), f, o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func vectors(t testing.TB, rel string) func(name string) []float32 {
	t.Helper()
	f, err := safetensors.Open(golden.Dir(t, rel))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return func(name string) []float32 {
		t.Helper()
		x, ok := f.Tensor(name)
		if !ok {
			t.Fatalf("%s has no %s", rel, name)
		}
		v, err := safetensors.Float32s(x)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func readJSON(t testing.TB, rel string, v any) {
	t.Helper()
	b, err := os.ReadFile(golden.Dir(t, rel))
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// largest returns the largest absolute difference.
func largest(got, want []float32) float64 {
	d := 0.0
	for i := range want {
		d = max(d, math.Abs(float64(got[i])-float64(want[i])))
		if math.IsNaN(float64(got[i])) {
			return math.NaN()
		}
	}
	return d
}

func within(t testing.TB, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d values, want %d", what, len(got), len(want))
	}
	if d := largest(got, want); !(d <= tolerance) {
		t.Errorf("%s: differs by %.3g, tolerance %.3g", what, d, tolerance)
	}
}

type forwardCase struct {
	Name   string  `json:"name"`
	IDs    []int32 `json:"ids"`
	Labels []int32 `json:"labels"`
	Loss   float64 `json:"loss_f32"`
}

// step is the distance of the rows of logits that were recorded.
func (c forwardCase) step() int {
	return map[string]int{"random64": 2, "random257": 4}[c.Name] + btoi(c.Name != "random64" && c.Name != "random257")
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func devices() map[string]kernels.Device {
	return map[string]kernels.Device{"cpu": cpu.New(), "plain": plain.New()}
}

func TestLogitsAndLosses(t *testing.T) {
	for name, device := range devices() {
		t.Run(name, func(t *testing.T) {
			m := loadTiny(t, device, "", Options{})
			want := vectors(t, "golden/tiny-forward/logits.safetensors")
			var cases []forwardCase
			readJSON(t, "golden/tiny-forward/cases.json", &cases)
			for _, c := range cases {
				if name == "plain" && len(c.IDs) > 64 {
					continue
				}
				got, err := m.Logits(context.Background(), nil, c.IDs)
				if err != nil {
					t.Fatal(err)
				}
				var rows []float32
				for i := 0; i < len(c.IDs); i += c.step() {
					rows = append(rows, got[i*2048:(i+1)*2048]...)
				}
				within(t, c.Name, rows, want(c.Name+".logits.f32"), 5e-5)
				checkLoss(t, m, c)
			}
		})
	}
}

func checkLoss(t *testing.T, m *Model, c forwardCase) {
	e := Example{IDs: c.IDs, Labels: c.Labels}
	if len(c.Labels) < 2 || e.Targets() == 0 {
		return
	}
	s, err := NewScorer(m, nil, len(c.IDs))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	loss, err := s.Loss(context.Background(), []Example{e})
	if err != nil || math.Abs(loss-c.Loss) > 1e-5 {
		t.Errorf("%s: loss %.7g (%v), want %.7g", c.Name, loss, err, c.Loss)
	}
}

func TestLogitsOfFourBitCheckpoint(t *testing.T) {
	m := loadTiny(t, cpu.New(), quantized, Options{})
	if m.Format != "nf4" {
		t.Errorf("format %q", m.Format)
	}
	var cases []forwardCase
	readJSON(t, "golden/tiny-forward/cases.json", &cases)
	got, err := m.Logits(context.Background(), nil, cases[0].IDs)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "chat0", got, vectors(t, "golden/tiny-forward/logits_nf4.safetensors")("chat0.logits.nf4_f32"), 5e-5)
}

func TestGreedy(t *testing.T) {
	type recorded struct {
		IDs    []int32 `json:"ids"`
		Text   string  `json:"text"`
		Margin float64 `json:"min_margin"`
	}
	f, err := os.Open(filepath.Join(golden.Dir(t, "golden/tiny-forward"), "greedy.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var prompts [][]int32
	var want [2][]recorded
	for s := bufio.NewScanner(f); s.Scan(); {
		var row struct {
			Prompt []int32  `json:"prompt_ids"`
			F32    recorded `json:"f32"`
			NF4    recorded `json:"nf4_f32"`
		}
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		prompts = append(prompts, row.Prompt)
		want[0], want[1] = append(want[0], row.F32), append(want[1], row.NF4)
	}
	for k, weights := range []string{"", quantized} {
		m := loadTiny(t, cpu.New(), weights, Options{})
		got, err := m.Generate(context.Background(), nil, prompts, GenerateConfig{MaxTokens: 60, Slots: 7, Budget: 100}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range got {
			w := want[k][i]
			if w.Margin < 1e-3 {
				continue
			}
			if text := m.Tokenizer.Decode(o.IDs, true); text != w.Text || len(o.IDs) != len(w.IDs) {
				t.Errorf("weights %q, prompt %d: %q (%d tokens), want %q (%d)", weights, i, text, len(o.IDs), w.Text, len(w.IDs))
			}
		}
	}
}

// recordedBatch is one of the four batches of the LoRA vectors.
type recordedBatch struct {
	IDs     [][]int32 `json:"input_ids"`
	Labels  [][]int32 `json:"labels"`
	Lengths []int     `json:"lengths"`
}

func (b recordedBatch) examples() []Example {
	var es []Example
	for i, n := range b.Lengths {
		es = append(es, Example{IDs: b.IDs[i][:n], Labels: b.Labels[i][:n], Row: i})
	}
	return es
}

func recordedBatches(t testing.TB) []recordedBatch {
	var bs []recordedBatch
	readJSON(t, "golden/lora/batches.json", &bs)
	return bs
}

// recordedAdapter is the adapter that the vectors start from; nonzero fills B.
func recordedAdapter(t testing.TB, m *Model, nonzero, rslora bool) *Adapter {
	t.Helper()
	p := &peft.Adapter{R: 8, Alpha: 16, Targets: Targets, RSLoRA: rslora, Tensors: map[string]peft.Pair{}}
	init := vectors(t, "golden/lora/init.safetensors")
	for i := range m.layers {
		for _, w := range m.layers[i].projections() {
			b := make([]float32, 8*w.Out)
			if nonzero {
				b = init("nonzero." + w.Name + ".lora_B.weight")
			}
			p.Tensors[w.Name] = peft.Pair{A: init(w.Name + ".lora_A.weight"), B: b}
		}
	}
	a, err := OpenAdapter(m, p)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

type recordedGradients struct {
	Loss float64            `json:"loss"`
	Norm float64            `json:"grad_norm"`
	All  map[string]float64 `json:"norms"`
}

func TestGradients(t *testing.T) {
	var results struct {
		Zero    recordedGradients `json:"step1_zeroB"`
		NonZero recordedGradients `json:"nonzeroB"`
		RSLoRA  recordedGradients `json:"rslora_nonzeroB"`
		NF4     recordedGradients `json:"nf4_nonzeroB"`
	}
	readJSON(t, "golden/lora/results.json", &results)
	grads := vectors(t, "golden/lora/grads.safetensors")
	for _, c := range []struct {
		name, weights   string
		nonzero, rslora bool
		want            recordedGradients
		layers          int // recorded
	}{
		{"step1_zeroB", "", false, false, results.Zero, 1},
		{"nonzeroB", "", true, false, results.NonZero, 8},
		{"rslora_nonzeroB", "", true, true, results.RSLoRA, 1},
		{"nf4_nonzeroB", quantized, true, false, results.NF4, 1},
	} {
		for name, device := range devices() {
			t.Run(c.name+"/"+name, func(t *testing.T) {
				if name == "plain" && c.name != "nonzeroB" {
					t.Skip("the plain device is compared once")
				}
				m := loadTiny(t, device, c.weights, Options{})
				a := recordedAdapter(t, m, c.nonzero, c.rslora)
				tr := newTestTrainer(t, a, AdamW, 160)
				r, err := tr.Gradients(context.Background(), recordedBatches(t)[0].examples())
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(r.Loss-c.want.Loss) > 5e-6 {
					t.Errorf("loss %.7g, want %.7g", r.Loss, c.want.Loss)
				}
				for i, p := range a.trainable() {
					got := make([]float32, p.Len())
					if err := m.device.Read(tr.grads[i], 0, floatBytes(got)); err != nil {
						t.Fatal(err)
					}
					if n := norm(got); math.Abs(n-c.want.All[p.Name]) > 1e-4*c.want.All[p.Name]+1e-9 {
						t.Errorf("%s: gradient norm %.7g, want %.7g", p.Name, n, c.want.All[p.Name])
					}
					if strings.HasPrefix(p.Name, "model.layers.0.") || c.layers == 8 {
						relative(t, p.Name, got, grads(c.name+"."+p.Name), 1e-4)
					}
				}
			})
		}
	}
}

func norm(x []float32) float64 {
	var s float64
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}

// relative compares by the norm of the difference.
func relative(t *testing.T, what string, got, want []float32, tolerance float64) {
	t.Helper()
	if d, n := distance(got, want), norm(want); !(d <= tolerance*n+1e-12) {
		t.Errorf("%s: relative difference %.3g, tolerance %.3g", what, d/n, tolerance)
	}
}

func distance(a, b []float32) float64 {
	d := make([]float32, len(b))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return norm(d)
}

func newTestTrainer(t testing.TB, a *Adapter, o Optimizer, budget int) *Trainer {
	t.Helper()
	tr, err := NewTrainer(a, TrainerConfig{Optimizer: o, WeightDecay: 0.01, MaxNorm: 1, Budget: budget})
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// TestAccumulation: one row at a time gives the gradient of the whole batch.
func TestAccumulation(t *testing.T) {
	var results struct {
		Accumulation recordedGradients `json:"accumulation"`
	}
	readJSON(t, "golden/lora/results.json", &results)
	m := loadTiny(t, cpu.New(), "", Options{})
	a := recordedAdapter(t, m, true, false)
	grads := vectors(t, "golden/lora/grads.safetensors")
	for _, budget := range []int{64, 400} {
		tr := newTestTrainer(t, a, AdamW, budget)
		r, err := tr.Gradients(context.Background(), recordedBatches(t)[1].examples())
		if err != nil || math.Abs(r.Loss-results.Accumulation.Loss) > 5e-6 {
			t.Errorf("budget %d: loss %.7g (%v), want %.7g", budget, r.Loss, err, results.Accumulation.Loss)
		}
		for i, p := range a.trainable()[:14] {
			got := make([]float32, p.Len())
			if err := m.device.Read(tr.grads[i], 0, floatBytes(got)); err != nil {
				t.Fatal(err)
			}
			relative(t, p.Name, got, grads("accumulation."+p.Name), 1e-4)
		}
		tr.Close()
	}
}

func TestTrajectories(t *testing.T) {
	type point struct {
		Loss float64 `json:"loss"`
		Norm float64 `json:"grad_norm"`
		LR   float64 `json:"lr"`
	}
	results := map[string]json.RawMessage{}
	readJSON(t, "golden/lora/results.json", &results)
	final := vectors(t, "golden/lora/trajectory.safetensors")
	for _, c := range []struct {
		name, weights string
		optimizer     Optimizer
		loss          float64
		last          float64 // of the final A and B
	}{
		{"adamw_fp32", "", AdamW, 5e-6, 1e-4},
		{"adamw_nf4", quantized, AdamW, 5e-6, 1e-4},
		{"adamw8bit_exact", "", AdamW8bit, 5e-5, 1e-3},
		{"adamw8bit_bnb_cpu", "", AdamW8bit, 5e-4, 5e-3},
	} {
		t.Run(c.name, func(t *testing.T) {
			var want []point
			if err := json.Unmarshal(results[c.name], &want); err != nil {
				t.Fatal(err)
			}
			m := loadTiny(t, cpu.New(), c.weights, Options{})
			a := recordedAdapter(t, m, false, false)
			tr := newTestTrainer(t, a, c.optimizer, 256)
			batches := recordedBatches(t)
			for i, w := range want {
				r, err := tr.Step(context.Background(), batches[i%4].examples(), w.LR)
				if err != nil {
					t.Fatal(err)
				}
				if math.Abs(r.Loss-w.Loss) > c.loss || (c.optimizer == AdamW && math.Abs(r.GradNorm-w.Norm) > 5e-5*w.Norm) {
					t.Errorf("step %d: loss %.7g, norm %.6g; want %.7g, %.6g", i+1, r.Loss, r.GradNorm, w.Loss, w.Norm)
				}
			}
			if c.name == "adamw_fp32" {
				compareAdapter(t, a)
				return
			}
			for _, p := range a.trainable()[:14] {
				got := make([]float32, p.Len())
				if err := m.device.Read(p, 0, floatBytes(got)); err != nil {
					t.Fatal(err)
				}
				within(t, p.Name, got, final(c.name+".final."+p.Name), c.last)
			}
			if c.name == "adamw_nf4" {
				compareLogits(t, a, "nf4_adapter.batch0.row0")
			}
		})
	}
}

// compareAdapter compares all layers with the PEFT folder that was saved at the
// end of the same trajectory.
func compareAdapter(t *testing.T, a *Adapter) {
	want, err := peft.Read(golden.Dir(t, "golden/lora/adapter"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := a.Export("tiny")
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range want.Tensors {
		within(t, name+" A", got.Tensors[name].A, p.A, 1e-4)
		within(t, name+" B", got.Tensors[name].B, p.B, 1e-4)
	}
}

func compareLogits(t *testing.T, a *Adapter, name string) {
	e := recordedBatches(t)[0].examples()[0]
	got, err := a.model.Logits(context.Background(), a, e.IDs)
	if err != nil {
		t.Fatal(err)
	}
	within(t, name, got[len(got)-12*2048:], vectors(t, "golden/lora/adapter_logits.safetensors")(name), 2e-4)
}

// TestPEFTFolder loads what PEFT wrote, and what we wrote from it, and compares
// the logits.
func TestPEFTFolder(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	folder := golden.Dir(t, "golden/lora/adapter")
	for range 2 {
		p, err := peft.Read(folder)
		if err != nil {
			t.Fatal(err)
		}
		a, err := OpenAdapter(m, p)
		if err != nil {
			t.Fatal(err)
		}
		compareLogits(t, a, "adapter.batch0.row0")
		folder = t.TempDir()
		out, err := a.Export("tiny")
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Write(folder); err != nil {
			t.Fatal(err)
		}
	}
}
