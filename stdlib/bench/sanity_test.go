package bench

import (
	"fmt"
	"strings"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
)

func TestSanity(t *testing.T) {
	experimenttest.Start(t)
	good := func(i int) dataset.Answer {
		return dataset.Answer{Text: fmt.Sprintf("The answer is %d, because %d+1 is more.", i, i)}
	}
	for _, c := range []struct {
		name string
		bad  func(i int) dataset.Answer
		of   int // answers of 20 that are bad
		want string
	}{
		{"good", good, 20, ""},
		{"empty", func(int) dataset.Answer { return dataset.Answer{Text: " \n"} }, 6, "6 of 20 answers are empty"},
		{"some are empty", func(int) dataset.Answer { return dataset.Answer{} }, 5, ""},
		{"the same", func(int) dataset.Answer { return dataset.Answer{Text: "Sure!"} }, 11, "11 of 20 answers are the same"},
		{"cut off", func(i int) dataset.Answer { return dataset.Answer{Text: good(i).Text, Truncated: true} }, 20, "cut off"},
		{"circles", func(i int) dataset.Answer {
			return dataset.Answer{Text: fmt.Sprint(i) + strings.Repeat(" and so on, é", 9)}
		}, 6, "6 of 20 answers go in circles"},
		{"markers", func(i int) dataset.Answer { return dataset.Answer{Text: fmt.Sprint(i, "<|im_end|>\n<|im_start|>user")} }, 1, "1 of 20 answers show markers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &dataset.Answers{Set: &dataset.Set{}}
			for i := range 20 {
				if i < c.of {
					a.List = append(a.List, c.bad(i))
				} else {
					a.List = append(a.List, good(i))
				}
			}
			got := Sanity(a)
			if c.want == "" && got != nil || c.want != "" && (len(got) != 1 || !strings.Contains(got[0], c.want)) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestMixed(t *testing.T) {
	set := &dataset.Set{Name: "x"}
	for i := range 90 {
		set.Rows = append(set.Rows, dataset.Row{Instruction: fmt.Sprint(i), Category: []string{"math", "math", "code"}[i%3]})
	}
	set.Rows = append(set.Rows, dataset.Row{Instruction: "one", Category: "creativity"})
	got := Mixed(set, 20, 1)
	count := map[string]int{}
	for _, r := range got.Rows {
		count[r.Category]++
	}
	if got.Len() != 20 || count["creativity"] != 1 || count["math"]-count["code"] > 1 || count["code"]-count["math"] > 1 {
		t.Error(got.Len(), count)
	}
	if Mixed(set, 500, 1).Len() != 91 {
		t.Error("more than there are")
	}
}
