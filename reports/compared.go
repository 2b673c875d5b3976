package reports

import (
	"fmt"
	"io"
	"time"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

// Compared is several runs side by side. Whoever compares them computes every
// figure in it; the page shows them.
type Compared struct {
	Runs        []ComparedRun
	Groups      []ComparedGroup // runs that differ in nothing but their seeds are one group; the first is what the others are held against
	Params      []ComparedParam // those that differ
	Equal       []run.Param     // those that are the same in all runs
	Environment []ComparedParam // what differs of where the runs ran
	Measures    []Measure
	Curves      []Curve
	Pairs       []Pair
	Comparisons []run.Comparison // each group that is one run against the first, item by item
	Samples     []run.Sample     // the common items, one answer a group
	Notes       []run.Note
	Command     string // what builds the page again
}

// ComparedRun is one of the runs.
type ComparedRun struct {
	ID, Script string
	Group      int
	State      run.State
	Started    time.Time
	Seconds    float64 // 0: not ended
	Cost       *run.Cost
	Command    string
}

// ComparedGroup is runs that are repetitions of each other.
type ComparedGroup struct {
	Label string `json:"label"`
	Runs  int    `json:"runs"`
}

// ComparedParam is a value for each run, in the order of the runs.
type ComparedParam struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Measure is one quantity, a value for each group.
type Measure struct {
	Name   string         `json:"name"`
	Unit   string         `json:"unit"`   // units as those of figures
	Better int            `json:"better"` // 1: more is better, -1: less is, 0: neither
	Values []MeasureValue `json:"values"`
}

// MeasureValue is what one group came to. Low and High are 0 where nothing is
// known of an interval.
type MeasureValue struct {
	Known  bool    `json:"known"`
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	N      int     `json:"n"`      // items behind the value of one run, or runs behind a mean
	Method string  `json:"method"` // of the interval
	Best   bool    `json:"best"`   // of all groups
	Worst  bool    `json:"worst"`
}

// Curve is a series, one line for each group that has it.
type Curve struct {
	Series string // train/loss
	Note   string
	Lines  []CurveLine
}

// CurveLine is a group's line: of one run as it is, of several their mean.
type CurveLine struct {
	Group  int
	Runs   int
	Points []BandPoint
}

// BandPoint is a mean with its interval; Low = High = Mean where one run is all there is.
type BandPoint struct {
	X               int
	Mean, Low, High float64
}

// Pair is two groups on their common items.
type Pair struct {
	A         int     `json:"a"` // groups: indices into Compared.Groups; A is the first one
	B         int     `json:"b"`
	N         int     `json:"n"`        // common items
	LeftOut   int     `json:"left_out"` // items that only one of them has, or that could not be graded
	ScoreA    float64 `json:"score_a"`
	ScoreB    float64 `json:"score_b"`
	Diff      float64 `json:"diff"` // ScoreB − ScoreA
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	Gained    int     `json:"gained"` // items that are better in B
	Lost      int     `json:"lost"`   // items that are worse in B
	P         float64 `json:"p"`
	PAdjusted float64 `json:"p_adjusted"`
	Confirmed bool    `json:"confirmed"`
	Method    string  `json:"method"`
}

// WriteCompared writes the page of a comparison to path, replaced atomically.
func WriteCompared(path string, c *Compared, opt Options) error {
	err := durable.WriteFile(path, func(w io.Writer) error { return BuildCompared(w, c, opt) })
	if err != nil {
		return fmt.Errorf("report of a comparison: %w", err)
	}
	return nil
}

// BuildCompared writes the page of a comparison to w.
func BuildCompared(w io.Writer, c *Compared, opt Options) error {
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	if opt.Limit <= 0 {
		opt.Limit = DefaultLimit
	}
	c = redactedComparison(c, newRedactor(opt.ShowPaths))
	samples := newSampleData()
	samples.addSet(setInfo{Name: "common items", Title: "Common items", Path: "samples of the runs"}, c.Samples, opt)
	p := newComparedPage(c, samples, opt)
	return p.write(w, samples, opt)
}
