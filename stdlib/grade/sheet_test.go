package grade

import (
	"reflect"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

func TestText(t *testing.T) {
	for _, c := range []struct {
		name            string
		row             dataset.Row
		text            string
		verdict, number string
	}{
		{"number", dataset.Row{Category: "math", Answer: "29", Output: "#### 29"}, "#### $29.00", Right, "29"},
		{"number without marker", dataset.Row{Category: "math", Answer: "29", Output: "#### 29"}, "29", Wrong, ""},
		{"marker not asked for", dataset.Row{Category: "math", Answer: "29"}, `so \boxed{29}.`, Right, "29"},
		{"marker although not asked for", dataset.Row{Category: "math", Answer: "29"}, "30 #### 29", Right, "29"},
		{"reference from the solution", dataset.Row{Category: "Math ", Output: "3+4\n#### 7"}, "#### 7", Right, "7"},
		{"reference in GSM8K's form", dataset.Row{Category: "math", Answer: "3 + 4 = 7\n#### 7"}, "#### 7", Right, "7"},
		{"fraction", dataset.Row{Category: "math", Answer: "1/2"}, "The answer is 0.5", Right, "0.5"},
		{"wrong number", dataset.Row{Category: "math", Answer: "1,000", Output: "#### 1,000"}, "#### 1", Wrong, "1"},
		{"almost", dataset.Row{Category: "math", Answer: "1/3"}, "0.333", Wrong, "0.333"},
		{"term as reference", dataset.Row{Category: "math", Answer: "2x + 1"}, "2x + 1", Unsupported, ""},
		{"no reference", dataset.Row{Category: "math"}, "3", Unsupported, ""},
		{"poem", dataset.Row{Category: "creativity", Output: "a,\nb.", Answer: "x"}, "a,\nb.\n", Right, "a,\nb."},
		{"part of a poem", dataset.Row{Category: "creativity", Output: "a,\nb."}, "a,", Wrong, "a,"},
		{"text", dataset.Row{Category: "knowledge", Answer: "Tokyo"}, " Tokyo\n", Right, "Tokyo"},
		{"other case", dataset.Row{Category: "knowledge", Answer: "Tokyo"}, "tokyo", Wrong, "tokyo"},
		{"more text", dataset.Row{Category: "knowledge", Answer: "Tokyo"}, "Tokyo.", Wrong, "Tokyo."},
		{"no answer but an output", dataset.Row{Category: "reasoning", Output: "yes"}, "yes", Right, "yes"},
		{"nothing said", dataset.Row{Category: "reasoning", Answer: "yes"}, "", Wrong, ""},
		{"nothing to compare", dataset.Row{Category: "reasoning"}, "yes", Unsupported, "yes"},
		{"no category", dataset.Row{Answer: "x"}, "x", Right, "x"},
	} {
		o := gradeText(c.row, c.text)
		if o.Verdict != c.verdict || o.Extracted != c.number || (o.Reason == "") != (c.verdict == Right) {
			t.Errorf("%s: %+v, want %s of %q", c.name, o, c.verdict, c.number)
		}
	}
}

func TestTallies(t *testing.T) {
	s := &Sheet{}
	for _, v := range []struct{ category, verdict string }{{"b", Right}, {"a", Wrong}, {"b", Unsupported}, {"b", Wrong}, {"b", Right}} {
		s.Items = append(s.Items, Item{Row: dataset.Row{Category: v.category}, Verdict: v.verdict})
	}
	if got, want := s.Total(), (Tally{Right: 2, Wrong: 2, Unsupported: 1}); got != want || s.Right() != 2 || s.Wrong() != 2 || s.Unsupported() != 1 || s.Accuracy() != 0.5 {
		t.Errorf("%+v, want %+v", got, want)
	}
	want := []Tally{{"b", 2, 1, 1}, {"a", 0, 1, 0}}
	if got := s.ByCategory(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if (&Sheet{}).Accuracy() != 0 {
		t.Error("an empty sheet has an accuracy")
	}
}

func TestMissingAnswers(t *testing.T) {
	_, err := check(experiment.Current(), &dataset.Answers{Set: &dataset.Set{Name: "pool", Rows: make([]dataset.Row, 2)}})
	if err == nil || err.Error() != "grade pool: 0 answers to 2 rows" {
		t.Errorf("%v", err)
	}
}
