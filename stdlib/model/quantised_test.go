package model

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/safetensors"
)

// TestQuantisedWeightsAreKept: what an earlier start kept gives the same model,
// a damaged file is made again.
func TestQuantisedWeightsAreKept(t *testing.T) {
	t.Setenv("COGUMI_CACHE", t.TempDir())
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	load := func(q *quantised) (*llm.Model, []float32) {
		t.Helper()
		w, err := m.base.open()
		if err != nil {
			t.Fatal(err)
		}
		var from weights = w
		if over, err := q.over(w); err != nil {
			t.Fatal(err)
		} else if over != nil {
			from = over
		}
		loaded, err := llm.Load(cpu.New(), m.base.folder, from, llm.Options{NF4: true, Quantised: q.add})
		if err != nil {
			t.Fatal(err)
		}
		logits, err := loaded.Logits(t.Context(), nil, []int32{2042, 5, 9, 77})
		if err != nil {
			t.Fatal(err)
		}
		return loaded, logits
	}
	first := quantisedOf(m.Hash)
	_, want := load(first)
	if len(first.made) == 0 {
		t.Fatal("nothing was quantised")
	}
	first.size = keepFrom // tiny is too small to be kept
	if err := first.keep(); err != nil {
		t.Fatal(err)
	}
	second := quantisedOf(m.Hash)
	if _, got := load(second); !slices.Equal(got, want) || len(second.made) != 0 {
		t.Errorf("from the kept file: the same logits %v, %d tensors quantised again", slices.Equal(got, want), len(second.made))
	}
	if err := os.Truncate(first.path, 1000); err != nil {
		t.Fatal(err)
	}
	third := quantisedOf(m.Hash)
	if _, got := load(third); !slices.Equal(got, want) || len(third.made) != len(first.made) {
		t.Errorf("a damaged file: %d tensors quantised again, want %d", len(third.made), len(first.made))
	}
	if _, err := os.Stat(first.path); !os.IsNotExist(err) {
		t.Errorf("the damaged file is still there: %v", err)
	}
}

// TestDamagedInside: a kept file whose tensors do not fit is made again too.
func TestDamagedInside(t *testing.T) {
	t.Setenv("COGUMI_CACHE", t.TempDir())
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	q := quantisedOf(m.Hash)
	if err := os.MkdirAll(filepath.Dir(q.path), 0o755); err != nil {
		t.Fatal(err)
	}
	wrong := []safetensors.Tensor{{Name: "model.layers.0.mlp.up_proj.weight.absmax", DType: "U8", Shape: []int{1}, Data: []byte{1}}}
	if err := safetensors.Write(q.path, wrong, nil); err != nil {
		t.Fatal(err)
	}
	w, err := m.base.open()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := m.loadNF4(cpu.New(), w)
	if err != nil || !strings.Contains(loaded.Format, "nf4") {
		t.Fatalf("%v", err)
	}
	if _, err := os.Stat(q.path); !os.IsNotExist(err) {
		t.Errorf("the damaged file is still there: %v", err)
	}
}
