package reports

import (
	"strings"

	"cogumi/reports/run"
)

// page is what the template shows: text and numbers only, nothing to decide.
type page struct {
	ID, Script, Stage, Purpose string
	State                      state
	Started, Built             stamp
	Took                       string
	Banner                     *banner
	Head                       headline
	Score                      *score
	Preference                 *preference
	Worse                      *worse
	Next                       []action
	Steps                      *steps
	Pipeline                   *pipeline
	Results                    []result
	Judging                    *judging
	Bench                      *bench
	Training                   *training
	Data                       *data
	Browser                    *browser
	Prov                       provenance
	Log                        *logView
	Nav                        []navItem
	Notes                      []note // of topics without a section

	Versus  *versus // of several runs
	Refresh int     // seconds until the page loads itself again; 0: never

	template string
	charts   []*chart
}

type navItem struct{ ID, Text string }

type state struct{ Class, Text string }

var stateText = map[run.State]string{
	run.Running: "running", run.Done: "done", run.Failed: "failed",
	run.Interrupted: "interrupted", run.Dead: "dead",
}

func stateOf(s run.State) state {
	if t, ok := stateText[s]; ok {
		return state{string(s), t}
	}
	return state{"unknown", "state unknown"}
}

// Bounds on what a page shows: a report stays small and readable whatever a
// script writes. What is left out is counted on the page.
const (
	maxRows   = 200
	maxTables = 40
	maxNotes  = 100
	maxLog    = 400
	maxSteps  = 200
	maxCharts = 30
	maxText   = 4000 // runes of one note, cell or message
)

func clip(s string) string { return clipTo(s, maxText) }

// sentence makes a note read as prose: a capital, unless it begins with a name
// or a flag, and a full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	first, _, _ := strings.Cut(s, " ")
	plain := strings.IndexFunc(first, func(r rune) bool { return r < 'a' || r > 'z' }) < 0
	// A command is written as it is typed.
	if plain && first != "cogumi" && first != "make" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	if !strings.ContainsAny(s[len(s)-1:], ".!?:…") {
		s += "."
	}
	return s
}

// clipTo cuts a text to n runes and says how much is missing.
func clipTo(s string, n int) string {
	if len(s) <= n {
		return s
	}
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "… (" + count(len(r)-n) + " more characters)"
}

// table is a table behind a chart or one of the run's own.
type table struct {
	ID, Caption string
	Columns     []column
	Rows        [][]cell
	Note        string
	Cut         string // "200 of 1,430 rows are shown"
}

type column struct {
	Name string
	Num  bool
}

// cell is a value as people read it, and raw for sorting and CSV.
type cell struct{ Text, Raw string }

// Long says that the text has a word that must be broken, or a column would
// push the others away.
func (c cell) Long() bool {
	for _, w := range strings.Fields(c.Text) {
		if len(w) > 24 {
			return true
		}
	}
	return len(c.Text) > 60
}

func words(s string) cell { return cell{clip(s), ""} }

type chart struct {
	ID, Title, Desc string
	Unit            string // of the values of a series
	X               string // what the axis of a curve is; empty: optimiser steps
	Reference       float64
	Kind            string // how the page draws it: accuracy, difference, outcome, score, bench, counts, series, curve
	Note            string
	Legend          []legend
	Tall            int  // rows of a bar chart; sets the height
	Wide            bool // takes a whole row
	Table           *table
	Option          any // of go-echarts
	Labels          []string
}

type legend struct{ Mark, Text string }

type action struct {
	Text, Hint, Link, LinkText, Command string
}

type note struct {
	Warn              bool
	Topic, Text, Hint string
}

func newPage(r *run.Run, s *sampleData, opt Options) *page {
	in := &r.Info
	p := &page{
		ID: in.ID, Script: in.Script, Stage: in.Header["PIPELINE STAGE"], Purpose: strings.TrimSpace(in.Header["PURPOSE"]),
		State: stateOf(r.State()), Started: at(in.Started), Built: at(opt.Now),
	}
	if p.Script == "" {
		p.Script = "run"
	}
	p.Took = took(r, opt.Now)
	notes := sortNotes(r.Notes())
	comparisons := r.Comparisons()
	p.Steps, p.Pipeline = newSteps(r), newPipeline(r, opt.Pipeline)
	for i := range comparisons {
		p.Results = append(p.Results, p.newResult(i, &comparisons[i], len(comparisons), s))
	}
	if n := len(p.Results); n > 0 {
		p.Results[n-1].Notes = notes.take("validate", "grade", "compare", "sandbox")
	}
	p.Judging = p.newJudging(r.Judgings(), notes.take("judging", "judge", "canary"), s)
	p.Bench = p.newBench(r.Benchmarks(), notes.take("bench", "benchmark"))
	p.Training = p.newTraining(r, notes.take("train", "model"))
	p.Data = p.newData(r, notes.take("data", "dataset", "dedup", "extract", "curate", "decontaminate"))
	p.Notes = notes.rest()
	p.Browser = newBrowser(s, opt)
	p.Prov = newProvenance(r, opt)
	p.Log = newLog(r)
	p.tell(r, comparisons, s)
	p.Nav = p.nav()
	return p
}

func (p *page) nav() []navItem {
	nav := []navItem{{"summary", "Summary"}}
	add := func(show bool, id, text string) {
		if show {
			nav = append(nav, navItem{id, text})
		}
	}
	add(p.Steps != nil, "steps", "Steps")
	add(len(p.Results) > 0, "results", "Results")
	add(p.Judging != nil, "judging", "Judging")
	add(p.Bench != nil, "benchmarks", "Benchmarks")
	add(p.Training != nil, "training", "Training")
	if p.Data != nil {
		add(true, "data", p.Data.Title)
	}
	add(len(p.Notes) > 0, "notes", "Notes")
	add(p.Browser != nil, "samples", "Samples")
	add(p.Pipeline != nil, "pipeline", "Pipeline")
	nav = append(nav, navItem{"provenance", "Provenance"})
	add(p.Log != nil, "log", "Log")
	return nav
}

// pile hands notes out by topic, each one once.
type pile struct{ left []note }

func sortNotes(all []run.Note) *pile {
	var p pile
	for _, warn := range []bool{true, false} {
		for _, n := range all {
			if (n.Level == "warn") == warn && len(p.left) < maxNotes && n.Text != "" {
				p.left = append(p.left, note{warn, n.Topic, sentence(clip(n.Text)), sentence(clip(n.Hint))})
			}
		}
	}
	return &p
}

func (p *pile) take(topics ...string) []note {
	var got, left []note
	for _, n := range p.left {
		mine := false
		for _, t := range topics {
			mine = mine || n.Topic == t
		}
		if mine {
			got = append(got, n)
		} else {
			left = append(left, n)
		}
	}
	p.left = left
	return got
}

func (p *pile) rest() []note { return p.left }

type logView struct {
	Lines []string
	Cut   string
}

func newLog(r *run.Run) *logView {
	lines := r.Logs()
	if len(lines) == 0 {
		return nil
	}
	v := &logView{}
	if n := len(lines); n > maxLog {
		lines = lines[n-maxLog:]
		v.Cut = "The last " + count(maxLog) + " of " + count(n) + " lines; all are in events.jsonl."
	}
	for _, l := range lines {
		v.Lines = append(v.Lines, clipTo(strings.TrimRight(l, "\n"), 1000))
	}
	return v
}
