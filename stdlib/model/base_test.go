package model

import (
	"errors"
	"testing"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm/peft"
)

// TestOtherBase: an adapter that says on which files it was trained goes on no
// others, unless that is asked for; one that does not say goes on any.
func TestOtherBase(t *testing.T) {
	tiny, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	original, err := LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	if original.Hash == tiny.Hash || original.Files() != tiny.Files() {
		t.Fatalf("the same files: %s and %s", original.Files(), tiny.Files())
	}
	for base, refused := range map[string]bool{"": false, tiny.Files(): false, "0123": true} {
		p := peft.Adapter{BaseModel: "org/name", BaseFiles: base, R: 1, Alpha: 1, Targets: []string{"q_proj"},
			Tensors: map[string]peft.Pair{"model.layers.0.self_attn.q_proj": {A: make([]float32, 4), B: make([]float32, 4), In: 4, Out: 4}}}
		folder := t.TempDir()
		if err := p.Write(folder); err != nil {
			t.Fatal(err)
		}
		a, err := OpenAdapter(folder)
		if err != nil || a.Base != base {
			t.Fatalf("%+v, %v", a, err)
		}
		for _, m := range []*Model{tiny, original} {
			_, err := m.WithAdapter(a)
			if errors.Is(err, ErrOtherBase) != refused || refused && experiment.HintOf(err) == "" {
				t.Errorf("base %q: %v", base, err)
			}
		}
		a.AnyBase = true
		if _, err := tiny.WithAdapter(a); err != nil {
			t.Errorf("asked for: %v", err)
		}
	}
}
