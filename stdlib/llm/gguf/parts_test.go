package gguf

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/stdlib/llm/gguf/gguftest"
)

// cut writes small as n parts, each with some of its tensors.
func cut(t *testing.T, dir string, n int, change func(part int, f *gguftest.File)) string {
	t.Helper()
	all := small()
	each := (len(all.Tensors) + n - 1) / n
	for i := range n {
		f := &gguftest.File{}
		if i == 0 {
			f = all.Clone()
			f.Set("split.tensors.count", len(all.Tensors))
		}
		f.Set("split.no", i)
		f.Set("split.count", n)
		f.Tensors = all.Tensors[min(i*each, len(all.Tensors)):min((i+1)*each, len(all.Tensors))]
		if change != nil {
			change(i, f)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("m-%05d-of-%05d.gguf", i+1, n)), f.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, fmt.Sprintf("m-00001-of-%05d.gguf", n))
}

// TestParts: a model in parts is the model in one.
func TestParts(t *testing.T) {
	file, err := Parse(small().Bytes())
	if err != nil {
		t.Fatal(err)
	}
	want, err := NewModel(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 2, 3, 13} {
		got, err := OpenModel(cut(t, t.TempDir(), n, nil))
		if err != nil {
			t.Fatalf("%d parts: %v", n, err)
		}
		if !slices.Equal(got.Names(), want.Names()) {
			t.Errorf("%d parts: %v", n, got.Names())
		}
		for _, name := range want.Names() {
			a, _ := got.Tensor(name)
			b, _ := want.Tensor(name)
			if !bytes.Equal(a.Data, b.Data) || !slices.Equal(a.Shape, b.Shape) {
				t.Errorf("%d parts: %s differs", n, name)
			}
		}
		if err := got.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestPartsRefused(t *testing.T) {
	dir := t.TempDir()
	first := cut(t, dir, 3, nil)
	second := strings.Replace(first, "00001-of", "00002-of", 1)
	if _, err := OpenModel(second); err == nil || !strings.Contains(err.Error(), "give the first one, m-00001-of-00003.gguf") {
		t.Errorf("the second part: %v", err)
	}
	renamed := filepath.Join(dir, "m.gguf")
	b, err := os.ReadFile(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(renamed, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenModel(renamed); err == nil || !strings.Contains(err.Error(), "one of 3 parts") {
		t.Errorf("a part under another name: %v", err)
	}
	if err := os.Remove(second); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenModel(first); err == nil || !strings.Contains(err.Error(), "m-00002-of-00003.gguf") {
		t.Errorf("a part is missing: %v", err)
	}
	for _, c := range []struct {
		change func(part int, f *gguftest.File)
		want   string
	}{
		{func(part int, f *gguftest.File) { f.Set("split.no", 0) }, "says that it is part 1 of 3"},
		{func(part int, f *gguftest.File) { f.Set("split.count", 4) }, "part 1 of 4"},
		{func(part int, f *gguftest.File) {
			if part == 0 {
				f.Set("split.tensors.count", 99)
			}
		}, "99 are announced"},
		{func(part int, f *gguftest.File) { f.Tensors = small().Tensors[:2] }, "in another part already"},
	} {
		if _, err := OpenModel(cut(t, t.TempDir(), 3, c.change)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	for _, name := range []string{"m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "m-00001-of-99999.gguf"} {
		if _, err := Parts(name); err == nil {
			t.Errorf("%s", name)
		}
	}
}
