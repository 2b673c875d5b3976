package validate

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/grade"
)

// pair makes two sheets from families of verdicts: "RR" is right before and
// after, "RW" a regression, "U?" cannot be graded.
func pair(families map[string][]string) (before, after *grade.Sheet) {
	before, after = &grade.Sheet{Name: "eval", Model: "base"}, &grade.Sheet{Name: "eval", Model: "tuned"}
	verdicts := map[byte]string{'R': grade.Right, 'W': grade.Wrong, 'U': grade.Unsupported}
	for _, name := range []string{"a", "b", "c", "d"} {
		for i, v := range families[name] {
			row := dataset.Row{Instruction: fmt.Sprintf("%s %d", name, i), Category: "math", Family: name}
			before.Items = append(before.Items, grade.Item{Row: row, Verdict: verdicts[v[0]], Reason: "because"})
			after.Items = append(after.Items, grade.Item{Row: row, Verdict: verdicts[v[1]]})
		}
	}
	return before, after
}

func times(n int, v string) []string { return strings.Fields(strings.Repeat(v+" ", n)) }

// TestSmallFamilyThatFell: 13 of 16 to 6 of 16 cannot be confirmed among other
// families, and is named all the same.
func TestSmallFamilyThatFell(t *testing.T) {
	count := append(append(times(6, "RR"), times(7, "RW")...), times(3, "WW")...)
	c, err := Compute(pair(map[string][]string{"a": count, "b": times(30, "WR"), "c": times(20, "RR"), "d": append(times(19, "RR"), "RW")}))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Regressions) != 1 {
		t.Fatalf("regressions: %+v", c.Regressions)
	}
	r := c.Regressions[0]
	if r.Family != "a" || r.Before != 13 || r.After != 6 || r.N != 16 || math.Abs(r.P-0.015625) > 1e-12 || r.Confirmed != (r.PAdjusted < 0.05) || r.PAdjusted <= r.P {
		t.Errorf("regression: %+v", r)
	}
	if c.Base.Correct != 53 || c.Tuned.Correct != 75 || c.Base.N != 86 || c.Overall.Gained != 30 || c.Overall.Lost != 8 {
		t.Errorf("overall: %+v, %+v, %+v", c.Base, c.Tuned, c.Overall)
	}
	if c.Overall.Low >= c.Overall.Diff || c.Overall.High <= c.Overall.Diff || len(c.ByFamily) != 4 || len(c.ByCategory) != 1 {
		t.Errorf("intervals or groups: %+v", c)
	}
	if n := notes(c); !strings.Contains(n[0].Text, "math/a fell from 13 to 6 of 16") {
		t.Errorf("note: %q", n[0].Text)
	}
}

func TestTenPointsExactly(t *testing.T) {
	c, err := Compute(pair(map[string][]string{"a": append(times(9, "RR"), "RW"), "b": append(times(19, "RR"), "RW")}))
	if err != nil || len(c.Regressions) != 1 || c.Regressions[0].Family != "a" || c.Regressions[0].Confirmed {
		t.Errorf("%+v, %v", c.Regressions, err)
	}
}

// TestSignificantSmallFall: two points of many items with p < .05 are named.
func TestSignificantSmallFall(t *testing.T) {
	c, err := Compute(pair(map[string][]string{"a": append(times(390, "RR"), times(10, "RW")...)}))
	if err != nil || len(c.Regressions) != 1 || !c.Regressions[0].Confirmed {
		t.Errorf("%+v, %v", c.Regressions, err)
	}
}

func TestWhatCannotBeGradedIsLeftOut(t *testing.T) {
	c, err := Compute(pair(map[string][]string{"a": append(times(5, "RR"), "UR", "RU", "UU")}))
	if err != nil || c.Excluded != 3 || c.Base.N != 5 || c.ExcludedWhy != "because" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := Compute(pair(map[string][]string{"a": times(3, "UU")})); err == nil {
		t.Error("nothing could be graded, and there is a result")
	}
}

func TestSheetsMustMatch(t *testing.T) {
	before, after := pair(map[string][]string{"a": times(3, "RR")})
	short := &grade.Sheet{Items: after.Items[:2]}
	if _, err := Compute(before, short); err == nil {
		t.Error("sheets of different length passed")
	}
	after.Items[1].Row.Instruction = "another"
	if _, err := Compute(before, after); err == nil {
		t.Error("sheets over different rows passed")
	}
	if c, err := Compute(&grade.Sheet{}, &grade.Sheet{}); err != nil || c.Base.N != 0 || len(c.Regressions) != 0 {
		t.Errorf("empty sheets: %+v, %v", c, err)
	}
}

func TestRegressionsComeFirst(t *testing.T) {
	before, after := pair(map[string][]string{"a": {"RR", "WR", "WW", "RW", "UW"}})
	var got []string
	for _, s := range samples(before, after) {
		got = append(got, s.Tags[0])
	}
	if fmt.Sprint(got) != "[regressed wrong fixed right unsupported]" {
		t.Errorf("order %v", got)
	}
}
