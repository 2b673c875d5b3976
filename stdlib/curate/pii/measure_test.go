package pii

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/dataset"
)

// TestOnRealRows counts what is found in data sets of the field, where nothing
// personal should be, and shows it under -v: what is found there is wrong, but for
// what people wrote into their questions. The bound is what was measured with some
// room; the table is in docs/curation.md.
func TestOnRealRows(t *testing.T) {
	total, hit := 0, 0
	for _, name := range []string{"gsm8k", "humaneval", "mbpp", "mmlu", "mtbench", "alpaca_eval", "cogumi-questions", "neardup"} {
		dir := golden.Dir(t, "data/"+name)
		rows, with := 0, 0
		kinds := map[string]int{}
		var examples []string
		look := func(text string) {
			rows++
			found := Find(text)
			if len(found) > 0 {
				with++
			}
			for _, s := range found {
				kinds[s.Kind]++
				examples = append(examples, s.Kind+" "+text[max(0, s.Start-20):min(len(text), s.End+10)])
			}
		}
		err := filepath.WalkDir(dir, func(path string, f os.DirEntry, err error) error {
			if err != nil || !strings.Contains(f.Name(), ".json") {
				return err
			}
			err = dataset.Each(path, func(r dataset.Row) error { look(r.Prompt() + "\n" + r.Reply()); return nil }, func(b dataset.Bad) { look(b.Text) })
			if errors.Is(err, dataset.ErrOnlyBad) {
				return nil // of another form: its text was looked at
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("| %s | %d | %d |", name, rows, with)
		for _, k := range Kinds {
			line += fmt.Sprintf(" %d |", kinds[k])
		}
		t.Log(line)
		slices.Sort(examples)
		for _, e := range slices.Compact(examples) {
			t.Logf("  %.120q", e)
		}
		total, hit = total+rows, hit+with
	}
	if total < 50_000 || hit*1000 > 3*total {
		t.Errorf("something was found in %d of %d rows", hit, total)
	}
}
