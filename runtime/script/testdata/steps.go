//go:build ignore

// PURPOSE: A script with flags, arguments, steps, metrics and a result.
// PIPELINE STAGE: test

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

type params struct {
	Rows int    `json:"rows"`
	Name string `json:"name"`
	note string
}

type level int

func (l level) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "level-%d", int(l)), nil }

func rows(n int, name string) []dataset.Row {
	var out []dataset.Row
	for i := range n {
		out = append(out, dataset.Row{Instruction: fmt.Sprintf("%s %d", name, i), Answer: fmt.Sprint(i * i), Category: "math"})
	}
	return out
}

func main() {
	x := experiment.Start()
	defer x.Finish()
	n := x.Int("rows", 3, "how many")
	name := x.String("name", "none", "what they are called")
	loud := x.Bool("loud", false, "say more")
	p := params{n, name, "private"}
	fmt.Println(n, name, loud, x.Float("rate", 0.5, "unused"), x.Args())

	for range 2 { // the second time the step is found done
		dir := x.Step("make", []string{}, p, func(dir string) {
			b, err := json.Marshal(rows(n, name))
			if err != nil {
				experiment.Stop(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "rows.json"), b, 0o600); err != nil {
				experiment.Stop(err)
			}
			fmt.Println("made", p)
		})
		b, err := os.ReadFile(filepath.Join(dir, "rows.json"))
		var back []dataset.Row
		fmt.Println(len(b), err, json.Unmarshal(b, &back), len(back), back[n-1].Answer)
	}
	for i := range n {
		x.Metric("loss", i, 1/float64(i+1))
	}
	x.Table(run.Table{Name: "t", Title: "T", Columns: []string{"a", "b"}, Rows: [][]any{{"x", 1}, {level(2), 2.5}}})
	x.Figure(run.Figure{Name: "rows", Value: float64(n)})
	set := &dataset.Set{Name: "made", Rows: rows(n, name)}
	odd := set.Where(func(r dataset.Row) bool { return len(r.Answer)%2 == 1 }).Named("odd")
	fmt.Println(odd.Name, odd.Len(), set.Head(2).Rows[1].Instruction, set.Shuffle(1).Len())
	x.Result(map[string]any{"rows": n, "level": level(3), "p": p})
	x.Logf("done %v %T", p, p)
}
