package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cogumi/experiments"
	"cogumi/runtime/stage"
)

// TestExperiments: every script that the binary carries has a header, passes
// the checks, fits the others, and the page says what the headers say.
func TestExperiments(t *testing.T) {
	all, err := scriptsIn(experiments.Scripts, ".", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 {
		t.Fatal("no scripts are embedded")
	}
	for _, f := range all {
		if f.Header == nil {
			t.Errorf("%s has no header", f.Path)
		}
	}
	for _, p := range checkScripts(all, all) {
		t.Errorf("%v (%s)", p, p.Hint)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "PIPELINE.md"))
	if err != nil || !bytes.Equal(page, stage.Page(stageSet(all))) {
		t.Errorf("docs/PIPELINE.md is not what the headers say (%v): make docs", err)
	}
}
