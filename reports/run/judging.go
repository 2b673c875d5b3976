package run

// Judging is one match of two models, decided pair by pair by a judge. The last
// one of a Name counts.
type Judging struct {
	Name       string        `json:"name"`            // of the match: "eval judged by gpt-4o"
	Title      string        `json:"title,omitempty"` // what the report calls it; empty: made from the names
	Ours       string        `json:"ours"`
	Theirs     string        `json:"theirs"`
	Judge      string        `json:"judge"`
	Settings   []Setting     `json:"settings,omitempty"` // the judge as it was really asked
	Total      JudgedGroup   `json:"total"`
	Categories []JudgedGroup `json:"categories,omitempty"`
	Method     string        `json:"method,omitempty"` // of Score's interval and of P

	// FirstWins is how often the answer shown first wins, of judgements with a
	// winner; one half is a judge without a position bias.
	FirstWins *Rate       `json:"first_wins,omitempty"`
	Length    *LengthBias `json:"length,omitempty"`
	Canaries  []Canary    `json:"canaries,omitempty"`
	// Detectable is the shift of Score that this many pairs find with 80 % power; 0: unknown.
	Detectable float64 `json:"detectable,omitempty"`
	// OneOrder: each pair was judged in one order only, so that position bias is part of Score.
	OneOrder bool   `json:"one_order,omitempty"`
	Samples  string `json:"samples,omitempty"` // name of the sample set that holds the pairs
}

// JudgedGroup counts the outcomes of all pairs or of one category:
// Pairs = Wins + Losses + Ties + Flips + Errors.
type JudgedGroup struct {
	Category  string  `json:"category,omitempty"`
	Pairs     int     `json:"pairs"`
	Wins      int     `json:"wins"` // of ours, in both orders
	Losses    int     `json:"losses"`
	Ties      int     `json:"ties"`   // both orders say so
	Flips     int     `json:"flips"`  // the orders disagree
	Errors    int     `json:"errors"` // could not be judged: no score
	Score     float64 `json:"score"`  // mean over judged pairs, 0…1; 0.5: both are as good
	Low       float64 `json:"low"`
	High      float64 `json:"high"`
	P         float64 `json:"p"`          // both as good, two-sided
	PAdjusted float64 `json:"p_adjusted"` // Holm over the categories
}

// Judged is the pairs that have a score.
func (g *JudgedGroup) Judged() int { return g.Pairs - g.Errors }

// LengthBias is what the lengths of answers have to do with who wins.
type LengthBias struct {
	Longer      Rate    `json:"longer"`       // the longer answer wins, of pairs with a winner and unequal lengths
	LongestWins float64 `json:"longest_wins"` // Score that a judge of nothing but lengths would give, 0…1
	// Controlled is Score at equal lengths; nil: it could not be estimated.
	Controlled *Interval `json:"controlled,omitempty"`
}

// Interval is a value with its interval.
type Interval struct {
	Value  float64 `json:"value"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
	Method string  `json:"method,omitempty"`
}

// Canary is what the judge made of pairs of which it is known what a fair judge says.
type Canary struct {
	Name   string `json:"name"`
	What   string `json:"what,omitempty"` // what the pair is, and the fair verdict
	N      int    `json:"n"`              // judgements
	Passed int    `json:"passed"`
	Errors int    `json:"errors,omitempty"`
}

// Setting is one line of how something was set up.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
