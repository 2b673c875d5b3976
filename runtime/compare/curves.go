package compare

import (
	"slices"
	"strings"

	"cogumi/reports"
	"cogumi/reports/run"
)

const (
	maxPoints = 300 // of a line
	maxLines  = 8
)

// curves are the series that any group has. Noisy ones are smoothed, run by run,
// before they are averaged.
func curves(groups [][]*run.Run) []reports.Curve {
	var names []string
	for _, runs := range groups {
		for _, r := range runs {
			for _, name := range r.SeriesNames() {
				if !slices.Contains(names, name) {
					names = append(names, name)
				}
			}
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	var out []reports.Curve
	for _, name := range names {
		c := reports.Curve{Series: name}
		span := 0
		for g, runs := range groups {
			line, s := lineOf(runs, name)
			span = max(span, s)
			if len(line.Points) > 0 && len(c.Lines) < maxLines {
				line.Group = g
				c.Lines = append(c.Lines, line)
			}
		}
		if span > 0 {
			c.Note = "Each run is smoothed before runs are averaged."
		}
		if len(c.Lines) > 0 {
			out = append(out, c)
		}
	}
	return out
}

// rank puts losses first.
func rank(name string) int {
	switch {
	case strings.HasPrefix(name, "eval") && strings.HasSuffix(name, "loss"):
		return 0
	case strings.HasSuffix(name, "loss"):
		return 1
	}
	return 2
}

// lineOf is the mean over the runs at the steps that all of those that have the
// series share.
func lineOf(runs []*run.Run, name string) (line reports.CurveLine, span int) {
	var all [][]run.Point
	for _, r := range runs {
		if points := r.Series(name); len(points) > 0 {
			soft, s := reports.Smooth(points)
			span = max(span, s)
			all = append(all, soft)
		}
	}
	line.Runs = len(all)
	at := map[int][]float64{}
	for _, points := range all {
		for _, p := range points {
			at[p.X] = append(at[p.X], p.Value)
		}
	}
	var xs []int
	for x, values := range at {
		if len(values) == len(all) {
			xs = append(xs, x)
		}
	}
	slices.Sort(xs)
	for _, x := range thin(xs) {
		p := reports.BandPoint{X: x}
		if values := at[x]; len(values) == 1 {
			p.Mean, p.Low, p.High = values[0], values[0], values[0]
		} else {
			p.Mean, p.Low, p.High = meanOf(values)
		}
		line.Points = append(line.Points, p)
	}
	return line, span
}

// thin keeps at most maxPoints, evenly.
func thin(xs []int) []int {
	if len(xs) <= maxPoints {
		return xs
	}
	out := make([]int, maxPoints)
	for i := range out {
		out[i] = xs[i*(len(xs)-1)/(maxPoints-1)]
	}
	return out
}
