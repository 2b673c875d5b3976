package llm

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/peft"
)

// peerJob is one computation of testdata/peft_peer.py.
type peerJob struct {
	Model   string         `json:"model"`
	Adapter string         `json:"adapter,omitempty"`
	Make    map[string]any `json:"make,omitempty"`
	DType   string         `json:"dtype"`
	Out     string         `json:"out"`
}

// peers runs jobs with the Python that COGUMI_PEER_PYTHON names, and returns each
// one's logits.
func peers(t *testing.T, ids []int32, jobs []peerJob, needs ...string) [][]float32 {
	t.Helper()
	python := os.Getenv("COGUMI_PEER_PYTHON")
	if python == "" {
		t.Skip("COGUMI_PEER_PYTHON names no Python with torch, transformers and peft")
	}
	for _, module := range append([]string{"torch", "transformers", "peft"}, needs...) {
		if exec.Command(python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('"+module+"') is None)").Run() != nil {
			t.Skipf("%s has no %s", python, module)
		}
	}
	work := t.TempDir()
	for i := range jobs {
		jobs[i].Out = filepath.Join(work, string(rune('a'+i)))
	}
	b, err := json.Marshal(map[string]any{"ids": ids, "jobs": jobs})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(work, "jobs.json"), b, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "testdata/peft_peer.py", work)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "TOKENIZERS_PARALLELISM=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var all [][]float32
	for _, j := range jobs {
		b, err := os.ReadFile(j.Out)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, floats(b))
	}
	return all
}

// TestPeerAdapters: adapters of every kind that we write give the same logits in
// PEFT, and those that PEFT writes give the same here.
func TestPeerAdapters(t *testing.T) {
	tiny := golden.Dir(t, "models/tiny")
	m := loadTiny(t, cpu.New(), "", Options{})
	ids := recordedBatches(t)[0].examples()[0].IDs
	dir := t.TempDir()
	ours := map[string]AdapterConfig{
		"plain": {Rank: 4, Alpha: 8}, "rslora": {Rank: 8, Alpha: 8, RSLoRA: true, Targets: []string{"q_proj", "down_proj"}}, "dora": {Rank: 4, Alpha: 8, DoRA: true},
		"patterns": {Rank: 4, Alpha: 8, Ranks: peft.Pattern{{Key: "v_proj", Value: 2}, {Key: `layers\.[0-3]\.mlp\..*`, Value: 6}}, Alphas: peft.Pattern{{Key: "layers.1.mlp.up_proj", Value: 24}}},
	}
	var names []string
	var jobs []peerJob
	var want [][]float32
	for name, c := range ours {
		a, err := NewAdapter(m, c, 7)
		if err != nil {
			t.Fatal(err)
		}
		tr := newTestTrainer(t, a, AdamW, 160)
		for range 3 {
			if _, err := tr.Step(context.Background(), recordedBatches(t)[0].examples(), 1e-2); err != nil {
				t.Fatal(err)
			}
		}
		logits, err := m.Logits(context.Background(), a, ids)
		if err != nil {
			t.Fatal(err)
		}
		p, err := a.Export(tiny)
		if err != nil {
			t.Fatal(err)
		}
		folder := filepath.Join(dir, name)
		if err := p.Write(folder); err != nil {
			t.Fatal(err)
		}
		names, want = append(names, name), append(want, logits)
		jobs = append(jobs, peerJob{Model: tiny, Adapter: folder, DType: "float32"})
	}
	all := []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
	theirs := []map[string]any{
		{"r": 8, "lora_alpha": 16, "target_modules": all}, {"r": 4, "lora_alpha": 4, "use_rslora": true, "target_modules": []string{"q_proj", "v_proj"}},
		{"r": 4, "lora_alpha": 8, "use_dora": true, "target_modules": all}, {"r": 4, "lora_alpha": 8, "target_modules": "all-linear"},
		{"r": 4, "lora_alpha": 8, "target_modules": all, "rank_pattern": map[string]int{"k_proj": 3, `layers\.[5-7]\.mlp\.up_proj`: 5}, "alpha_pattern": map[string]int{"o_proj": 2, "up_proj": 9}},
	}
	for i, settings := range theirs {
		jobs = append(jobs, peerJob{Model: tiny, Adapter: filepath.Join(dir, "theirs", string(rune('0'+i))), Make: settings, DType: "float32"})
	}
	got := peers(t, ids, jobs)
	for i, name := range names {
		within(t, "ours there, "+name, want[i], got[i], 2e-4)
	}
	for i := range theirs {
		j := jobs[len(names)+i]
		p, err := peft.Read(j.Adapter)
		if err != nil {
			t.Errorf("%v: %v", theirs[i], err)
			continue
		}
		a, err := OpenAdapter(m, p)
		if err != nil {
			t.Errorf("%v: %v", theirs[i], err)
			continue
		}
		logits, err := m.Logits(context.Background(), a, ids)
		if err != nil {
			t.Fatal(err)
		}
		within(t, "theirs here, "+strings.TrimPrefix(j.Adapter, dir), logits, got[len(names)+i], 2e-4)
	}
}

// TestPeerMerged: a merged folder loads in transformers with the same logits; the
// merge itself is PEFT's, as TestMergedWeights compares.
func TestPeerMerged(t *testing.T) {
	ids := recordedBatches(t)[0].examples()[0].IDs
	folder, w := tinyFiles(t, "")
	dir := t.TempDir()
	var jobs []peerJob
	var want [][]float32
	for _, into := range []MergeInto{MergeBF16, MergeDequantised} {
		out := filepath.Join(dir, string(into))
		if _, err := WriteMerged(folder, w, recordedPEFT(t), into, out, nil); err != nil {
			t.Fatal(err)
		}
		logits, err := loadFolder(t, out).Logits(context.Background(), nil, ids)
		if err != nil {
			t.Fatal(err)
		}
		jobs, want = append(jobs, peerJob{Model: out, DType: "float32"}), append(want, logits)
	}
	for i, got := range peers(t, ids, jobs) {
		within(t, jobs[i].Model, want[i], got, 1e-4)
	}
}

// TestPeerMergedNF4: a model merged into NF4 is a checkpoint that bitsandbytes
// loads; its layers compute in bf16.
func TestPeerMergedNF4(t *testing.T) {
	ids := recordedBatches(t)[0].examples()[0].IDs
	folder, w := tinyFiles(t, "")
	out := filepath.Join(t.TempDir(), "nf4")
	if _, err := WriteMerged(folder, w, recordedPEFT(t), MergeNF4, out, nil); err != nil {
		t.Fatal(err)
	}
	want, err := loadFolder(t, out).Logits(context.Background(), nil, ids)
	if err != nil {
		t.Fatal(err)
	}
	got := peers(t, ids, []peerJob{{Model: out, DType: "bfloat16"}}, "bitsandbytes", "accelerate")
	within(t, "logits", want, got[0], 0.4)
}
