package run

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cogumi/reports/run/durable"
)

// stepFiles makes a finished step of an age.
func stepFiles(t *testing.T, root, letter string, age time.Duration, suffixes ...string) string {
	t.Helper()
	key := strings.Repeat(letter, 64)
	dir := filepath.Join(root, StepsDir)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, s := range suffixes {
		path := filepath.Join(dir, key+s)
		if s == "" || s == ".partial" || s == ".record" {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(path, "file"), make([]byte, 1000), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if then := time.Now().Add(-age); os.Chtimes(path, then, then) != nil {
			t.Fatal("no times")
		}
	}
	return key
}

func TestGarbage(t *testing.T) {
	root := t.TempDir()
	named := stepFiles(t, root, "a", time.Hour, "", ".done.json", ".lock")
	unfinished := stepFiles(t, root, "b", time.Hour, ".partial")
	stepFiles(t, root, "c", time.Hour, "", ".done.json", ".record", ".lock")
	stepFiles(t, root, "d", time.Second, "", ".done.json") // its run may be about to name it
	locked := stepFiles(t, root, "e", time.Hour, ".partial", ".lock")
	if err := os.WriteFile(filepath.Join(root, StepsDir, "notes.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, ".removed-x", "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, ".judgements"), 0o755); err != nil { // paid
		t.Fatal(err)
	}
	w, err := Create(root, Info{Script: "x", State: Interrupted, Steps: []Step{{Name: "one", Key: named, State: Done}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Event(Event{Kind: "step", StepInfo: &Step{Name: "two", Key: unfinished, State: Interrupted}}); err != nil {
		t.Fatal(err)
	}
	w.Close()
	unlock, err := durable.TryLock(filepath.Join(root, StepsDir, locked+".lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	list, err := FindGarbage(root)
	if err != nil || len(list) != 3 {
		t.Fatalf("%v, %+v", err, list)
	}
	kept := 0
	for _, g := range list {
		if err := g.Remove(); errors.Is(err, durable.ErrLocked) {
			kept++
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if kept != 1 {
		t.Errorf("%d were in use", kept)
	}
	entries, err := os.ReadDir(filepath.Join(root, StepsDir))
	if err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, e := range entries {
		left = append(left, e.Name()[:1]+strings.TrimLeft(e.Name(), "abcde"))
	}
	want := []string{"a", "a.done.json", "a.lock", "b.partial", "c.lock", "d", "d.done.json", "e.lock", "e.partial", "nnotes.txt"}
	if !slices.Equal(left, want) {
		t.Errorf("left %v, want %v", left, want)
	}
	for _, path := range []string{".judgements", filepath.Base(w.Dir())} {
		if _, err := os.Stat(filepath.Join(root, path)); err != nil {
			t.Error(err)
		}
	}
	if _, err := os.Stat(filepath.Join(root, ".removed-x")); err == nil {
		t.Error("the half removed run is still there")
	}
	if err := os.WriteFile(filepath.Join(w.Dir(), "run.json"), []byte("{"), 0o644); err != nil {
		t.Fatal(err)
	}
	if list, err := FindGarbage(root); err == nil || list != nil {
		t.Errorf("steps were judged although a run cannot be read: %v %v", list, err)
	}
}
