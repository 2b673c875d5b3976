// Package grade compares a model's answers with the truth: numbers as numbers,
// programs by running them, text as text. No model judges.
package grade

import (
	"cogumi/stdlib/dataset"
)

// Verdicts of an Item.
const (
	Right       = "right"
	Wrong       = "wrong"
	Unsupported = "unsupported" // it could not be found out; never counted as wrong
)

// Item is one graded answer.
type Item struct {
	Row       dataset.Row
	Answer    dataset.Answer
	Verdict   string // Right, Wrong or Unsupported
	Extracted string // what was compared: the number, the code without its fence, the trimmed text
	Reason    string // why it is not right; empty when it is
}

// Sheet is a set's graded answers, one item for each row, in order.
type Sheet struct {
	Name  string // of the set
	Model string
	Items []Item
}

// Tally counts verdicts.
type Tally struct {
	Category    string // empty in a tally of everything
	Right       int
	Wrong       int
	Unsupported int
}

// N is how many answers have a verdict that says something: right and wrong ones.
func (t Tally) N() int { return t.Right + t.Wrong }

// Accuracy is Right of N, in 0…1; 0 when N is 0.
func (t Tally) Accuracy() float64 {
	if t.N() == 0 {
		return 0
	}
	return float64(t.Right) / float64(t.N())
}

func (t *Tally) add(verdict string) {
	switch verdict {
	case Right:
		t.Right++
	case Wrong:
		t.Wrong++
	default:
		t.Unsupported++
	}
}

// Total counts all items.
func (s *Sheet) Total() Tally {
	var t Tally
	for _, it := range s.Items {
		t.add(it.Verdict)
	}
	return t
}

// Right is the number of right answers.
func (s *Sheet) Right() int { return s.Total().Right }

// Wrong is the number of wrong answers.
func (s *Sheet) Wrong() int { return s.Total().Wrong }

// Unsupported is the number of answers that could not be graded.
func (s *Sheet) Unsupported() int { return s.Total().Unsupported }

// Accuracy is right answers of those that could be graded, in 0…1.
func (s *Sheet) Accuracy() float64 { return s.Total().Accuracy() }

// ByCategory counts per category, in the order in which categories first appear.
func (s *Sheet) ByCategory() []Tally {
	var out []Tally
	at := map[string]int{}
	for _, it := range s.Items {
		i, ok := at[it.Row.Category]
		if !ok {
			i = len(out)
			at[it.Row.Category] = i
			out = append(out, Tally{Category: it.Row.Category})
		}
		out[i].add(it.Verdict)
	}
	return out
}
