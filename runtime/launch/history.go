package launch

import (
	"slices"

	"cogumi/reports/run"
)

// History is how long the finished runs of a script took on this machine. Runs
// that found steps finished are counted apart: they say nothing about the work.
type History struct {
	Full   []float64 // seconds, newest first
	Reused []float64
}

// newest is how many finished runs count: older ones ran other versions.
const newest = 20

// PastRuns reads the history of a script from its newest runs under root. Runs
// that cannot be read are left out: history is a service, not a reason to fail.
func PastRuns(root, script string) History {
	var h History
	runs, err := run.List(root)
	if err != nil {
		return h
	}
	for _, s := range runs {
		if s.Err != nil || s.Script != script || s.State != run.Done {
			continue
		}
		r, err := run.Read(s.Dir)
		if err != nil {
			continue
		}
		if ReusedSteps(r) > 0 {
			h.Reused = append(h.Reused, s.Seconds())
		} else {
			h.Full = append(h.Full, s.Seconds())
		}
		if len(h.Full)+len(h.Reused) == newest {
			break
		}
	}
	return h
}

// ReusedSteps counts the steps that a run did not do, or not wholly.
func ReusedSteps(r *run.Run) int {
	n := 0
	for _, s := range r.Steps() {
		if s.Reused || s.Resumed {
			n++
		}
	}
	return n
}

// Median of seconds; 0 for none.
func Median(seconds []float64) float64 {
	if len(seconds) == 0 {
		return 0
	}
	s := slices.Clone(seconds)
	slices.Sort(s)
	middle := len(s) / 2
	if len(s)%2 == 1 {
		return s[middle]
	}
	return (s[middle-1] + s[middle]) / 2
}
