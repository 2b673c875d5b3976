package reports

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"strings"

	"cogumi/reports/run"
)

// next says what to do with this run, most urgent first.
func (p *page) next(r *run.Run, comparisons []run.Comparison, s *sampleData) []action {
	var list []action
	if n := len(comparisons); n > 0 {
		list = append(list, afterComparison(r, &comparisons[n-1], s)...)
	}
	if n := len(r.Judgings()); n > 0 && len(comparisons) == 0 {
		list = append(list, afterJudging(&r.Judgings()[n-1], s)...)
	}
	for _, n := range r.Notes() {
		if n.Level == "warn" && n.Hint != "" && len(list) < 6 && !aboutFall(n, comparisons) {
			list = append(list, action{Text: strings.TrimRight(sentence(clipTo(n.Hint, 400)), ". "), Hint: sentence(clipTo(n.Text, 400))})
		}
	}
	return list
}

func afterJudging(j *run.Judging, s *sampleData) []action {
	var list []action
	t := &j.Total
	if odd := oddJudge(j); odd != "" {
		list = append(list, action{Text: "Find out what the judge sees", Hint: "A judge that fails canaries prefers something else than the better answer: conclude nothing from it before you know what."})
	}
	if link, text := judgedLink(j, s); link != "" {
		list = append(list, action{Text: "Read what was lost", Hint: "The reasons of the judge in both orders stand beside the answers.", Link: link, LinkText: text})
	}
	if n := t.Judged(); n > 0 && float64(t.Flips) > .25*float64(n) {
		list = append(list, action{Text: "Take a better judge", Hint: fmt.Sprintf("The two orders disagree on %s of %s.", count(t.Flips), plural(n, "pair"))})
	}
	if t.P >= .05 && j.Detectable > 0 {
		list = append(list, action{Text: "Judge more pairs", Hint: fmt.Sprintf("With this many, a shift of %s points or more is found with 80%% power; smaller ones are not seen.", signed(100*j.Detectable, 1)[1:])})
	}
	if t.Errors > 0 {
		list = append(list, action{Text: "Look at the pairs that could not be judged", Link: query("tag:error"), LinkText: "See " + plural(t.Errors, "pair")})
	}
	return list
}

// aboutFall says whether a note tells of a family that got worse: the page has
// said what to do about those.
func aboutFall(n run.Note, comparisons []run.Comparison) bool {
	for i := range comparisons {
		for _, f := range comparisons[i].Regressions {
			if f.Family != "" && n.Topic == "validate" && strings.Contains(n.Text, f.Family) {
				return true
			}
		}
	}
	return false
}

func afterComparison(r *run.Run, c *run.Comparison, s *sampleData) []action {
	var list []action
	if len(c.Regressions) > 0 {
		names := make([]string, 0, 4)
		for i := range c.Regressions {
			if i == 3 && len(c.Regressions) > 4 {
				names = append(names, fmt.Sprintf("%d others", len(c.Regressions)-3))
				break
			}
			names = append(names, c.Regressions[i].Family)
		}
		a := action{Text: "Read what " + join(names) + " lost", Hint: "A pattern in the lost answers says what the training taught wrong."}
		if n := s.tagged("regressed"); n > 0 {
			a.Link, a.LinkText = query("tag:regressed"), "See "+plural(n, "lost item")
		}
		list = append(list, a, action{
			Text: "Replay more of what it could do",
			Hint: "Add solved rows of " + join(names) + " to the training rows, or train less, and compare again.",
		})
	}
	if !proven(&c.Overall) {
		half := (c.Overall.High - c.Overall.Low) / 2
		list = append(list, action{Text: "Compare on more items", Hint: fmt.Sprintf("With %s the interval is ±%s points wide: smaller effects cannot be seen.", plural(c.Base.N, "item"), number(math.Round(1000*half)/10))})
	}
	if proven(&c.Overall) && c.Overall.Diff > 0 {
		for _, a := range r.Artefacts() {
			if a.Kind == "adapter" {
				folder := a.Path
				if path.Ext(folder) != "" { // one of the adapter's files
					folder = path.Dir(folder)
				}
				list = append(list, action{Text: "The adapter is in " + folder, Hint: "Its hash is under Provenance; the command there makes it again."})
				break
			}
		}
	}
	return list
}

// join lists names as prose does.
func join(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

// query is a link to the sample browser with a filter.
func query(q string) string { return "#q=" + url.QueryEscape(q) }

// filterValue quotes a value for the filter grammar.
func filterValue(s string) string {
	if strings.ContainsAny(s, " \t\"") {
		return `"` + strings.ReplaceAll(s, `"`, "") + `"`
	}
	return s
}
