package reports

import (
	"strings"
	"testing"

	"cogumi/reports/run"
)

func TestHeadline(t *testing.T) {
	rate := func(k int) run.Rate { return run.Rate{N: 100, Correct: k, Accuracy: float64(k) / 100} }
	fall := []run.Change{{Family: "count", N: 16, Before: 13, After: 6, Diff: -.4375, P: .016, PAdjusted: .4}}
	for name, c := range map[string]struct {
		c    run.Comparison
		want string
	}{
		"better":           {run.Comparison{Base: rate(50), Tuned: rate(70), Overall: run.Change{Diff: .2, P: .001}}, "Accuracy rose from 50.0% to 70.0%"},
		"better and worse": {run.Comparison{Base: rate(50), Tuned: rate(70), Overall: run.Change{Diff: .2, P: .001}, Regressions: fall}, "Accuracy rose from 50.0% to 70.0%, but one family got worse"},
		"worse":            {run.Comparison{Base: rate(70), Tuned: rate(50), Overall: run.Change{Diff: -.2, P: .001}, Regressions: append(fall, fall...)}, "Accuracy fell from 70.0% to 50.0%, and two families got worse"},
		"unproven rise":    {run.Comparison{Base: rate(50), Tuned: rate(55), Overall: run.Change{Diff: .05, P: .2}, Regressions: fall}, "No difference is proven: 50.0% before, 55.0% after, and one family got worse"},
		"the same":         {run.Comparison{Base: rate(50), Tuned: rate(50), Overall: run.Change{P: 1}}, "No difference is proven: 50.0% before, 50.0% after"},
	} {
		h := compared(&c.c)
		got := h.Text
		if h.But != "" {
			got += ", " + h.But
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestFallsThatCannotBeConfirmed is the case that a validation must not hide.
func TestFallsThatCannotBeConfirmed(t *testing.T) {
	fall := run.Change{Category: "instruction", Family: "count", N: 16, Before: 13, After: 6, BeforeAcc: 13. / 16, AfterAcc: 6. / 16, Diff: -7. / 16, P: .016, PAdjusted: .4, Lost: 7}
	c := run.Comparison{ByFamily: []run.Change{{Family: "add", N: 9}, fall}, Regressions: []run.Change{fall}}
	w := newWorse(&c, &sampleData{})
	if len(w.Rows) != 1 || w.Rows[0].Confirmed || w.Rows[0].Points != minus+"43.8" || w.Rows[0].P != "0.016" || !strings.Contains(w.Explain, "not ruled out") {
		t.Errorf("%+v", w)
	}
	if rows := familyRows(&c, &sampleData{}); rows[0].Name != "count" || !rows[0].Worse {
		t.Errorf("the first row is %+v", rows[0])
	}
	none := newWorse(&run.Comparison{ByFamily: []run.Change{{}}}, &sampleData{})
	if !strings.Contains(none.None, "Nothing that shows") {
		t.Errorf("no fall: %q", none.None)
	}
	if w := newWorse(&run.Comparison{}, &sampleData{}); !strings.Contains(w.None, "compared no families") {
		t.Errorf("no families: %q", w.None)
	}
}

func TestSentence(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "rows need output": "Rows need output.", "code/add fell from 9 to 3": "code/add fell from 9 to 3.", "--ties was given": "--ties was given.",
		"square_add got worse": "square_add got worse.", "cogumi env shows it": "cogumi env shows it.", "Done!": "Done!", "12 rows": "12 rows.",
	} {
		if got := sentence(in); got != want {
			t.Errorf("sentence(%q) is %q, want %q", in, got, want)
		}
	}
}

// TestOneGroupIsNoComparison: runs that differ in nothing but their seeds have
// common items; the headline does not say otherwise.
func TestOneGroupIsNoComparison(t *testing.T) {
	c := &Compared{Runs: make([]ComparedRun, 3), Groups: make([]ComparedGroup, 1)}
	if h := versusHead(c); h.Text != "3\u00a0runs with the same settings, averaged" || strings.Contains(h.Lede, "in common") {
		t.Errorf("%q %q", h.Text, h.Lede)
	}
	c.Groups = make([]ComparedGroup, 2)
	if h := versusHead(c); h.Text != "3\u00a0runs side by side" {
		t.Errorf("%q", h.Text)
	}
}
