package compare

import (
	"fmt"
	"slices"

	"cogumi/reports"
	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/grade"
	"cogumi/stdlib/stats"
	"cogumi/stdlib/validate"
)

// item is what the runs of one group made of one prompt.
type item struct {
	sample  run.Sample
	answer  run.SampleAnswer // of the group's first run
	scores  []float64        // of each run that could be graded, 0…1
	verdict string
}

// sheet is the items of one group, by set and prompt.
type sheet struct {
	order []string
	items map[string]*item
}

// compareItems holds each group against the first one on the items that both have.
func compareItems(c *reports.Compared, groups [][]*run.Run, labels []string) error {
	sheets := make([]*sheet, len(groups))
	for g, runs := range groups {
		s, problems := readSheet(runs)
		sheets[g] = s
		c.Notes = append(c.Notes, problems...)
	}
	for g := 1; g < len(groups); g++ {
		pair, comparison, err := comparePair(sheets[0], sheets[g], labels[0], labels[g])
		if err != nil {
			return err
		}
		if pair == nil {
			c.Notes = append(c.Notes, run.Note{Level: "info", Topic: "items", Text: fmt.Sprintf("%s and %s have no graded items in common", labels[0], labels[g])})
			continue
		}
		pair.B = g
		c.Pairs = append(c.Pairs, *pair)
		if comparison != nil && len(groups[0]) == 1 && len(groups[g]) == 1 {
			c.Comparisons = append(c.Comparisons, *comparison)
		}
	}
	p := make([]float64, len(c.Pairs))
	for i := range c.Pairs {
		p[i] = c.Pairs[i].P
	}
	for i, adjusted := range stats.Holm(p) {
		c.Pairs[i].PAdjusted, c.Pairs[i].Confirmed = adjusted, adjusted < .05
	}
	c.Samples = samples(sheets, labels)
	return nil
}

// readSheet reads the sample sets of runs that are repetitions of each other. A
// prompt that comes twice in a set is told apart by its place among its likes.
func readSheet(runs []*run.Run) (*sheet, []run.Note) {
	s := &sheet{items: map[string]*item{}}
	var notes []run.Note
	for _, r := range runs {
		for _, set := range r.SampleSets() {
			list, _, err := r.Samples(set)
			if err != nil {
				notes = append(notes, run.Note{Level: "warn", Topic: "items", Text: err.Error()})
				continue
			}
			// The order of a set is what got worse first, another one in each run.
			slices.SortStableFunc(list, func(a, b run.Sample) int { return compareText(a.ID, b.ID) })
			times := map[string]int{}
			for i := range list {
				key := set.Name + "\x00" + list[i].Prompt + "\x00" + list[i].Reference
				times[key]++
				s.add(fmt.Sprintf("%s\x00%d", key, times[key]), &list[i])
			}
		}
	}
	return s, notes
}

