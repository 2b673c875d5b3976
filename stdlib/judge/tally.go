package judge

import (
	"math"

	"cogumi/stdlib/stats"
)

const level = 0.95

// Outcomes of a pair.
const (
	Won    = "win"
	Lost   = "loss"
	Drawn  = "tie"   // both orders say so
	Flip   = "flip"  // the orders disagree
	Failed = "error" // one order could not be judged
)

// Verdict is what both orders say of one pair.
type Verdict struct {
	Pair    Pair
	Outcome string
	Score   float64    // mean of the orders from our side, 0…1; 0.5 where it failed
	Said    []Decision // ours first, theirs first; no Winner where that one failed
	Error   string
	Known   string // grade.Right or grade.Wrong: our answer, where the truth is known
}

// Count is outcomes, of all pairs or of one category.
type Count struct {
	Category string  `json:"category,omitempty"`
	Pairs    int     `json:"pairs"`
	Wins     int     `json:"wins"`
	Losses   int     `json:"losses"`
	Ties     int     `json:"ties"`
	Flips    int     `json:"flips"`
	Opposed  int     `json:"opposed"` // flips where each order named another winner
	Errors   int     `json:"errors"`
	Score    float64 `json:"score"` // mean over judged pairs, 0…1
	Low      float64 `json:"low"`   // 95 % interval, pairs drawn and not judgements
	High     float64 `json:"high"`
	P        float64 `json:"p"` // both as good: sign flips of the pairs
	Adjusted float64 `json:"p_adjusted"`
}

// Judged is the pairs that have a score.
func (c *Count) Judged() int { return c.Pairs - c.Errors }

// Result is a match, judged.
type Result struct {
	Judge      *Judge           `json:"-"`
	Settings   Settings         `json:"settings"`
	Ours       string           `json:"ours"`
	Theirs     string           `json:"theirs"`
	Total      Count            `json:"total"`
	Categories []Count          `json:"categories"`
	Verdicts   []Verdict        `json:"-"`
	Canaries   []Canary         `json:"canaries"`
	FirstWins  int              `json:"first_wins"` // judgements that the answer shown first won
	Decided    int              `json:"decided"`    // judgements with a winner
	Length     stats.LengthBias `json:"-"`
	Detectable float64          `json:"detectable"`      // shift of the score found with 80 % power
	Known      *Known           `json:"known,omitempty"` // nil: no row has a known answer, or the truth was the judge
	Cost       Cost             `json:"cost"`
	BootLow    float64          `json:"bootstrap_low"` // prompt-level bootstrap of the score
	BootHigh   float64          `json:"bootstrap_high"`
}

func tally(j *Judge, m *Match, o Options, said []judgement, cost Cost) *Result {
	r := &Result{Judge: j, Settings: j.Settings, Ours: m.Ours, Theirs: m.Theirs, Cost: cost, Verdicts: make([]Verdict, len(m.Pairs))}
	for i := range r.Verdicts {
		r.Verdicts[i] = Verdict{Pair: m.Pairs[i], Said: make([]Decision, 2)}
	}
	canaries := map[string]*Canary{}
	for i := range said {
		s := &said[i]
		if s.Canary != "" {
			countCanary(canaries, s)
			continue
		}
		v := &r.Verdicts[s.Pair]
		if s.Said == nil {
			v.Error = s.Error
			continue
		}
		v.Said[s.Order] = *s.Said
		if s.Said.Winner != Tie {
			r.Decided++
			if s.Said.Winner == First {
				r.FirstWins++
			}
		}
	}
	for _, name := range canaryNames {
		if c := canaries[name]; c != nil {
			r.Canaries = append(r.Canaries, *c)
		}
	}
	for i := range r.Verdicts {
		r.Verdicts[i].settle()
	}
	r.count(o.Seed)
	r.lengths(o.Seed)
	return r
}

func countCanary(all map[string]*Canary, s *judgement) {
	c := all[s.Canary]
	if c == nil {
		c = &Canary{Name: s.Canary}
		all[s.Canary] = c
	}
	switch {
	case s.Said == nil:
		c.Errors++
		return
	case passes(s.Canary, s.value()):
		c.Passed++
	}
	c.N++
}

