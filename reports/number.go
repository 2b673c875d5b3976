package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"cogumi/reports/run"
)

const (
	nbsp  = "\u00a0"
	minus = "\u2212"
)

// percent writes a proportion in 0…1 with one decimal.
func percent(p float64) string { return strconv.FormatFloat(100*p, 'f', 1, 64) + "%" }

// points writes a difference of proportions in percentage points, always signed.
func points(d float64) string { return signed(100*d, 1) }

func signed(v float64, decimals int) string {
	s := strconv.FormatFloat(math.Abs(v), 'f', decimals, 64)
	switch {
	case strings.Trim(s, "0.") == "":
		return s
	case v < 0:
		return minus + s
	}
	return "+" + s
}

// pvalue writes p without false precision: "< 0.001", "0.012", "0.38".
func pvalue(p float64) string {
	switch {
	case math.IsNaN(p):
		return "unknown"
	case p < .001:
		return "<" + nbsp + "0.001"
	case p < .1:
		return strconv.FormatFloat(p, 'f', 3, 64)
	}
	return strconv.FormatFloat(p, 'f', 2, 64)
}

// pclause is pvalue with its sign: "p < 0.001", "p = 0.012".
func pclause(p float64) string {
	if p < .001 {
		return "p" + nbsp + pvalue(p)
	}
	return "p" + nbsp + "=" + nbsp + pvalue(p)
}

// count writes a whole number with commas.
func count(n int) string { return commas(strconv.Itoa(n)) }

func commas(digits string) string {
	sign := ""
	if strings.HasPrefix(digits, "-") {
		sign, digits = minus, digits[1:]
	}
	whole, rest, _ := strings.Cut(digits, ".")
	if rest != "" {
		rest = "." + rest
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return sign + whole + rest
}

// plural is "1 item", "2 items"; many is given for words that do not take an s.
func plural(n int, one string, many ...string) string {
	word := one + "s"
	if len(many) > 0 {
		word = many[0]
	}
	if n == 1 {
		word = one
	}
	return count(n) + nbsp + word
}

// inWords spells small numbers, as prose does.
func inWords(n int) string {
	words := []string{"no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"}
	if n >= 0 && n < len(words) {
		return words[n]
	}
	return count(n)
}

// number writes a value with about four significant digits.
func number(v float64) string {
	a := math.Abs(v)
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "not finite"
	case v == math.Trunc(v) && a < 1e15:
		return commas(strconv.FormatFloat(v, 'f', 0, 64))
	case a >= 1e15 || a < 1e-4:
		return strings.Replace(strconv.FormatFloat(v, 'e', 2, 64), "-", minus, 2)
	case a >= 1000:
		return commas(strconv.FormatFloat(v, 'f', 0, 64))
	}
	decimals := 3 - int(math.Floor(math.Log10(a)))
	s := strconv.FormatFloat(v, 'f', min(max(decimals, 0), 7), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return commas(s)
}

// quantity writes a value with its unit.
func quantity(v float64, unit string) string {
	switch unit {
	case "":
		return number(v)
	case "%":
		return strconv.FormatFloat(v, 'f', 1, 64) + "%"
	case "s", "seconds":
		return seconds(v)
	case "B", "bytes":
		return bytesSize(v)
	case "$", "USD":
		return dollars(v)
	case "points":
		return points(v/100) + nbsp + unit
	}
	return number(v) + nbsp + unit
}

// between writes an interval, its unit once where it stands apart.
func between(low, high float64, unit string) string {
	l, h := quantity(low, unit), quantity(high, unit)
	if unit != "" {
		l = strings.TrimSuffix(l, nbsp+unit)
	}
	return l + " to " + h
}

// seconds writes a duration the way a person says it.
func seconds(s float64) string {
	switch {
	case math.IsNaN(s) || math.IsInf(s, 0) || s < 0:
		return "unknown"
	case s < .0005:
		return "0" + nbsp + "s"
	case s < 1:
		return strconv.FormatFloat(1000*s, 'f', 0, 64) + nbsp + "ms"
	case s < 59.95:
		return strconv.FormatFloat(s, 'f', 1, 64) + nbsp + "s"
	}
	r := int64(math.Round(min(s, 1e12)))
	switch {
	case r < 3600:
		return fmt.Sprintf("%d"+nbsp+"min"+nbsp+"%02d"+nbsp+"s", r/60, r%60)
	case r < 48*3600:
		return fmt.Sprintf("%d"+nbsp+"h"+nbsp+"%02d"+nbsp+"min", r/3600, r%3600/60)
	}
	return fmt.Sprintf("%s"+nbsp+"d"+nbsp+"%d"+nbsp+"h", commas(strconv.FormatInt(r/86400, 10)), r%86400/3600)
}

func bytesSize(n float64) string {
	units := []string{"B", "kB", "MB", "GB", "TB"}
	i := 0
	for n >= 999.5 && i < len(units)-1 {
		n, i = n/1000, i+1
	}
	decimals := 0
	if i > 0 && n < 99.95 {
		decimals = 1
	}
	return strconv.FormatFloat(n, 'f', decimals, 64) + nbsp + units[i]
}

func dollars(v float64) string {
	if v > 0 && v < .01 {
		return "under $0.01"
	}
	return "$" + commas(strconv.FormatFloat(v, 'f', 2, 64))
}

// spent says what a run cost. Unknown stays unknown: a zero is never written as $0.
func spent(c *run.Cost) (text, basis string) {
	switch {
	case c == nil:
		return "unknown", "no price was given for this machine"
	case c.Dollars <= 0 && c.Basis == "":
		return "unknown", ""
	case c.Dollars <= 0:
		return "nothing charged", c.Basis
	}
	return dollars(c.Dollars), c.Basis
}

// stamp is a moment for a <time> element: UTC, which the page turns into the
// reader's zone.
type stamp struct{ ISO, Text string }

func at(t time.Time) stamp {
	if t.IsZero() {
		return stamp{}
	}
	t = t.UTC()
	return stamp{ISO: t.Format(time.RFC3339), Text: t.Format("2 Jan 2006, 15:04") + " UTC"}
}
