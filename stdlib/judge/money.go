package judge

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"time"
)

// Price is what a model costs, in dollars for a million tokens.
type Price struct {
	Input  float64 `json:"input"`
	Cached float64 `json:"cached"` // input that the endpoint had in its cache
	Output float64 `json:"output"`
	Batch  float64 `json:"batch"` // factor of the Batch API: 0.5
	Date   string  `json:"date"`  // when somebody looked: "2025-08" or "2025-08-31"
}

// oldPrice is from how many months on a price is to be checked.
const oldPrice = 3

// age says in words how old the price is, and whether that is too old to rely on.
// Nothing where there is no price.
func (p *Price) age(now time.Time) (text string, old bool) {
	if p == nil {
		return "", false
	}
	seen, err := time.Parse("2006-01", p.Date)
	if err != nil {
		seen, err = time.Parse(time.DateOnly, p.Date)
	}
	if err != nil {
		return "nobody wrote down when its price was looked up", true
	}
	months := 12*(now.Year()-seen.Year()) + int(now.Month()) - int(seen.Month())
	if months < 1 {
		return "price of " + p.Date, false
	}
	return fmt.Sprintf("price of %s, %s old", p.Date, plural(months, "month")), months >= oldPrice
}

// Usage is tokens as an endpoint counts them.
type Usage struct {
	Input     int `json:"input"`
	Cached    int `json:"cached,omitempty"` // part of Input
	Output    int `json:"output"`
	Reasoning int `json:"reasoning,omitempty"` // part of Output
}

func (p *Price) of(u Usage) float64 {
	return (float64(u.Input-u.Cached)*p.Input + float64(u.Cached)*p.Cached + float64(u.Output)*p.Output) / 1e6
}

//go:embed prices.json
var pricesFile []byte

// Prices is the table of list prices, by model; file, if not empty, is one of your
// own in the same form and comes first.
func Prices(file string) (map[string]Price, error) {
	table := map[string]Price{}
	if err := json.Unmarshal(pricesFile, &table); err != nil {
		return nil, fmt.Errorf("read the table of prices: %w", err)
	}
	if file == "" {
		return table, nil
	}
	b, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(b, &table)
	}
	if err != nil {
		return nil, fmt.Errorf("read prices from %s: %w", file, err)
	}
	for name, p := range table {
		if !(p.Input >= 0 && p.Cached >= 0 && p.Output >= 0 && p.Batch >= 0) || math.IsInf(p.Input+p.Cached+p.Output+p.Batch, 0) {
			return nil, fmt.Errorf("prices in %s: %s has a price below zero", file, name)
		}
	}
	return table, nil
}

// priceOf is the price of a model or of the model that it is a dated version of:
// gpt-4o-2024-08-06 costs what gpt-4o does. nil: nobody knows.
func priceOf(table map[string]Price, model string) *Price {
	if p, ok := table[model]; ok {
		return &p
	}
	best := ""
	for name := range table {
		if sameModel(name, model) && len(name) > len(best) {
			best = name
		}
	}
	if best == "" {
		return nil
	}
	p := table[best]
	return &p
}

// sameModel says whether got is asked, or a dated version of it.
func sameModel(asked, got string) bool {
	rest, ok := strings.CutPrefix(got, asked)
	return ok && (rest == "" || len(rest) > 1 && rest[0] == '-' && strings.Trim(rest[1:], "0123456789-") == "")
}

// Estimate is what judging would cost, in dollars.
type Estimate struct {
	Calls  int     `json:"calls"`
	Known  int     `json:"known"` // of those paid before
	Low    float64 `json:"low"`
	Likely float64 `json:"likely"`
	High   float64 `json:"high"` // at most, without re-asks
	Price  *Price  `json:"price"`
	Model  string  `json:"model"`
}

// Cost is what judging did cost, in dollars. Doubt is what may have been paid for
// calls whose answers never came: a connection that broke, a killed run.
type Cost struct {
	Paid    float64 `json:"paid"`
	Saved   float64 `json:"saved"` // not paid again: answers of earlier runs
	Doubt   float64 `json:"doubt,omitempty"`
	Calls   int     `json:"calls"`  // answered and paid, or judged on this machine
	Reused  int     `json:"reused"` // taken from earlier runs
	Retries int     `json:"retries"`
	Usage   Usage   `json:"usage"`
	Spared  Usage   `json:"spared"` // tokens of what was taken from earlier runs
	Known   bool    `json:"known"`  // false: nobody knows the price, or nothing is paid
}

// again is what the same judgements cost a run that takes them from an earlier one:
// nothing, and that is what it saved.
func (c Cost) again() Cost {
	spared := c.Usage
	spared.add(c.Spared)
	return Cost{Reused: c.Calls + c.Reused, Saved: c.Paid + c.Saved, Spared: spared, Known: c.Known}
}

// purse keeps the hard limit: what is spent, in doubt and could still come of
// calls under way together never exceeds it.
type purse struct {
	mu      sync.Mutex
	limit   float64 // 0: none
	held    float64
	holders int // calls under way; held itself is never exactly 0 again
	cost    Cost
	changed chan struct{} // closed when held falls
}

func newPurse(limit float64) *purse { return &purse{limit: limit, changed: make(chan struct{})} }

// reserve takes the most that a call can cost. wait is not nil where it would fit
// once calls under way have ended cheaper than they might.
func (p *purse) reserve(most float64) (wait <-chan struct{}, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.limit > 0 && p.cost.Paid+p.cost.Doubt+p.held+most > p.limit {
		if p.holders > 0 {
			return p.changed, nil
		}
		return nil, fmt.Errorf("%w: $%.4f of $%.4f are spent, the next judgement can cost $%.4f", ErrBudget, p.cost.Paid+p.cost.Doubt, p.limit, most)
	}
	p.held += most
	p.holders++
	return nil, nil
}

// settle replaces a reservation by what came of it.
func (p *purse) settle(most float64, change func(*Cost)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holders--
	p.held = max(0, p.held-most)
	if p.holders == 0 {
		p.held = 0
	}
	change(&p.cost)
	close(p.changed)
	p.changed = make(chan struct{})
}

// note changes the account without a reservation.
func (p *purse) note(change func(*Cost)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.cost)
}

func (p *purse) total() Cost {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cost
}

func (u *Usage) add(v Usage) {
	u.Input, u.Cached, u.Output, u.Reasoning = u.Input+v.Input, u.Cached+v.Cached, u.Output+v.Output, u.Reasoning+v.Reasoning
}
