package stage

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
)

// Span is a declared time in seconds or cost in dollars. "< 1 s" has Min 0; a
// single figure has Min equal to Max. Known is false for "unknown".
type Span struct {
	Text     string // as written
	Known    bool
	Min, Max float64
}

// Short is the text without what is added after ";" or in parentheses.
func (s Span) Short() string {
	if i := strings.IndexAny(s.Text, ";("); i > 0 {
		return strings.TrimSpace(s.Text[:i])
	}
	return s.Text
}

const numberPattern = `([0-9][0-9,]*(?:\.[0-9]+)?|\.[0-9]+)`

var (
	timeUnits = map[string]float64{
		"ms": 1e-3,
		"s":  1, "sec": 1, "secs": 1, "second": 1, "seconds": 1,
		"min": 60, "mins": 60, "minute": 60, "minutes": 60,
		"h": 3600, "hr": 3600, "hrs": 3600, "hour": 3600, "hours": 3600,
		"d": 86400, "day": 86400, "days": 86400,
	}
	// group 1: below; 2, 3: number, unit; 4, 5: upper number, unit.
	timePattern = regexp.MustCompile(`(?i)(<|≤|under|up to|at most)?\s*(?:~|about|≈)?\s*` + numberPattern +
		`\s*([a-z]+)?(?:\s*(?:-|–|—|to)\s*(?:~)?\s*` + numberPattern + `\s*([a-z]+))?`)
	morePattern = regexp.MustCompile(`^\s*` + numberPattern + `\s*([a-z]+)\b`)
	costPattern = regexp.MustCompile(`(?i)(<|≤|under|up to|at most)?\s*(?:~|about|≈)?\s*\$\s*` + numberPattern +
		`(?:\s*(?:-|–|—|to)\s*\$?\s*` + numberPattern + `)?(\s*(?:/|per|an?)\s*h(?:r|our)?\b)?`)
)

// ParseTime reads "15-20 min for 73 rows", "< 1 s", "~4 h on a laptop",
// "1 min 30 s", "unknown". The first figure counts, what follows is for people.
func ParseTime(text string) (Span, error) {
	s := Span{Text: text}
	if isUnknown(text) {
		return s, nil
	}
	for _, m := range timePattern.FindAllStringSubmatchIndex(text, -1) {
		group := func(i int) string {
			if m[2*i] < 0 {
				return ""
			}
			return text[m[2*i]:m[2*i+1]]
		}
		low, lowUnit, high, highUnit := group(2), strings.ToLower(group(3)), group(4), strings.ToLower(group(5))
		if lowUnit == "" || timeUnits[lowUnit] == 0 && high != "" {
			lowUnit = highUnit
		}
		unit := timeUnits[lowUnit]
		if unit == 0 {
			continue
		}
		s.Min = number(low) * unit
		s.Max = s.Min
		if high != "" && timeUnits[highUnit] != 0 {
			s.Max = number(high) * timeUnits[highUnit]
		} else if more := morePattern.FindStringSubmatch(text[m[1]:]); more != nil && timeUnits[more[2]] != 0 && timeUnits[more[2]] < unit {
			s.Min += number(more[1]) * timeUnits[more[2]]
			s.Max = s.Min
		}
		if group(1) != "" {
			s.Min = 0
		}
		return s.checked("time")
	}
	return s, fmt.Errorf("%q has no time in it", text)
}

// ParseCost reads "$0.50-1", "~$220", "$22-$30 for 2,000 rows", "free",
// "unknown". It is what one run costs; a price per hour is an error.
func ParseCost(text string) (Span, error) {
	s := Span{Text: text}
	if isUnknown(text) {
		return s, nil
	}
	if first := strings.ToLower(strings.Trim(firstWord(text), ",;:.")); first == "free" || first == "nothing" {
		s.Known = true
		return s, nil
	}
	m := costPattern.FindStringSubmatch(text)
	if m == nil {
		return s, fmt.Errorf("%q has no sum in dollars in it", text)
	}
	if m[4] != "" {
		return s, fmt.Errorf("%q is a price per hour", text)
	}
	s.Min = number(m[2])
	s.Max = s.Min
	if m[3] != "" {
		s.Max = number(m[3])
	}
	if m[1] != "" {
		s.Min = 0
	}
	return s.checked("cost")
}

func (s Span) checked(what string) (Span, error) {
	if s.Max < s.Min {
		return Span{Text: s.Text}, fmt.Errorf("%s goes down: %q", what, s.Text)
	}
	if math.IsInf(s.Max, 0) || math.IsNaN(s.Max) {
		return Span{Text: s.Text}, fmt.Errorf("%s is out of range: %q", what, s.Text)
	}
	s.Known = true
	return s, nil
}

func isUnknown(text string) bool {
	return strings.EqualFold(strings.Trim(firstWord(text), ",;:."), "unknown")
}

func firstWord(text string) string {
	if f := strings.Fields(text); len(f) > 0 {
		return f[0]
	}
	return ""
}

// number reads digits with optional thousands commas; the patterns let nothing
// else through, and too many digits become infinity.
func number(text string) float64 {
	v, err := strconv.ParseFloat(strings.ReplaceAll(text, ",", ""), 64)
	if err != nil && v == 0 {
		return math.NaN()
	}
	return v
}

func readSpan(at place, f field, parse func(string) (Span, error)) (Span, []Problem) {
	span, err := parse(f.text())
	if err != nil {
		return span, []Problem{at.problem(f.lines[0].line, f.lines[0].column,
			"write "+f.key+": "+examples[f.key], "%s: %v", f.key, err)}
	}
	return span, nil
}