func compareText(a, b string) int {
	if len(a) != len(b) { // ids with numbers: 9 before 10
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return b2i(a > b)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (s *sheet) add(key string, v *run.Sample) {
	a, score, ok := outcome(v)
	it := s.items[key]
	if it == nil {
		it = &item{sample: *v, answer: a, verdict: a.Verdict}
		s.items[key] = it
		s.order = append(s.order, key)
	}
	if ok {
		it.scores = append(it.scores, score)
	}
}

// outcome is the answer that a run is about and its score: the tuned model's
// answer, which comes last, or ours in a judged pair, which comes first.
func outcome(v *run.Sample) (a run.SampleAnswer, score float64, ok bool) {
	if len(v.Answers) == 0 {
		return a, 0, false
	}
	a = v.Answers[len(v.Answers)-1]
	if first := v.Answers[0]; len(v.Judgements) > 0 || slices.Contains([]string{"win", "loss", "tie", "flip", "error"}, first.Verdict) {
		a = first
	}
	switch a.Verdict {
	case "right", "win":
		return a, 1, true
	case "wrong", "loss":
		return a, 0, true
	case "tie", "flip":
		return a, .5, true
	}
	return a, 0, false
}

func (it *item) mean() float64 { return stats.Mean(it.scores) }

// comparePair is nil where the two have no graded item in common. Runs that
// answer right or wrong are compared as validate does it; where seeds are
// averaged or pairs were judged, scores are compared item by item.
func comparePair(a, b *sheet, nameA, nameB string) (*reports.Pair, *run.Comparison, error) {
	pair := &reports.Pair{}
	before, after := &grade.Sheet{Model: nameA}, &grade.Sheet{Model: nameB}
	var differences, left, right []float64
	plain := true
	for _, key := range a.order {
		x, y := a.items[key], b.items[key]
		if y == nil || len(x.scores) == 0 || len(y.scores) == 0 {
			pair.LeftOut++
			continue
		}
		d := y.mean() - x.mean()
		left, right, differences = append(left, x.mean()), append(right, y.mean()), append(differences, d)
		pair.Gained += b2i(d > 0)
		pair.Lost += b2i(d < 0)
		plain = plain && graded(x) && graded(y)
		before.Items = append(before.Items, gradeItem(x))
		after.Items = append(after.Items, gradeItem(y))
	}
	for _, key := range b.order {
		if a.items[key] == nil {
			pair.LeftOut++
		}
	}
	if pair.N = len(differences); pair.N == 0 {
		return nil, nil, nil
	}
	if plain {
		c, err := validate.Compute(before, after)
		if err != nil {
			return nil, nil, err
		}
		o := &c.Overall
		pair.ScoreA, pair.ScoreB, pair.Diff, pair.Low, pair.High, pair.P = o.BeforeAcc, o.AfterAcc, o.Diff, o.Low, o.High, o.P
		pair.Method = "exact McNemar test on the items that changed, two-sided; paired interval of the difference; Holm's correction over the runs"
		return pair, c, nil
	}
	pair.ScoreA, pair.ScoreB = stats.Mean(left), stats.Mean(right)
	pair.Diff = stats.Mean(differences)
	pair.Low, pair.High = -1, 1
	if len(differences) > 1 {
		_, low, high := meanOf(differences)
		pair.Low, pair.High = max(low, -1), min(high, 1)
	}
	pair.P = stats.SignFlip(differences, 1)
	pair.Method = "scores of an item averaged over the seeds; sign flips of the items' differences, two-sided; Student's interval over items; Holm's correction over the runs"
	return pair, nil, nil
}

// graded says whether one run answered, right or wrong.
func graded(it *item) bool {
	return len(it.scores) == 1 && (it.verdict == grade.Right || it.verdict == grade.Wrong)
}

func gradeItem(it *item) grade.Item {
	s := &it.sample
	return grade.Item{Row: dataset.Row{Instruction: s.Prompt, Answer: s.Reference, Category: s.Category, Family: s.Family}, Verdict: it.verdict}
}

// samples are the items that all groups have, where they disagree first.
func samples(sheets []*sheet, labels []string) []run.Sample {
	var out []run.Sample
	for _, key := range sheets[0].order {
		s := sheets[0].items[key].sample
		v := run.Sample{ID: s.ID, Category: s.Category, Family: s.Family, Prompt: s.Prompt, Reference: s.Reference}
		for g, sheet := range sheets {
			it := sheet.items[key]
			if it == nil {
				break
			}
			a := it.answer
			a.Model = labels[g]
			v.Answers = append(v.Answers, a)
		}
		if len(v.Answers) < len(sheets) {
			continue
		}
		v.Tags = []string{tag(sheets, key)}
		out = append(out, v)
	}
	return out
}

// tag says what the last group made of an item, held against the first.
func tag(sheets []*sheet, key string) string {
	first := sheets[0].items[key]
	if len(first.scores) == 0 {
		return "unsupported"
	}
	worse, better := false, false
	for _, s := range sheets[1:] {
		if it := s.items[key]; len(it.scores) > 0 {
			worse, better = worse || it.mean() < first.mean(), better || it.mean() > first.mean()
		}
	}
	switch {
	case worse && better:
		return "mixed"
	case worse:
		return "regressed"
	case better:
		return "fixed"
	case first.mean() == 1:
		return "right"
	case first.mean() == 0:
		return "wrong"
	}
	return "same"
}
