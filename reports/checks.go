package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"cogumi/reports/run"
)

// check is one thing that was looked at in the data, as a sentence.
type check struct {
	Class, Mark      string // ok, warn, fail; what stands for it in words
	Name, Text, Hint string
	Count            string
	Examples         []string
}

type checks struct {
	Summary string
	List    []check
}

var checkMarks = map[string]string{"ok": "in order", "warn": "to look at", "fail": "failed"}

// newChecks puts what failed on top.
func newChecks(list []run.Check) *checks {
	if len(list) == 0 {
		return nil
	}
	list = slices.Clone(list)
	order := []string{"fail", "warn", "", "ok"}
	slices.SortStableFunc(list, func(a, b run.Check) int {
		return cmp.Compare(slices.Index(order, a.Outcome), slices.Index(order, b.Outcome))
	})
	v := &checks{}
	n := map[string]int{}
	for i := range list {
		c := newCheck(&list[i])
		n[c.Class]++
		if len(v.List) < maxNotes {
			v.List = append(v.List, c)
		}
	}
	v.Summary = plural(len(list), "check") + ": " + checkCounts(n) + "."
	if len(list) > maxNotes {
		v.Summary += fmt.Sprintf(" %d are shown.", maxNotes)
	}
	return v
}

func checkCounts(n map[string]int) string {
	var parts []string
	for _, c := range []string{"fail", "warn", "ok"} {
		if n[c] > 0 {
			parts = append(parts, count(n[c])+nbsp+checkMarks[c])
		}
	}
	return strings.Join(parts, ", ")
}

func newCheck(c *run.Check) check {
	v := check{Class: c.Outcome, Name: clipTo(c.Name, 100), Text: sentence(clip(c.Text)), Hint: sentence(clip(c.Hint))}
	if checkMarks[v.Class] == "" {
		v.Class = "warn"
	}
	v.Mark = checkMarks[v.Class]
	switch {
	case c.Of > 0 && c.N > 0:
		v.Count = fmt.Sprintf("%s of %s", count(c.N), plural(c.Of, "row"))
	case c.Of > 0:
		v.Count = plural(c.Of, "row") + " looked at"
	case c.N > 0:
		v.Count = plural(c.N, "row")
	}
	for i, e := range c.Examples {
		if i < 5 {
			v.Examples = append(v.Examples, clipTo(e, 300))
		}
	}
	return v
}
