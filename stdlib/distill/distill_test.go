package distill

import (
	"math"
	"slices"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/grade"
)

func TestFinal(t *testing.T) {
	for _, c := range []struct{ category, text, want string }{
		{"math", "3 + 4 = 7\n#### 7", "7"},
		{"math", "so we have 12 apples and 3.50 left", "3.5"},
		{"math", "no number", "no number"},
		{"reasoning", "Ana is heavier.\nThe answer is: Ana.", "ana"},
		{"reasoning", "The final answer is the red box. It is not blue", "red box"},
		{"reasoning", `thus \boxed{ (B) }`, "(b)"},
		{"reasoning", "step 1\nstep 2\n**Ana**\n", "ana"},
		{"knowledge", "Paris", "paris"},
		{"knowledge", " The  Hague! ", "hague"},
		{"reasoning", "#### 1,200", "1200"},
		{"reasoning", "the answer is\nAna", "ana"},
		{"reasoning", "", ""},
	} {
		if got := Final(dataset.Row{Category: c.category}, c.text); got != c.want {
			t.Errorf("%s %q: %q, want %q", c.category, c.text, got, c.want)
		}
	}
}

// answers are samples of a set: one text a row each; "…" at an end is cut off.
func answers(set *dataset.Set, samples ...[]string) (list []*dataset.Answers) {
	for _, texts := range samples {
		a := &dataset.Answers{Set: set, Model: "base"}
		for _, text := range texts {
			cut := len(text) > 3 && text[len(text)-3:] == "…"
			a.List = append(a.List, dataset.Answer{Text: text, Truncated: cut})
		}
		list = append(list, a)
	}
	return list
}

func TestAgreed(t *testing.T) {
	x := experimenttest.Start(t)
	set := &dataset.Set{Name: "rows", Rows: []dataset.Row{
		{Instruction: "who", Category: "reasoning", Answer: "Ana"},
		{Instruction: "where", Category: "knowledge", Answer: "Rome"},
		{Instruction: "split", Category: "knowledge", Answer: "x", Metadata: map[string]any{"source": "s"}},
		{Instruction: "cut", Category: "knowledge", Answer: "x"},
	}}
	samples := answers(set,
		[]string{"Because of this and that, the answer is Ana.", "Paris", "a b", "x…"},
		[]string{"The answer is ana", "paris.", "c d", "x…"},
		[]string{"Leo", "Paris", "a b", "x"},
	)
	got, err := Agreed(samples, 0.6)
	if err != nil {
		t.Fatal(err)
	}
	if got.Len() != 3 {
		t.Fatalf("%+v", got.Rows)
	}
	first := got.Rows[0]
	if first.Output != "The answer is ana" || first.CorrectAnswer != "Ana" || first.Metadata["votes"] != 2 || first.Metadata["vote_share"] != 2.0/3 {
		t.Errorf("%+v", first)
	}
	if got.Rows[2].Instruction != "split" || got.Rows[2].Metadata["source"] != "s" || set.Rows[2].Metadata["votes"] != nil {
		t.Errorf("%+v of %+v", got.Rows[2], set.Rows[2])
	}
	if got, _ := Agreed(samples, 1); got.Len() != 1 || got.Rows[0].Instruction != "where" {
		t.Errorf("all agree: %+v", got.Rows)
	}
	if _, err := Agreed(samples, 1.1); err == nil {
		t.Error("a share of 1.1 was taken")
	}
	other := &dataset.Set{Rows: slices.Clone(set.Rows[:3])}
	if _, err := Agreed(append(samples, answers(other, []string{"a", "b", "c"})...), 0.6); err == nil {
		t.Error("answers to other rows were taken")
	}
	if _, err := Agreed(nil, 0.6); err == nil {
		t.Error("no samples were taken")
	}
	if _, err := Agreed(samples, 0.6); err != nil { // the last one stands
		t.Error(err)
	}
	told := experimenttest.Read(t, x).Figures()
	if len(told) == 0 || told[0].Name != "agreed answers that are right" || told[0].N != 3 || math.Abs(told[0].Value-100.0/3) > 1e-9 {
		t.Errorf("%+v", told)
	}
}

func TestDiverse(t *testing.T) {
	experimenttest.Start(t)
	set := &dataset.Set{Rows: []dataset.Row{{Instruction: "a poem", Category: "creativity"}, {Instruction: "another"}}}
	samples := answers(set,
		[]string{"The chair is soft, the stone is near", "one"},
		[]string{"The chair is soft, the stone is here", "one"},
		[]string{"A river runs below the hill at night", ""},
		[]string{"Snow on the roof and bread upon the table", "two…"},
		[]string{"Nothing like the others whatsoever, no", "three"},
	)
	got, err := Diverse(samples, 3, 0.6)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range got.Rows {
		texts = append(texts, r.Output)
	}
	if want := []string{samples[0].List[0].Text, samples[2].List[0].Text, samples[3].List[0].Text, "one", "three"}; !slices.Equal(texts, want) {
		t.Errorf("%q, want %q", texts, want)
	}
}

func TestRight(t *testing.T) {
	experimenttest.Start(t)
	row := dataset.Row{Instruction: "2 + 2", Category: "math", Output: "#### 4", Answer: "4"}
	sheet := &grade.Sheet{Name: "rows", Model: "base", Items: []grade.Item{
		{Row: row, Answer: dataset.Answer{Text: "it is 4\n#### 4"}, Verdict: grade.Right},
		{Row: row, Answer: dataset.Answer{Text: "#### 5"}, Verdict: grade.Wrong},
		{Row: row, Answer: dataset.Answer{Text: "#### 4", Truncated: true}, Verdict: grade.Right},
		{Row: row, Answer: dataset.Answer{Text: "?"}, Verdict: grade.Unsupported},
	}}
	got := Right(sheet)
	if got.Len() != 1 || got.Rows[0].Output != "it is 4\n#### 4" || got.Rows[0].CorrectAnswer != "4" {
		t.Errorf("%+v", got.Rows)
	}
}
