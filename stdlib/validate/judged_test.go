package validate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/judge"
)

// matches are two judged matches from outcomes: "lw" was lost before and is won
// after; w, l, t, f and e are win, loss, tie, flip and error.
func matches(outcomes ...string) (before, after *judge.Result) {
	names := map[byte]string{'w': judge.Won, 'l': judge.Lost, 't': judge.Drawn, 'f': judge.Flip, 'e': judge.Failed}
	scores := map[byte]float64{'w': 1, 't': 0.5, 'f': 0.5}
	before, after = &judge.Result{Ours: "tuned", Theirs: "reference"}, &judge.Result{Ours: "tuned", Theirs: "reference"}
	for i, o := range outcomes {
		p := judge.Pair{Row: dataset.Row{Instruction: fmt.Sprint("task ", i), Category: "math", Family: "add"}, Ours: "old", Theirs: "reply"}
		before.Verdicts = append(before.Verdicts, judge.Verdict{Pair: p, Outcome: names[o[0]], Score: scores[o[0]], Error: "broken"})
		p.Ours = "new"
		after.Verdicts = append(after.Verdicts, judge.Verdict{Pair: p, Outcome: names[o[1]], Score: scores[o[1]]})
	}
	return before, after
}

// TestJudged: what the reference does not win in both orders counts as right, so
// that ties and flips are no failures; errors are left out; conditions decide.
func TestJudged(t *testing.T) {
	x := experimenttest.Start(t)
	before, after := matches("lw", "lt", "lf", "wl", "tl", "tw", "ft", "ll", "ew", "we")
	c := Judged(before, after)
	if c.Overall.N != 8 || c.Overall.Gained != 3 || c.Overall.Lost != 2 || c.Excluded != 2 || c.ExcludedWhy != "broken" {
		t.Errorf("%+v", c)
	}
	if c.BaseName != "before" || c.TunedName != "after" || !strings.Contains(c.Right, "where reference does not win against it") {
		t.Errorf("%q, %q, %q", c.BaseName, c.TunedName, c.Right)
	}
	list, err := ParseConditions("math.wins>=+3,add.losses<=1")
	if err != nil {
		t.Fatal(err)
	}
	if failed, err := list.Check(c); err != nil || !slices.Equal(failed, []string{"add.losses<=1, it is 2"}) {
		t.Errorf("%q, %v", failed, err)
	}
	got := experimenttest.Read(t, x)
	at := slices.IndexFunc(got.Figures(), func(f run.Figure) bool { return f.Name == "change of the score against reference" })
	if at < 0 {
		t.Fatal("no change of the score")
	}
	// +1, +½, +½, −1, −½, +½, 0, 0 of eight
	if f := got.Figures()[at]; f.N != 8 || f.Value != 12.5 || f.Low >= f.Value || f.High <= f.Value {
		t.Errorf("%+v", f)
	}
}

func TestJudgedMustMatch(t *testing.T) {
	before, after := matches("lw", "ww")
	after.Verdicts[1].Pair.Theirs = "another"
	if _, err := ComputeJudged(before, after); err == nil || !strings.Contains(err.Error(), "item 2 has another reference") {
		t.Errorf("%v", err)
	}
	before, after = matches("lw")
	after.Theirs = "somebody"
	if _, err := ComputeJudged(before, after); err == nil {
		t.Error("another reference model passed")
	}
}

// TestSameAnswers: an adapter that changes nothing is named.
func TestSameAnswers(t *testing.T) {
	for _, same := range []bool{true, false} {
		x := experimenttest.Start(t)
		before, after := matches("ww", "ll")
		if same {
			for i := range after.Verdicts {
				after.Verdicts[i].Pair.Ours = "old"
			}
		}
		Judged(before, after)
		if warned := slices.ContainsFunc(experimenttest.Read(t, x).Notes(), func(n run.Note) bool { return strings.Contains(n.Text, "letter for letter") }); warned != same {
			t.Errorf("same %v, warned %v", same, warned)
		}
	}
}

// TestSpared adds up what earlier runs saved.
func TestSpared(t *testing.T) {
	x := experimenttest.Start(t)
	old := &dataset.Answers{List: []dataset.Answer{{Tokens: 10}, {Tokens: 20}}, Reused: 2}
	fresh := &dataset.Answers{List: []dataset.Answer{{Tokens: 5}, {Tokens: 5}}}
	a := &judge.Result{Cost: judge.Cost{Reused: 120, Saved: 0.25, Spared: judge.Usage{Input: 60000, Output: 12000}, Known: true}}
	b := &judge.Result{Cost: judge.Cost{Calls: 118, Reused: 2, Saved: 0.005, Paid: 0.245, Spared: judge.Usage{Input: 1000, Output: 200}, Known: true}}
	s := Spared([]*dataset.Answers{old, fresh}, []*judge.Result{a, b})
	want := "2 answers (30 tokens) and 122 judgements (73200 tokens, $0.2550) taken from earlier runs; new are 2 answers and 118 judgements ($0.2450)"
	if s.String() != want {
		t.Errorf("%s", s)
	}
	if !slices.ContainsFunc(experimenttest.Read(t, x).Notes(), func(n run.Note) bool { return n.Text == want && n.Topic == "cost" }) {
		t.Error("the report does not say it")
	}
	if s := Spared([]*dataset.Answers{fresh}, nil); s.String() != "nothing taken from earlier runs; new are 2 answers" {
		t.Errorf("%s", s)
	}
}
