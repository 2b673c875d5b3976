package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// TestFresh: the committed tables are what this Go and this stdlib export.
func TestFresh(t *testing.T) {
	files, broken, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) < 60 {
		t.Fatalf("only %d tables", len(files))
	}
	for name, want := range files {
		have, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(have, want) {
			t.Errorf("%s is stale (%v): make symbols", name, err)
		}
	}
	old, err := filepath.Glob(filepath.Join("..", "table_*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range old {
		if _, ok := files[filepath.Base(f)]; !ok && !broken[filepath.Base(f)] {
			t.Errorf("%s belongs to no package: make symbols", f)
		}
	}
}
