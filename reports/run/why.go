package run

import (
	"fmt"
	"sort"
	"strings"
)

// PartChange is one thing that decides a step's result and that differs between
// two runs. Before or After is empty when only the other run has it.
type PartChange struct {
	Part   string // as in Step.Parts: "param lr", "input pool", "source func", "flag n" …
	Before string
	After  string
}

// Explanation says why a step of a run was done, or was not.
type Explanation struct {
	Run      string // id
	Previous string // id of the run it is compared with; "" when there is none
	Step     Step
	Changes  []PartChange
}

// Why explains the steps of that name in the newest run of script, by comparing
// what they were made of with the run before. An empty script means the newest
// run of all, an empty step all its steps.
func Why(root, script, step string) ([]Explanation, error) {
	runs, err := List(root)
	if err != nil {
		return nil, err
	}
	var newest *Run
	var older []Summary
	for i, s := range runs {
		if s.Err != nil || script != "" && s.Script != script {
			continue
		}
		r, err := Read(s.Dir)
		if err != nil {
			continue
		}
		if len(stepsNamed(r, step)) > 0 || newest == nil && step == "" {
			newest, script, older = r, s.Script, runs[i+1:]
			break
		}
	}
	if newest == nil {
		return nil, fmt.Errorf("why: no run%s under %s has a step %q", of(script), root, step)
	}
	return explain(newest, older, script, step), nil
}

func of(script string) string {
	if script == "" {
		return ""
	}
	return " of " + script
}

func explain(newest *Run, older []Summary, script, step string) []Explanation {
	var list []Explanation
	for _, s := range stepsNamed(newest, step) {
		e := Explanation{Run: newest.Info.ID, Step: s}
		for _, o := range older {
			if o.Err != nil || o.Script != script {
				continue
			}
			r, err := Read(o.Dir)
			if err != nil {
				continue
			}
			if before := stepsNamed(r, s.Name); len(before) > 0 {
				e.Previous, e.Changes = r.Info.ID, nearest(before, s)
				break
			}
		}
		list = append(list, e)
	}
	return list
}

// stepsNamed are the steps of that name, all for "".
func stepsNamed(r *Run, name string) []Step {
	var list []Step
	for _, s := range r.Steps() {
		if name == "" || s.Name == name {
			list = append(list, s)
		}
	}
	return list
}

// nearest compares s with the one of several earlier steps that differs least: a
// script may do a step of one name twice, for two models.
func nearest(before []Step, s Step) []PartChange {
	var best []PartChange
	for i, b := range before {
		if c := partChanges(b.Parts, s.Parts); i == 0 || len(c) < len(best) {
			best = c
		}
	}
	return best
}

func partChanges(before, after map[string]string) []PartChange {
	var list []PartChange
	for part, v := range after {
		if old, ok := before[part]; !ok || old != v {
			list = append(list, PartChange{part, old, v})
		}
	}
	for part, old := range before {
		if _, ok := after[part]; !ok {
			list = append(list, PartChange{part, old, ""})
		}
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Part < list[j].Part })
	return list
}

// String is the explanation as sentences.
func (e Explanation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Step.Name, e.verb())
	switch {
	case e.Previous == "":
		b.WriteString(": no earlier run has this step\n")
	case len(e.Changes) == 0 && e.Step.Reused:
		b.WriteString(": nothing that decides its result has changed since " + e.Previous + "\n")
	case len(e.Changes) == 0 && e.Step.Resumed:
		b.WriteString(": an earlier attempt had not finished\n")
	case len(e.Changes) == 0:
		b.WriteString(": nothing has changed since " + e.Previous + ", but its result was not there whole, or --force or --from asked for it\n")
	case e.Step.Reused:
		b.WriteString(": an older run had made it already; since " + e.Previous + ":\n")
	default:
		b.WriteString(", because since " + e.Previous + ":\n")
	}
	for _, c := range e.Changes {
		b.WriteString("  " + c.String() + "\n")
	}
	return b.String()
}

func (e Explanation) verb() string {
	switch {
	case e.Step.Reused:
		return "was reused"
	case e.Step.Resumed:
		return "went on where it was stopped"
	case e.Step.State == Running:
		return "was begun"
	case e.Step.State == Failed:
		return "was tried"
	}
	return "was done"
}

// String says the change as a sentence.
func (c PartChange) String() string {
	kind, name, _ := strings.Cut(c.Part, " ")
	switch kind {
	case "input":
		return c.say("input "+name, "has other content")
	case "source":
		if name == "func" {
			name = "the step's function"
		}
		return c.say("the script's text changed: "+name, "")
	case "program":
		return "the program was built anew, and the script's source is not known"
	case "param", "flag":
		if name == "" {
			name = "params"
		}
		if strings.HasPrefix(c.Before, "sha256 ") || strings.HasPrefix(c.After, "sha256 ") {
			return c.say(kind+" "+name, "changed")
		}
		return c.say(kind+" "+name, c.Before+" → "+c.After)
	case "version", "store":
		return fmt.Sprintf("cogumi's %s of this step went from %s to %s", kind, c.Before, c.After)
	case "machine":
		return fmt.Sprintf("another machine: %s → %s", c.Before, c.After)
	}
	return c.say(c.Part, c.Before+" → "+c.After)
}

func (c PartChange) say(what, changed string) string {
	switch {
	case c.Before == "":
		return what + " (new)"
	case c.After == "":
		return what + " (gone)"
	}
	return strings.TrimSpace(what + " " + changed)
}
