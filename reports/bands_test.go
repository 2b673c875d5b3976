package reports

import "testing"

// TestBandAxis: curves decide where the axis ends when bands would make them flat.
func TestBandAxis(t *testing.T) {
	line := func(points ...BandPoint) []CurveLine { return []CurveLine{{Runs: 2, Points: points}} }
	for _, c := range []struct {
		name      string
		lines     []CurveLine
		low, high float64
		beyond    bool
	}{
		{"narrow", line(BandPoint{1, 2, 1.9, 2.1}, BandPoint{2, 1, 0.9, 1.1}), 1, 2, false},
		{"two runs", line(BandPoint{1, 2, -2, 6}, BandPoint{2, 1, -3, 5}), 0.5, 2.5, true},
		{"wide above only", line(BandPoint{1, 2, 2, 9}, BandPoint{2, 1, 1, 8}), 1, 2.5, true},
		{"a flat curve", line(BandPoint{1, 2, 1, 3}, BandPoint{2, 2, 1, 3}), 2, 2, false},
	} {
		low, high, beyond := bandAxis(c.lines)
		if low != c.low || high != c.high || beyond != c.beyond {
			t.Errorf("%s: %g to %g, %t; want %g to %g, %t", c.name, low, high, beyond, c.low, c.high, c.beyond)
		}
	}
}