// settle puts the two orders together.
func (v *Verdict) settle() {
	var value [2]float64
	for o := range v.Said {
		if v.Said[o].Winner == "" {
			v.Outcome, v.Score = Failed, 0.5
			return
		}
		value[o] = (&judgement{Order: o, Said: &v.Said[o]}).value()
	}
	v.Score = (value[0] + value[1]) / 2
	switch {
	case value[0] != value[1]:
		v.Outcome = Flip
	case value[0] == 1:
		v.Outcome = Won
	case value[0] == 0:
		v.Outcome = Lost
	default:
		v.Outcome = Drawn
	}
}

func (r *Result) count(seed int) {
	var order []string
	groups := map[string][]*Verdict{}
	var all []*Verdict
	for i := range r.Verdicts {
		v := &r.Verdicts[i]
		c := category(v.Pair.Row)
		if groups[c] == nil {
			order = append(order, c)
		}
		groups[c] = append(groups[c], v)
		all = append(all, v)
	}
	r.Total = countOf(all, seed)
	r.Total.Adjusted = r.Total.P
	var p []float64
	for _, name := range order {
		c := countOf(groups[name], seed)
		c.Category = name
		r.Categories, p = append(r.Categories, c), append(p, c.P)
	}
	for i, adjusted := range stats.Holm(p) {
		r.Categories[i].Adjusted = adjusted
	}
	scores := scoresOf(all)
	r.BootLow, r.BootHigh = 0, 1
	if len(scores) > 1 {
		low, high := stats.BootstrapMean(scores, level, 0, seed)
		r.BootLow, r.BootHigh = max(0, low), min(1, high)
	}
	r.Detectable = 1
	if se := stats.StandardError(scores); !math.IsNaN(se) {
		r.Detectable = min(1, stats.DetectableMean(len(scores), se*math.Sqrt(float64(len(scores)))))
	}
}

func scoresOf(list []*Verdict) []float64 {
	var out []float64
	for _, v := range list {
		if v.Outcome != Failed {
			out = append(out, v.Score)
		}
	}
	return out
}

func countOf(list []*Verdict, seed int) Count {
	c := Count{Pairs: len(list)}
	for _, v := range list {
		switch v.Outcome {
		case Won:
			c.Wins++
		case Lost:
			c.Losses++
		case Drawn:
			c.Ties++
		case Flip:
			c.Flips++
			if v.Said[0].Winner != Tie && v.Said[1].Winner != Tie {
				c.Opposed++
			}
		default:
			c.Errors++
		}
	}
	scores := scoresOf(list)
	ones := make([]int, len(scores))
	apart := make([]float64, len(scores))
	for i := range scores {
		ones[i], apart[i] = 1, scores[i]-0.5
	}
	c.Score, c.Low, c.High = stats.ScoreMean(scores, ones, level)
	if len(scores) == 0 {
		c.Score = 0.5
	}
	c.P = stats.SignFlip(apart, seed)
	return c
}

func (r *Result) lengths(seed int) {
	var scores []float64
	var ours, theirs []int
	for i := range r.Verdicts {
		if v := &r.Verdicts[i]; v.Outcome != Failed {
			scores = append(scores, v.Score)
			ours, theirs = append(ours, len([]rune(v.Pair.Ours))), append(theirs, len([]rune(v.Pair.Theirs)))
		}
	}
	r.Length = stats.Lengths(scores, ours, theirs, level, seed)
}

// Agreement compares two judges of the same match, outcome by outcome, pairs that
// either could not judge left out: a model with the truth, for instance.
func Agreement(a, b *Result) stats.Agreement {
	var left, right []string
	for i := range min(len(a.Verdicts), len(b.Verdicts)) {
		if a.Verdicts[i].Outcome != Failed && b.Verdicts[i].Outcome != Failed {
			left, right = append(left, a.Verdicts[i].Outcome), append(right, b.Verdicts[i].Outcome)
		}
	}
	return stats.Agree(left, right, level)
}
