package reports

import (
	"strings"
	"testing"

	"cogumi/reports/run"
)

// TestWorthOfOneOrder: where each pair was judged in one order, nothing is said of
// two that disagree.
func TestWorthOfOneOrder(t *testing.T) {
	for _, one := range []bool{true, false} {
		j := &run.Judging{Total: run.JudgedGroup{Pairs: 10, Wins: 4, Losses: 6}, OneOrder: one}
		said := false
		for _, w := range worthOf(j) {
			said = said || strings.Contains(w.Name, "orders disagree")
		}
		if said == one {
			t.Errorf("one order %v: said %v", one, said)
		}
	}
}
