package bench

import (
	"math"
	"slices"

	"cogumi/stdlib/stats"
)

const level = 0.95

// tally is the right answers of some items.
type tally struct{ n, right int }

func (t tally) share() float64 { return float64(t.right) / float64(max(t.n, 1)) }

// stderr is the harness's mean_stderr: with n−1; 0 for fewer than two items.
func (t tally) stderr() float64 {
	if t.n < 2 {
		return 0
	}
	p := t.share()
	return math.Sqrt(p * (1 - p) / float64(t.n-1))
}

// pooled is the standard error of a group whose subtasks count by their size
// (lm_eval/api/metrics.py, pooled_sample_stderr).
func pooled(list []tally) float64 {
	sum, n := 0.0, 0
	for _, t := range list {
		e := t.stderr()
		sum += float64(t.n-1) * e * e * float64(t.n)
		n += t.n
	}
	if n <= len(list) {
		return 0
	}
	return math.Sqrt(sum / float64(n-len(list)) / float64(n))
}

// count makes scores of the items: for each filter the whole task, then, by the
// first filter, its parts.
func (s *suite) count() {
	names := s.subtasks()
	filters := max(len(s.filters), 1)
	for f := range filters {
		of := map[string]*tally{}
		for i := range s.items {
			t := of[s.items[i].Task]
			if t == nil {
				t = &tally{}
				of[s.items[i].Task] = t
			}
			t.n++
			if s.right(i, f) {
				t.right++
			}
		}
		var parts []tally
		for _, name := range names {
			parts = append(parts, *of[name])
		}
		base := Score{Task: s.name, Title: s.title, Metric: s.metric, Of: s.task.items}
		if s.filters != nil {
			base.Filter = s.filters[f].name
		}
		base.Variant = s.variant(base.Filter)
		s.scores = append(s.scores, whole(base, parts))
		if len(names) < 2 {
			continue
		}
		s.scores = append(s.scores, macro(base, parts))
		s.addParts(base, names, parts)
	}
}

func (s *suite) right(item, filter int) bool {
	if filter == 0 {
		return s.items[item].Right
	}
	return s.items[item].Others[filter-1].Right
}

// whole is the score over all items. Items of one subject go together: with more
// than one, the interval is that of groups.
func whole(b Score, parts []tally) Score {
	var sums []float64
	var counts []int
	for _, t := range parts {
		b.N, b.Right = b.N+t.n, b.Right+t.right
		sums, counts = append(sums, float64(t.right)), append(counts, t.n)
	}
	t := tally{b.N, b.Right}
	b.Score, b.StdErr = t.share(), t.stderr()
	b.Low, b.High = stats.Rate(b.Right, b.N, level)
	b.Method = stats.RateMethod
	if len(parts) > 1 {
		b.StdErr = pooled(parts)
		_, low, high := stats.ClusteredMean(sums, counts, level)
		b.Low, b.High, b.Method = max(low, 0), min(high, 1), "clustered by subtask, 95 %"
	}
	return b
}

// macro is the mean of the parts' scores, each counting the same: how Meta reports
// MMLU. The standard error is that of a mean of independent means.
func macro(b Score, parts []tally) Score {
	var shares []float64
	sum := 0.0
	for _, t := range parts {
		b.N, b.Right = b.N+t.n, b.Right+t.right
		shares = append(shares, t.share())
		sum += t.stderr() * t.stderr()
	}
	b.Score, b.StdErr = stats.Mean(shares), math.Sqrt(sum)/float64(len(parts))
	_, low, high := stats.ClusteredMean(shares, slices.Repeat([]int{1}, len(shares)), level)
	b.Low, b.High, b.Method = max(low, 0), min(high, 1), "Student's t over subtasks, 95 %"
	b.Variant += ", mean of subtasks"
	return b
}

// addParts adds the subtasks, and of MMLU the four fields that its subjects are in.
func (s *suite) addParts(b Score, names []string, parts []tally) {
	b.Group = s.name
	if s.name == "mmlu" {
		for _, field := range []string{"stem", "humanities", "social sciences", "other"} {
			var in []tally
			for _, subject := range mmluSubjects {
				if i := slices.Index(names, "mmlu_"+subject.name); i >= 0 && subject.group == field {
					in = append(in, parts[i])
				}
			}
			p := b
			p.Task, p.Title, p.Of = "mmlu_"+field, "MMLU, "+field, 0
			s.scores = append(s.scores, whole(p, in))
		}
	}
	for i, name := range names {
		p := b
		p.Task, p.Title, p.Of = name, name, 0
		s.scores = append(s.scores, whole(p, parts[i:i+1]))
	}
}
