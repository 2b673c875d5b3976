package stage

import (
	"math"
	"testing"
)

func TestParseTime(t *testing.T) {
	tests := []struct {
		text     string
		min, max float64
	}{
		{"15-20 min for 73 rows; 11-16 h for 2,000", 900, 1200},
		{"< 1 s", 0, 1},
		{"under 2 minutes", 0, 120},
		{"~4 h on a laptop for the dedup of 750K", 4 * 3600, 4 * 3600},
		{"~90 h", 90 * 3600, 90 * 3600},
		{"1 min 30 s", 90, 90},
		{"1-2 min on 2 cores", 60, 120},
		{"30 s to 2 min", 30, 120},
		{"90 s – 2 min", 90, 120},
		{"about 1.5 hours", 5400, 5400},
		{"200 ms", 0.2, 0.2},
		{"1,200 s", 1200, 1200},
		{"on 2 cores 90 s", 90, 90},
		{"3 epochs, 20 min", 1200, 1200},
		{"2 days", 172800, 172800},
	}
	for _, tt := range tests {
		s, err := ParseTime(tt.text)
		if err != nil || !s.Known || math.Abs(s.Min-tt.min) > 1e-9 || math.Abs(s.Max-tt.max) > 1e-9 {
			t.Errorf("%q is %v to %v (known %v, %v), want %v to %v", tt.text, s.Min, s.Max, s.Known, err, tt.min, tt.max)
		}
	}
	for _, text := range []string{"", "soon", "12", "20-10 min", "5 parsecs"} {
		if s, err := ParseTime(text); err == nil {
			t.Errorf("%q is taken for %v to %v", text, s.Min, s.Max)
		}
	}
	if s, err := ParseTime("unknown: nobody has tried"); err != nil || s.Known {
		t.Errorf("unknown is %+v, %v", s, err)
	}
}

func TestParseCost(t *testing.T) {
	tests := []struct {
		text     string
		min, max float64
	}{
		{"$0.50-1", 0.5, 1},
		{"$22-$30 for 2,000 rows", 22, 30},
		{"~$220 on an A100", 220, 220},
		{"under $5", 0, 5},
		{"free", 0, 0},
		{"free, on your own machine", 0, 0},
		{"$1,000", 1000, 1000},
		{"$.75 to $1.50", 0.75, 1.5},
	}
	for _, tt := range tests {
		s, err := ParseCost(tt.text)
		if err != nil || !s.Known || s.Min != tt.min || s.Max != tt.max {
			t.Errorf("%q is %v to %v (known %v, %v), want %v to %v", tt.text, s.Min, s.Max, s.Known, err, tt.min, tt.max)
		}
	}
	for _, text := range []string{"", "12", "cheap", "$2/h", "$1.99 per hour", "$0.35 an hour", "$3-1"} {
		if s, err := ParseCost(text); err == nil {
			t.Errorf("%q is taken for %v to %v", text, s.Min, s.Max)
		}
	}
}

func FuzzSpans(f *testing.F) {
	for _, s := range []string{"15-20 min", "< 1 s", "$0.5-1", "unknown", "1 min 30 s", "$9/h", "∞ h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, parse := range []func(string) (Span, error){ParseTime, ParseCost} {
			s, err := parse(text)
			if err == nil && s.Known && !(s.Min >= 0 && s.Min <= s.Max && s.Max < math.Inf(1)) {
				t.Errorf("%q is %v to %v", text, s.Min, s.Max)
			}
			if err != nil && s.Known {
				t.Errorf("%q is known and an error: %v", text, err)
			}
		}
	})
}
