package train

import (
	"math"
	"strings"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/model"
)

// TestAdapterOnAdapter: nothing happens to an adapter unless it is said: it is
// trained further, or merged first.
func TestAdapterOnAdapter(t *testing.T) {
	m, err := model.Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	pool, err := dataset.Read("tinyworld/pool")
	if err != nil {
		t.Fatal(err)
	}
	set := pool.Shuffle(5).Head(12)
	experimenttest.Start(t)
	first, err := QLoRA(m, set, Config{Rank: 2, Alpha: 6, Epochs: 2, Batch: 4, Holdout: -1, LR: 0.02, DoRA: true, Targets: []string{"q_proj", "up_proj"}})
	if err != nil {
		t.Fatal(err)
	}
	old, err := peft.Read(first.Folder)
	if err != nil || !old.DoRA {
		t.Fatalf("%+v, %v", old, err)
	}
	tuned := m.MustWithAdapter(first)
	for name, c := range map[string]Config{
		"nothing said": {}, "stack": {OnAdapter: "stack"}, "another rank": {OnAdapter: "continue", Rank: 4}, "other targets": {OnAdapter: "continue", Targets: []string{"q_proj"}},
		"another alpha": {OnAdapter: "continue", Alpha: 4}, "RSLoRA": {OnAdapter: "continue", RSLoRA: true},
	} {
		c.Epochs, c.Batch, c.Holdout = 1, 4, -1
		if _, err := QLoRA(tuned, set, c); err == nil || name != "stack" && experiment.HintOf(err) == "" {
			t.Errorf("%s: error %v, hint %q", name, err, experiment.HintOf(err))
		} else if name == "nothing said" && !(strings.Contains(experiment.HintOf(err), "continue") && strings.Contains(experiment.HintOf(err), "MustMerge")) {
			t.Errorf("hint %q", experiment.HintOf(err))
		}
	}
	if _, err := QLoRA(m, set, Config{OnAdapter: "continue"}); err == nil {
		t.Error("a model without an adapter was continued")
	}
	// With a learning rate of almost nothing it is the old one still.
	second, err := QLoRA(tuned, set, Config{OnAdapter: "continue", Epochs: 1, Batch: 4, Holdout: -1, LR: 1e-9, WeightDecay: -1})
	if err != nil {
		t.Fatal(err)
	}
	now, err := peft.Read(second.Folder)
	if err != nil || now.R != 2 || now.Alpha != 6 || !now.DoRA || len(now.Tensors) != len(old.Tensors) || second.Base != m.Hash {
		t.Fatalf("%+v, %v", now, err)
	}
	for name, p := range old.Tensors {
		q := now.Tensors[name]
		for i := range p.B {
			if math.Abs(float64(p.B[i]-q.B[i])) > 1e-6 {
				t.Fatalf("%s: B[%d] was %v, is %v", name, i, p.B[i], q.B[i])
			}
		}
		for i := range p.Magnitude {
			if math.Abs(float64(p.Magnitude[i]-q.Magnitude[i])) > 1e-6 {
				t.Fatalf("%s: magnitude %d was %v, is %v", name, i, p.Magnitude[i], q.Magnitude[i])
			}
		}
	}
	// Merged first, a new adapter goes on top of it, and on nothing else.
	merged := tuned.MustMerge("bf16", "")
	third, err := QLoRA(merged, set, Config{Rank: 4, Epochs: 1, Batch: 4, Holdout: -1})
	if err != nil || third.Base != merged.Hash || merged.Hash == m.Hash || merged.Adapter != nil {
		t.Fatalf("%+v, %v", third, err)
	}
	if _, err := m.WithAdapter(third); err == nil {
		t.Error("an adapter of the merged model was put on its base")
	}
}
