package validate

import (
	"slices"
	"strings"
	"testing"

	"cogumi/reports/run"
)

func TestConditions(t *testing.T) {
	c := &run.Comparison{
		Overall:    run.Change{N: 100, Diff: 0.03, AfterAcc: 0.8, Gained: 10, Lost: 7},
		ByCategory: []run.Change{{Category: "math", Diff: 0.1 + 0.2 - 0.3 + 0.05, Gained: 5, Lost: 1}},
		ByFamily:   []run.Change{{Category: "math", Family: "count", Lost: 3, Diff: -0.2}},
	}
	for text, failed := range map[string][]string{
		"":                                     nil,
		"points>=3, math.wins>=+5":             nil,
		"math.points=5":                        nil,
		"points > 3":                           {"points > 3, it is 3"},
		"count.losses<=2,net>=3,accuracy>=80%": {"count.losses<=2, it is 3"},
		"math/count.points>-10":                {"math/count.points>-10, it is -20"},
		"losses<7":                             {"losses<7, it is 7"},
	} {
		list, err := ParseConditions(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := list.Check(c); err != nil || !slices.Equal(got, failed) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, failed)
		}
	}
	for text, want := range map[string]string{"points": "no comparison", "points>=many": "no number", "math.speed>1": `"speed" is no metric`, ">=3": "no comparison"} {
		if _, err := ParseConditions(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	list, _ := ParseConditions("chess.points>=1")
	if _, err := list.Check(c); err == nil || !strings.Contains(err.Error(), `"chess"`) {
		t.Errorf("%v", err)
	}
}

func FuzzConditions(f *testing.F) {
	f.Add("math.wins>=+5,points<3")
	f.Fuzz(func(t *testing.T, s string) {
		list, err := ParseConditions(s)
		if err == nil && len(list) > strings.Count(s, ",")+1 {
			t.Fatalf("%q: %v", s, list)
		}
	})
}
