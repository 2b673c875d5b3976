package experiment

import (
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"

	"cogumi/reports/run"
)

// costOf is what the machine costs for that time, nil when nobody said what an
// hour costs: unknown is never zero.
func costOf(d time.Duration) *run.Cost {
	text := strings.TrimPrefix(strings.TrimSpace(os.Getenv(envPrice)), "$")
	price, err := strconv.ParseFloat(text, 64)
	if err != nil || price < 0 || math.IsInf(price, 0) || math.IsNaN(price) {
		return nil
	}
	return &run.Cost{
		Dollars: price * d.Hours(),
		Basis:   fmt.Sprintf("%s $/h × %s (%s)", text, duration(d), envPrice),
	}
}

// CostOf is what this machine costs for that time, in dollars. known is false
// when nobody said what an hour costs.
func (r *Run) CostOf(d time.Duration) (dollars float64, known bool) {
	c := costOf(d)
	if c == nil {
		return 0, false
	}
	return c.Dollars, true
}

// CostSoFar is what the run has cost until now, in dollars. known is false when
// nobody said what an hour of this machine costs.
func (r *Run) CostSoFar() (dollars float64, known bool) {
	return r.CostOf(time.Since(r.begun))
}
