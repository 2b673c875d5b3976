package bench

import (
	"fmt"
	"strings"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Mixed is n rows of a set with as many of each category as there can be, drawn in
// an order that seed alone decides.
func Mixed(set *dataset.Set, n, seed int) *dataset.Set {
	shuffled := set.Shuffle(seed)
	var names []string
	of := map[string][]int{}
	for i, r := range shuffled.Rows {
		if of[r.Category] == nil {
			names = append(names, r.Category)
		}
		of[r.Category] = append(of[r.Category], i)
	}
	var picked []int
	for round := 0; len(picked) < min(n, set.Len()); round++ {
		for _, name := range names {
			if round < len(of[name]) && len(picked) < n {
				picked = append(picked, of[name][round])
			}
		}
	}
	return shuffled.Pick(picked).Named(set.Name)
}

// markers of chat templates have no place in an answer: where they are, the end
// token or the template is wrong.
var markers = []string{"<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|eot_id|>", "<|endoftext|>", "[INST]", "[/INST]", "<start_of_turn>", "<|assistant|>"}

// Sanity says what is wrong with answers, whatever they say: most of them empty,
// the same, cut off, going in circles, or showing the template. None: nothing is.
// The report shows each check.
func Sanity(a *dataset.Answers) []string {
	n := len(a.List)
	var empty, cutOff, loops, shown int
	same := map[string]int{}
	most := 0
	for _, x := range a.List {
		text := strings.TrimSpace(x.Text)
		if same[text]++; text == "" {
			empty++
		} else {
			most = max(most, same[text])
		}
		if x.Truncated {
			cutOff++
		}
		if circles(text) {
			loops++
		}
		for _, m := range markers {
			if strings.Contains(text, m) {
				shown++
				break
			}
		}
	}
	var wrong []string
	for _, c := range []struct {
		name, text, hint string
		n                int
		limit            float64 // more than this share is wrong
	}{
		{"empty answers", "answers are empty", "the model ends at once: a wrong chat template, or an adapter that broke it", empty, 0.25},
		{"equal answers", "answers are the same", "it does not look at the question", most, 0.5},
		{"ends", "answers were cut off by the token limit", "it does not end: a wrong end token, or a base model that was never taught to answer", cutOff, 0.5},
		{"circles", "answers go in circles", "typical of a learning rate that was too high, or of weights that were not merged", loops, 0.25},
		{"template", "answers show markers of a chat template", "the end token is not the template's", shown, 0},
	} {
		if n == 0 {
			break
		}
		check := run.Check{Topic: "bench", Name: c.name, Outcome: "ok", Text: fmt.Sprintf("%d of %d %s.", c.n, n, c.text), N: c.n, Of: n}
		if float64(c.n) > c.limit*float64(n) && (n > 1 || c.name != "equal answers") {
			check.Outcome, check.Hint = "fail", c.hint
			wrong = append(wrong, fmt.Sprintf("%d of %d %s: %s", c.n, n, c.text, c.hint))
		}
		experiment.Current().Check(check)
	}
	return wrong
}

// circles says whether a text ends with the same piece four times or more, a piece
// of at least eight bytes and at least a third of the text in all.
func circles(text string) bool {
	for size := 8; 4*size <= len(text); size++ {
		piece := text[len(text)-size:]
		n := 1
		for at := len(text) - 2*size; at >= 0 && text[at:at+size] == piece; at -= size {
			n++
		}
		if n >= 4 && 3*n*size >= len(text) {
			return true
		}
	}
	return false
}
