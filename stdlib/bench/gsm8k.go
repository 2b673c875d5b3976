package bench

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"cogumi/stdlib/grade"
)

// gsm8kRow is a row of openai/gsm8k.
type gsm8kRow struct {
	Question string `json:"question"`
	Answer   string `json:"answer"`
}

func readGSM8K(path string) ([]gsm8kRow, error) {
	var rows []gsm8kRow
	err := readLines(path, func(line []byte) error {
		var r gsm8kRow
		if err := parse(line, &r, "question", "answer"); err != nil {
			return err
		}
		if !strings.Contains(r.Answer, "#### ") {
			return fmt.Errorf("the answer has no number after ####")
		}
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// loadGSM8K is tasks/gsm8k/gsm8k.yaml. Every item has examples of its own: the
// harness draws them anew, in the order of the items, from one generator that is
// seeded with 1234. Hence nothing is shared between prompts.
func loadGSM8K(l *loader) ([]*question, error) {
	path, err := l.file("gsm8k", gsm8kTest, "test.jsonl", "gsm8k_test.jsonl", "gsm8k.jsonl")
	if err != nil {
		return nil, err
	}
	rows, err := readGSM8K(path)
	if err == nil {
		err = l.check(path, gsm8kTest, len(rows), gsm8kTexts(rows))
	}
	if err != nil {
		return nil, err
	}
	var train []gsm8kRow
	if l.shots > 0 {
		path, err := l.file("gsm8k", gsm8kTrain, "train.jsonl", "gsm8k_train.jsonl")
		if err != nil {
			return nil, err
		}
		if train, err = readGSM8K(path); err == nil {
			err = l.check(path, gsm8kTrain, len(train), gsm8kTexts(train))
		}
		if err != nil {
			return nil, err
		}
		if l.shots > len(train) {
			return nil, fmt.Errorf("%d examples of %d", l.shots, len(train))
		}
	}
	random := newPyRandom(1234)
	var out []*question
	for i, r := range head(rows, l.limit) {
		q := &question{task: "gsm8k", row: i, text: gsm8kText(r), delimiter: " ", target: r.Answer, canonical: " " + r.Answer}
		if l.shots > 0 {
			for _, k := range random.sample(len(train), l.shots) {
				q.shots = append(q.shots, shot{gsm8kText(train[k]), train[k].Answer})
			}
		}
		out = append(out, q)
	}
	return out, nil
}

func gsm8kText(r gsm8kRow) string { return "Question: " + r.Question + "\nAnswer:" }

func gsm8kTexts(rows []gsm8kRow) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.Question + " " + r.Answer
	}
	return out
}

// The regular expressions of the task's filters. Python's \s and strip are
// Unicode's; these patterns hold no class that differs.
var (
	gsm8kStrict   = regexp.MustCompile(`#### (\-?[0-9\.\,]+)`)
	gsm8kFlexible = regexp.MustCompile(`(-?[$0-9.,]{2,})|(-?[0-9]+)`)
	gsm8kBefore   = regexp.MustCompile(`(?s).*#### `)
	gsm8kPoint    = regexp.MustCompile(`\.$|\.\n$`)
)

// invalid is what the harness extracts where a filter finds nothing.
const invalid = "[invalid]"

// strictMatch is the first number after ####.
func strictMatch(text string) string {
	if m := gsm8kStrict.FindStringSubmatch(text); m != nil {
		return strip(m[1])
	}
	return invalid
}

// flexibleExtract is the last number of the text.
func flexibleExtract(text string) string {
	all := gsm8kFlexible.FindAllString(text, -1)
	if all == nil {
		return invalid
	}
	return strip(all[len(all)-1])
}

// gsm8kEqual is the task's exact_match: both sides lose commas, dollars, all up to
// the last "#### " and a point at the end, in this order.
func gsm8kEqual(got, want string) bool { return gsm8kBare(got) == gsm8kBare(want) }

func gsm8kBare(s string) string {
	s = strings.NewReplacer(",", "", "$", "").Replace(s)
	s = gsm8kBefore.ReplaceAllString(s, "")
	if at := gsm8kPoint.FindStringIndex(s); at != nil {
		s = s[:at[0]] + s[at[0]+1:]
	}
	return strings.ToLower(s)
}

// sameNumber is our own comparison, shown beside the harness's: 29.00 is 29, and
// what the text ends with is found as package grade finds it.
func sameNumber(text, want string) (string, bool) {
	n, ok := grade.FinalNumber(text, false)
	truth, known := grade.FinalNumber(want, true)
	if !ok {
		return invalid, false
	}
	return grade.FormatNumber(n), known && equal(n, truth)
}

func equal(a, b *big.Rat) bool { return a.Cmp(b) == 0 }
