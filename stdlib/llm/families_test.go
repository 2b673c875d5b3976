package llm

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/golden"
	"cogumi/kernels/plain"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
)

// family is a recorded model of one of the families: no tokenizer, ids only.
type family struct {
	folder   string // of config.json and weights
	expected string // of expected.json
	logits   string // name in expected.safetensors
	from     string // folder of expected.safetensors
}

func recordedFamilies() map[string]family {
	all := map[string]family{}
	for _, name := range []string{"llama3-rope", "llama-linear-rope", "llama-untied-bias", "mistral-window16", "qwen2", "qwen3-headdim24", "smollm2-like"} {
		all[name] = family{name, name, "logits", name}
	}
	all["llama3-rope-sharded"] = family{"llama3-rope-sharded", "llama3-rope", "logits", "llama3-rope"}
	for _, name := range []string{"llama3-rope-fp16", "llama3-rope-bf16"} {
		all[name] = family{name, "llama3-rope", "logits_f32_arithmetic", name}
	}
	return all
}

// loadFamily puts a recorded model on a device; it has no tokenizer.
func loadFamily(t testing.TB, device kernels.Device, name, config string, o Options) *Model {
	t.Helper()
	dir := golden.Dir(t, "golden/families/"+name)
	b, err := os.ReadFile(filepath.Join(dir, config))
	if err != nil {
		t.Fatal(err)
	}
	c, err := hfconfig.Parse(b, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, err := safetensors.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	m := &Model{Config: c, device: device, compute: device.Describe().Compute}
	if err := m.place(w, o); err != nil {
		t.Fatal(err)
	}
	return m
}

type familyExpected struct {
	IDs    []int32 `json:"input_ids"`
	Rows   []int   `json:"logit_rows"`
	Argmax []int   `json:"argmax_all"`
	Prompt int     `json:"greedy_prompt"`
	Greedy []int32 `json:"greedy"`
}

func TestFamilies(t *testing.T) {
	for name, f := range recordedFamilies() {
		for on, device := range devices() {
			t.Run(name+"/"+on, func(t *testing.T) {
				var want familyExpected
				readJSON(t, "golden/families/"+f.expected+"/expected.json", &want)
				m := loadFamily(t, device, f.folder, "config.json", Options{})
				defer m.Close()
				got, err := m.Logits(context.Background(), nil, want.IDs)
				if err != nil {
					t.Fatal(err)
				}
				full := name == f.expected || name == "llama3-rope-sharded" // of the copies in 16 bits no text is recorded
				compareRows(t, got, f, f.logits, want, 5e-5)
				if full {
					compareArgmax(t, got, want)
					compareGreedy(t, m, want)
				} else { // what 16-bit arithmetic makes of the same weights
					compareRows(t, got, f, "logits", want, map[string]float64{"llama3-rope-fp16": 0.02, "llama3-rope-bf16": 0.12}[name])
				}
			})
		}
	}
}

func compareRows(t *testing.T, got []float32, f family, logits string, want familyExpected, tolerance float64) {
	t.Helper()
	vocabulary := len(got) / len(want.IDs)
	var rows []float32
	for _, i := range want.Rows {
		rows = append(rows, got[i*vocabulary:(i+1)*vocabulary]...)
	}
	within(t, logits, rows, vectors(t, "golden/families/"+f.from+"/expected.safetensors")(logits), tolerance)
}

func compareArgmax(t *testing.T, got []float32, want familyExpected) {
	t.Helper()
	vocabulary := len(got) / len(want.IDs)
	for i, w := range want.Argmax {
		row := got[i*vocabulary : (i+1)*vocabulary]
		if best := slices.Index(row, slices.Max(row)); best != w {
			t.Errorf("argmax of row %d is %d, want %d", i, best, w)
		}
	}
}

// compareGreedy writes the recorded text, the prompt at once and in a batch with
// others, so that the cache is filled in several ways.
func compareGreedy(t *testing.T, m *Model, want familyExpected) {
	t.Helper()
	m.Config.EOS = nil
	prompt := want.IDs[:want.Prompt]
	prompts := [][]int32{want.IDs[:7], prompt, want.IDs[3:30], prompt}
	got, err := m.Generate(context.Background(), nil, prompts, GenerateConfig{MaxTokens: len(want.Greedy), Slots: 3, Budget: 48}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{1, 3} {
		if !slices.Equal(got[i].IDs, want.Greedy) {
			t.Errorf("greedy\n%v, want\n%v", got[i].IDs, want.Greedy)
		}
	}
}

// Both spellings of a configuration give the same logits, bit for bit.
func TestFamilySpellings(t *testing.T) {
	ids := []int32{94, 91, 42, 20, 59, 77, 88, 58, 55, 5, 72, 40, 84, 63, 55, 8, 27, 24, 71}
	for name, f := range recordedFamilies() {
		if name != f.expected {
			continue
		}
		var logits [2][]float32
		for i, config := range []string{"config.json", "config.v4.json"} {
			m := loadFamily(t, plain.New(), name, config, Options{})
			var err error
			if logits[i], err = m.Logits(context.Background(), nil, ids); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(logits[0], logits[1]) {
			t.Errorf("%s: the spellings differ", name)
		}
	}
}

// A training step's gradients go through biases, windows and the norms of
// queries and keys: the devices agree, and so do differences of the loss along
// the gradient.
func TestFamilyGradients(t *testing.T) {
	var want familyExpected
	readJSON(t, "golden/families/qwen2/expected.json", &want)
	examples := []Example{{IDs: want.IDs[:70], Labels: want.IDs[:70]}, {IDs: want.IDs[70:101], Labels: want.IDs[70:101], Row: 1}}
	for _, name := range []string{"llama-untied-bias", "mistral-window16", "qwen2", "qwen3-headdim24"} {
		grads := map[string][][]float32{}
		for on, device := range devices() {
			m := loadFamily(t, device, name, "config.json", Options{})
			a, err := NewAdapter(m, AdapterConfig{Rank: 4, Alpha: 8}, 1)
			if err != nil {
				t.Fatal(err)
			}
			spread(t, a)
			tr := newTestTrainer(t, a, AdamW, 128)
			if _, err := tr.Gradients(context.Background(), examples); err != nil {
				t.Fatal(err)
			}
			for i, p := range a.trainable() {
				g := make([]float32, p.Len())
				if err := device.Read(tr.grads[i], 0, floatBytes(g)); err != nil {
					t.Fatal(err)
				}
				grads[on] = append(grads[on], g)
			}
			if on == "cpu" {
				checkSlope(t, name, a, grads[on], examples)
			}
		}
		for i, g := range grads["plain"] {
			relative(t, name, grads["cpu"][i], g, 2e-4)
		}
	}
}

// spread fills B, which starts at zero, so that A has gradients.
func spread(t *testing.T, a *Adapter) {
	t.Helper()
	for k, p := range a.trainable() {
		if k%2 == 0 {
			continue
		}
		x := make([]float32, p.Len())
		for i := range x {
			x[i] = float32(int(mix(uint64(k), uint64(i))>>40)%201-100) / 2000
		}
		if err := a.model.device.Write(p, 0, floatBytes(x)); err != nil {
			t.Fatal(err)
		}
	}
}

// checkSlope moves each tensor a little along its gradient, both ways.
func checkSlope(t *testing.T, name string, a *Adapter, grads [][]float32, examples []Example) {
	t.Helper()
	s, err := NewScorer(a.model, a, 128)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for k, p := range a.trainable() {
		before := make([]float32, p.Len())
		if err := a.model.device.Read(p, 0, floatBytes(before)); err != nil {
			t.Fatal(err)
		}
		n := norm(grads[k])
		at := func(step float64) float64 {
			x := slices.Clone(before)
			for i, g := range grads[k] {
				x[i] += float32(step * float64(g) / n)
			}
			if err := a.model.device.Write(p, 0, floatBytes(x)); err != nil {
				t.Fatal(err)
			}
			loss, err := s.Loss(context.Background(), examples)
			if err != nil {
				t.Fatal(err)
			}
			return loss
		}
		const h = 5e-3
		if slope := (at(h) - at(-h)) / (2 * h); math.Abs(slope-n) > 0.01*n+2e-4 {
			t.Errorf("%s, %s: the loss falls by %g along a gradient of norm %g", name, p.Name, slope, n)
		}
		if err := a.model.device.Write(p, 0, floatBytes(before)); err != nil {
			t.Fatal(err)
		}
	}
}
