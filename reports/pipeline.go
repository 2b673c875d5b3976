package reports

import (
	"cmp"
	"slices"
	"strings"

	"cogumi/reports/run"
)

// Stage is a stage of the pipeline with its scripts. Whoever builds the report
// knows the pipeline; the run folder knows its own stage only.
type Stage struct {
	Name    string // as headers write it: "1B.2 extract"
	Scripts []Script
}

// Script is one script of a stage.
type Script struct {
	Name    string
	Purpose string
	From    []string // scripts whose output it reads
}

// pipeline is the stages in order, with the run's own one lit.
type pipeline struct {
	Stages  []stage
	Reads   []fact
	Writes  []fact
	Summary string // for people who do not see the drawing
}

type stage struct {
	Number, Name string
	Lit          bool
	Scripts      []stageScript
}

type stageScript struct {
	Name, Purpose   string
	Lit, Feeds, Fed bool // this one; gives to it; takes from it
}

const maxStages = 40

func newPipeline(r *run.Run, all []Stage) *pipeline {
	own := strings.TrimSpace(r.Info.Header["PIPELINE STAGE"])
	script := r.Info.Script
	if own == "" && !slices.ContainsFunc(all, func(s Stage) bool { return s.has(script) }) {
		return nil
	}
	if !slices.ContainsFunc(all, func(s Stage) bool { return s.Name == own || s.has(script) }) {
		all = append(slices.Clone(all), Stage{Name: own, Scripts: []Script{{Name: script, Purpose: r.Info.Header["PURPOSE"]}}})
		slices.SortStableFunc(all, func(a, b Stage) int { return cmp.Compare(a.Name, b.Name) })
	}
	v := &pipeline{Reads: ports(r, "INPUT"), Writes: ports(r, "OUTPUT")}
	var takes []string
	for _, s := range all {
		for _, c := range s.Scripts {
			if c.Name == script {
				takes = c.From
			}
		}
	}
	for i, s := range all {
		if i == maxStages {
			break
		}
		st := newStage(s, own, script, takes)
		if st.Lit {
			v.Summary = "This run is a run of " + clipTo(script, 100) + ", stage " + clipTo(s.Name, 100) + "."
		}
		v.Stages = append(v.Stages, st)
	}
	if len(v.Stages) < 2 && v.Reads == nil && v.Writes == nil {
		return nil
	}
	return v
}

func (s Stage) has(script string) bool {
	return slices.ContainsFunc(s.Scripts, func(c Script) bool { return c.Name == script })
}

func newStage(s Stage, own, script string, takes []string) stage {
	number, name, ok := strings.Cut(strings.TrimSpace(s.Name), " ")
	if !ok {
		number, name = "", s.Name
	}
	st := stage{Number: clipTo(number, 20), Name: clipTo(name, 60), Lit: s.has(script) || s.Name == own}
	for _, c := range s.Scripts {
		st.Scripts = append(st.Scripts, stageScript{Name: clipTo(c.Name, 60), Purpose: clipTo(c.Purpose, 300), Lit: c.Name == script,
			Feeds: slices.Contains(takes, c.Name), Fed: slices.Contains(c.From, script)})
	}
	return st
}

// ports are the lines of INPUT or OUTPUT: what is read or written, and where
// that was in this run.
func ports(r *run.Run, key string) []fact {
	var out []fact
	for line := range strings.SplitSeq(r.Info.Header[key], "\n") {
		what, rest, _ := strings.Cut(line, "|")
		kind, _, _ := strings.Cut(rest, "|")
		what = strings.TrimSpace(what)
		if what == "" || what == "none" || len(out) == 20 {
			continue
		}
		name, _, _ := strings.Cut(what, " ")
		where := what
		if flag, ok := strings.CutPrefix(name, "--"); ok {
			for _, p := range r.Info.Params {
				if p.Name == flag && p.Value != "" {
					where = p.Value
				}
			}
		}
		out = append(out, fact{Label: clipTo(cmp.Or(strings.TrimSpace(kind), "a file"), 120), Value: clipTo(where, 200)})
	}
	return out
}
