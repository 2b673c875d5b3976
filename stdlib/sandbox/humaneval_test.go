package sandbox

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"cogumi/kernels/golden"
)

type exercise struct {
	ID       string `json:"task_id"`
	Prompt   string
	Entry    string `json:"entry_point"`
	Solution string `json:"canonical_solution"`
	Test     string
}

func exercises(t testing.TB) []exercise {
	t.Helper()
	f, err := os.Open(filepath.Join(golden.Dir(t, "data/humaneval"), "HumanEval.jsonl.gz"))
	if err != nil {
		t.Skip(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []exercise
	for d := json.NewDecoder(z); d.More(); {
		var e exercise
		if err := d.Decode(&e); err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	if len(all) != 164 {
		t.Fatalf("%d exercises, HumanEval has 164", len(all))
	}
	return all
}

func (e exercise) program(body string) Program {
	return Program{Code: e.Prompt + body + "\n" + e.Test + "\ncheck(" + e.Entry + ")\n"}
}

// HumanEval's own solutions pass, functions that return nothing fail.
func TestHumanEval(t *testing.T) {
	all := exercises(t)
	inBothTiers(t, func(t *testing.T, tier string) {
		var list []Program
		for _, e := range all {
			list = append(list, e.program(e.Solution), e.program("    return None\n"))
		}
		results, err := RunAll(t.Context(), list, 4)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			if r.OK() != (i%2 == 0) || r.Isolation != tier {
				t.Errorf("%s, its solution %t: %s %s", all[i/2].ID, i%2 == 0, r.String(), r.Stderr)
			}
		}
	})
}
