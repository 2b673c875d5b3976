package judge

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/stats"
)

// OneOrder is recorded judgements of which every pair was shown in one order only.
// It is no Result: which answer the judge preferred and which stood where cannot
// be told apart, and there are no flips to count.
type OneOrder struct {
	Name      string    `json:"name"`
	Baseline  string    `json:"baseline"`
	Judge     string    `json:"judge"`
	WinRate   float64   `json:"win_rate"`       // of Name, in percent
	Error     float64   `json:"standard_error"` // of WinRate, in points
	Wins      int       `json:"wins"`
	Losses    int       `json:"losses"`
	Ties      int       `json:"ties"`
	N         int       `json:"n"`
	Missing   int       `json:"missing"` // recorded without a judgement: neither ties nor losses
	Low       float64   `json:"low"`     // 95 % interval of WinRate, prompts drawn
	High      float64   `json:"high"`
	Scores    []float64 `json:"-"` // 0…1, one a prompt
	Ours      []int     `json:"-"` // lengths of the answers in characters
	Theirs    []int     `json:"-"`
	LongWins  float64   `json:"longer_wins"` // share of decided pairs, in percent
	ByLengths float64   `json:"at_equal_lengths"`

	length stats.LengthBias
}

// ReadAnnotations reads judgements as AlpacaEval records them (annotations.json,
// plain or gzipped): a list of {instruction, output_1, output_2, generator_1,
// generator_2, annotator, preference}, preference 1…2 with 2 for the second answer.
// The win rate is the mean of preference − 1, its error the standard error of that
// mean, as AlpacaEval's leaderboard gives them.
func ReadAnnotations(path string) (*OneOrder, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, experiment.WithCode(fmt.Errorf("read judgements: %w", err), 3)
	}
	defer f.Close()
	var in io.Reader = bufio.NewReader(f)
	if strings.EqualFold(filepath.Ext(path), ".gz") {
		if in, err = gzip.NewReader(in); err != nil {
			return nil, fmt.Errorf("read judgements from %s: %w", path, err)
		}
	}
	o, err := decodeAnnotations(in)
	if err != nil {
		return nil, fmt.Errorf("read judgements from %s: %w", path, err)
	}
	return o, nil
}

// MustReadAnnotations is ReadAnnotations; an error ends the run.
func MustReadAnnotations(path string) *OneOrder {
	o, err := ReadAnnotations(path)
	return must(o, err)
}

type annotation struct {
	Output1    *string  `json:"output_1"`
	Output2    *string  `json:"output_2"`
	Generator1 string   `json:"generator_1"`
	Generator2 string   `json:"generator_2"`
	Annotator  string   `json:"annotator"`
	Preference *float64 `json:"preference"`
}

func decodeAnnotations(in io.Reader) (*OneOrder, error) {
	dec := json.NewDecoder(in)
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return nil, errors.Join(errors.New("it is no list of judgements"), err)
	}
	o := &OneOrder{}
	for n := 1; dec.More(); n++ {
		var a annotation
		if err := dec.Decode(&a); err != nil {
			return nil, fmt.Errorf("judgement %d: %w", n, err)
		}
		if err := o.add(&a); err != nil {
			return nil, fmt.Errorf("judgement %d: %w", n, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("the list is cut off: %w", err)
	}
	if o.N == 0 {
		return nil, errors.New("it holds no judgements")
	}
	o.figure()
	return o, nil
}

func (o *OneOrder) add(a *annotation) error {
	if a.Output1 == nil || a.Output2 == nil {
		return errors.New("output_1 and output_2 are needed")
	}
	if o.N+o.Missing > 0 && (a.Generator1 != o.Baseline || a.Generator2 != o.Name) {
		return fmt.Errorf("it compares %s with %s, those before %s with %s", a.Generator2, a.Generator1, o.Name, o.Baseline)
	}
	o.Baseline, o.Name, o.Judge = a.Generator1, a.Generator2, a.Annotator
	if a.Preference == nil {
		o.Missing++
		return nil
	}
	p := *a.Preference
	switch {
	case !(p >= 1 && p <= 2):
		return fmt.Errorf("preference %g is not between 1 and 2", p)
	case p > 1.5:
		o.Wins++
	case p < 1.5:
		o.Losses++
	default:
		o.Ties++
	}
	o.N++
	o.Scores = append(o.Scores, p-1)
	o.Ours, o.Theirs = append(o.Ours, len([]rune(*a.Output2))), append(o.Theirs, len([]rune(*a.Output1)))
	return nil
}

func (o *OneOrder) figure() {
	o.WinRate = 100 * stats.Mean(o.Scores)
	o.Low, o.High = 0, 100
	if o.N > 1 {
		o.Error = 100 * stats.StandardError(o.Scores)
		low, high := stats.BootstrapMean(o.Scores, level, 0, 1)
		o.Low, o.High = 100*max(0, low), 100*min(1, high)
	}
	o.length = stats.Lengths(o.Scores, o.Ours, o.Theirs, level, 1)
	l := &o.length
	o.ByLengths = 100 * l.Controlled
	if l.Decided > 0 {
		o.LongWins = 100 * float64(l.Longer) / float64(l.Decided)
	}
}

// Report tells the run what the record says, and what it cannot say.
func (o *OneOrder) Report() {
	x := experiment.Current()
	x.Figure(run.Figure{Name: o.Name + " against " + o.Baseline + ", one order", Value: o.WinRate, Unit: "%", N: o.N, Low: o.Low, High: o.High, Method: "mean preference; bootstrap of prompts",
		Note: fmt.Sprintf("standard error %.3g; %d won, %d lost, %d ties", o.Error, o.Wins, o.Losses, o.Ties)})
	x.Judging(o.judging())
	x.Note(run.Note{Level: "warn", Topic: "judging", Text: "these judgements were made in one order: position bias is part of them, and flips cannot be seen", Hint: "judge in both orders before you conclude anything"})
	if o.Missing > 0 {
		x.Note(run.Note{Level: "warn", Topic: "judging", Text: plural(o.Missing, "record") + " without a judgement: neither a tie nor a loss"})
	}
}

// judging is the record as reports show it.
func (o *OneOrder) judging() run.Judging {
	g := run.JudgedGroup{Pairs: o.N + o.Missing, Wins: o.Wins, Losses: o.Losses, Ties: o.Ties, Errors: o.Missing, Score: o.WinRate / 100, Low: o.Low / 100, High: o.High / 100}
	apart := make([]float64, o.N)
	for i, v := range o.Scores {
		apart[i] = v - 0.5
	}
	g.P = stats.SignFlip(apart, 1)
	g.PAdjusted = g.P
	return run.Judging{Name: o.Name + " against " + o.Baseline + ", one order", Ours: o.Name, Theirs: o.Baseline, Judge: o.Judge, Total: g, OneOrder: true,
		Length: lengths(&o.length), Method: "mean preference; bootstrap of prompts; p by sign flips of the prompts"}
}
