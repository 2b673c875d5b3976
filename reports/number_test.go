package reports

import (
	"math"
	"strings"
	"testing"

	"cogumi/reports/run"
)

func TestNumbersForPeople(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{percent(.7266), "72.7%"}, {percent(1), "100.0%"},
		{points(.125), "+12.5"}, {points(-.4545), "−45.5"}, {points(.0001), "0.0"},
		{pvalue(.00004), "< 0.001"}, {pvalue(.0123), "0.012"}, {pvalue(.384), "0.38"}, {pvalue(1), "1.00"}, {pvalue(math.NaN()), "unknown"},
		{pclause(.0123), "p = 0.012"}, {pclause(1e-9), "p < 0.001"},
		{count(1234567), "1,234,567"}, {count(-1000), "−1,000"}, {count(999), "999"},
		{plural(1, "item"), "1 item"}, {plural(2, "family", "families"), "2 families"},
		{inWords(2), "two"}, {inWords(40), "40"},
		{number(0), "0"}, {number(12), "12"}, {number(.5), "0.5"}, {number(3.14159), "3.142"}, {number(1234.5), "1,234"},
		{number(.00001), "1.00e−05"}, {number(-2.5), "−2.5"}, {number(math.Inf(1)), "not finite"}, {number(1e300), "1.00e+300"},
		{seconds(0), "0 s"}, {seconds(.0123), "12 ms"}, {seconds(59.94), "59.9 s"}, {seconds(59.99), "1 min 00 s"}, {seconds(112), "1 min 52 s"},
		{seconds(7500), "2 h 05 min"}, {seconds(400000), "4 d 15 h"}, {seconds(-1), "unknown"}, {seconds(math.Inf(1)), "unknown"},
		{bytesSize(0), "0 B"}, {bytesSize(999), "999 B"}, {bytesSize(1500), "1.5 kB"}, {bytesSize(999950), "1.0 MB"}, {bytesSize(123456789), "123 MB"},
		{dollars(.004), "under $0.01"}, {dollars(1234.5), "$1,234.50"},
		{quantity(72.66, "%"), "72.7%"}, {quantity(2048, "rows"), "2,048 rows"}, {quantity(90, "s"), "1 min 30 s"},
		{quantity(11.666, "points"), "+11.7 points"}, {between(8.36, 15, "points"), "+8.4 to +15.0 points"}, {between(69, 76.1, "%"), "69.0% to 76.1%"}, {between(1, 2, ""), "1 to 2"},
	} {
		if got := strings.ReplaceAll(c.got, nbsp, " "); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestCostIsNeverZero(t *testing.T) {
	for _, c := range []*run.Cost{nil, {}, {Basis: "own machine"}, {Dollars: .0001, Basis: "x"}} {
		if text, _ := spent(c); strings.HasPrefix(text, "$0") {
			t.Errorf("%+v is shown as %s", c, text)
		}
	}
}
