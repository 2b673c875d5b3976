// Package judge compares two models' answers to the same prompts, pair by pair:
// a model of any OpenAI-compatible endpoint judges, one of ours, the known truth,
// or a record of earlier judgements.
//
// Every pair is judged in both orders. A pair counts as won or lost where both
// orders say so, as a tie where both do, and as a flip where they disagree. What a
// judge could not say is an error: never dropped, never a tie.
package judge

import (
	"context"
	"errors"
	"fmt"

	"cogumi/stdlib/experiment"
)

// Judge decides pairs. Endpoint, Local, Truth and Replay make one.
type Judge struct {
	Name     string
	Settings Settings
	bench    bench
}

// Settings are what decides a judge's answers, as it was really sent.
type Settings struct {
	Kind        string `json:"kind"` // endpoint, local, truth, replay
	Model       string `json:"model,omitempty"`
	Endpoint    string `json:"endpoint,omitempty"`
	Temperature string `json:"temperature,omitempty"` // "0", or that none is sent
	Sent        string `json:"sent,omitempty"`        // the request without its messages
	Template    string `json:"template,omitempty"`    // hash of rubrics and wording
	Source      string `json:"source,omitempty"`      // hash of a model or of a record
}

// bench is what hears cases. done is called once for each, from any goroutine.
type bench interface {
	hear(ctx context.Context, h *hearing, cases []ask, done func(i int, d Decision, err error)) error
	// estimate says what the cases would cost; nil where nothing is paid.
	estimate(cases []ask) *Estimate
	// tried says whether the bench can be tried with canaries.
	tried() bool
}

// hearing is what a bench works with.
type hearing struct {
	run    *experiment.Run
	dir    string // for what is paid: outlives the run
	limit  float64
	calls  context.Context // of calls: they outlive the end of the hearing for a moment
	spent  *purse
	broken func() error // not nil: so many cases failed that going on is waste
}

// Winners of a Decision, as the judge saw the answers.
const (
	First  = "A"
	Second = "B"
	Tie    = "TIE"
)

// Decision is what a judge said of two answers in one order.
type Decision struct {
	Winner string  `json:"winner"` // First, Second or Tie
	Reason string  `json:"reason,omitempty"`
	A      *Scores `json:"a,omitempty"` // of the answer shown first
	B      *Scores `json:"b,omitempty"`
	Model  string  `json:"model,omitempty"` // that answered, as the endpoint calls it

	text string // of answers to other questions
}

// Scores are marks of 1 to 10.
type Scores struct {
	Correctness  int `json:"correctness"`
	Completeness int `json:"completeness"`
	Clarity      int `json:"clarity"`
	Relevance    int `json:"relevance"`
}

var (
	// ErrBudget says that another judgement could cost more than the limit allows.
	ErrBudget = errors.New("the limit of cost is reached")
	// ErrMalformed says that a judge twice gave no usable answer.
	ErrMalformed = errors.New("the judge's answer cannot be used")
	// ErrOtherModel says that another model answered than was asked.
	ErrOtherModel = errors.New("another model answered")
	// ErrRefused says that the judge declined to answer.
	ErrRefused = errors.New("the judge refused")
	// ErrTooLong says that a pair has more tokens than the judge can read.
	ErrTooLong = errors.New("the pair is too long for the judge")
	// ErrNoTruth says that the truth about a pair is not known.
	ErrNoTruth = errors.New("the truth is not known")
	// ErrNotRecorded says that a record does not hold a judgement.
	ErrNotRecorded = errors.New("no such judgement is recorded")
)

// must ends the run with err.
func must[T any](v T, err error) T {
	if err != nil {
		experiment.Stop(err)
	}
	return v
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
