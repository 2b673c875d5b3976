package validate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// Conditions decide whether a comparison is good enough: "points>=3,
// math.wins>=+5, count.losses<=2".
type Conditions []condition

// condition is one of them.
type condition struct {
	group  string // category or family; empty: all items
	metric string
	op     string
	limit  float64
	text   string
}

// metrics are what a condition may ask of a group.
var metrics = map[string]func(c *run.Change) float64{
	"points":   func(c *run.Change) float64 { return 100 * c.Diff },
	"accuracy": func(c *run.Change) float64 { return 100 * c.AfterAcc },
	"wins":     func(c *run.Change) float64 { return float64(c.Gained) },
	"losses":   func(c *run.Change) float64 { return float64(c.Lost) },
	"net":      func(c *run.Change) float64 { return float64(c.Gained - c.Lost) },
}

// MetricNames are accuracy (per cent, after), losses and wins (items that only one
// of the models has right), net (wins less losses) and points (difference in per
// cent).
func MetricNames() []string { return []string{"accuracy", "losses", "net", "points", "wins"} }

// ParseConditions reads conditions between commas: [GROUP.]METRIC OP NUMBER, with
// a category or family as group and >=, <=, >, < or = as operator.
func ParseConditions(text string) (Conditions, error) {
	var list Conditions
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		c, err := parseCondition(part)
		if err != nil {
			return nil, err
		}
		list = append(list, c)
	}
	return list, nil
}

func parseCondition(text string) (c condition, err error) {
	wrong := func(format string, a ...any) (condition, error) {
		return c, experiment.WithCode(experiment.Hint(fmt.Errorf("condition %q: "+format, append([]any{text}, a...)...),
			"write [GROUP.]METRIC>=NUMBER, with one of "+strings.Join(MetricNames(), ", ")), 2)
	}
	at := strings.IndexAny(text, "<>=")
	if at < 1 {
		return wrong("it has no comparison")
	}
	c.text, c.op = text, text[at:at+1]
	rest := text[at+1:]
	if strings.HasPrefix(rest, "=") && c.op != "=" {
		c.op, rest = c.op+"=", rest[1:]
	}
	if c.limit, err = strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), "%"), 64); err != nil {
		return wrong("%q is no number", strings.TrimSpace(rest))
	}
	c.metric = strings.TrimSpace(text[:at])
	if dot := strings.LastIndexByte(c.metric, '.'); dot >= 0 {
		c.group, c.metric = strings.TrimSpace(c.metric[:dot]), c.metric[dot+1:]
	}
	if metrics[c.metric] == nil {
		return wrong("%q is no metric", c.metric)
	}
	return c, nil
}

// MustConditions is ParseConditions; an error ends the run, before anything was
// computed.
func MustConditions(text string) Conditions {
	list, err := ParseConditions(text)
	if err != nil {
		experiment.Stop(err)
	}
	return list
}

func (c *condition) holds(v float64) bool {
	v, limit := rounded(v), rounded(c.limit)
	switch c.op {
	case ">=":
		return v >= limit
	case "<=":
		return v <= limit
	case ">":
		return v > limit
	case "<":
		return v < limit
	}
	return v == limit
}

// rounded keeps 0.1 + 0.2 from failing a limit of 0.3.
func rounded(v float64) float64 {
	f, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		return v
	}
	return f
}

// of finds the change that a condition is about.
func (c *condition) of(r *run.Comparison) (*run.Change, error) {
	if c.group == "" {
		return &r.Overall, nil
	}
	var names []string
	for _, list := range [][]run.Change{r.ByCategory, r.ByFamily} {
		for i := range list {
			name := list[i].Family
			if name == "" {
				name = list[i].Category
			}
			if name == c.group || list[i].Category+"/"+list[i].Family == c.group {
				return &list[i], nil
			}
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	return nil, experiment.WithCode(experiment.Hint(fmt.Errorf("condition %q: no item is of the category or family %q", c.text, c.group),
		"there are "+strings.Join(names, ", ")), 2)
}

// Check says which conditions do not hold, each with the value that it has.
func (list Conditions) Check(r *run.Comparison) (failed []string, err error) {
	for i := range list {
		c := &list[i]
		change, err := c.of(r)
		if err != nil {
			return nil, err
		}
		if v := metrics[c.metric](change); !c.holds(v) {
			failed = append(failed, fmt.Sprintf("%s, it is %.4g", c.text, v))
		}
	}
	return failed, nil
}

// MustHold ends the run with exit code 4 where a condition does not hold. The
// report says of each whether it does.
func (list Conditions) MustHold(r *run.Comparison) {
	x := experiment.Current()
	failed, err := list.Check(r)
	if err != nil {
		experiment.Stop(err)
	}
	for _, c := range list {
		check := run.Check{Topic: "validate", Name: c.text, Outcome: "ok", Text: "Required: " + c.text + "."}
		for _, f := range failed {
			if strings.HasPrefix(f, c.text+",") {
				check.Outcome, check.Text = "fail", "Required: "+f+"."
			}
		}
		x.Check(check)
	}
	if len(failed) > 0 {
		experiment.Stop(experiment.WithCode(fmt.Errorf("not good enough: required is %s", strings.Join(failed, "; ")), 4))
	}
}
