package grade

import (
	"fmt"
	"math/big"
	"strings"

	"cogumi/stdlib/dataset"
)

// outcome is what is found out about one answer.
type outcome struct {
	Verdict   string `json:"verdict"`
	Extracted string `json:"extracted,omitempty"`
	Reason    string `json:"reason,omitempty"`
}

// category is a row's category as it decides how to grade.
func category(r dataset.Row) string { return strings.ToLower(strings.TrimSpace(r.Category)) }

// gradeText grades everything but code.
func gradeText(row dataset.Row, text string) outcome {
	switch category(row) {
	case "math":
		return gradeMath(row, text)
	case "creativity":
		return gradeEqual(text, row.Output)
	}
	want := row.Answer
	if want == "" {
		want = row.Output
	}
	return gradeEqual(text, want)
}

// gradeEqual compares texts without the white space around them.
func gradeEqual(text, want string) outcome {
	got, want := strings.TrimSpace(text), strings.TrimSpace(want)
	switch {
	case want == "":
		return outcome{Unsupported, got, "the row has no reference answer"}
	case got == want:
		return outcome{Right, got, ""}
	case got == "":
		return outcome{Wrong, got, "the answer is empty"}
	}
	return outcome{Wrong, got, fmt.Sprintf("the reference says %q", shorten(want))}
}

// gradeMath compares numbers. Where the row's own solution ends with ####, the
// answer has to as well.
func gradeMath(row dataset.Row, text string) outcome {
	want, ok := reference(row)
	if !ok {
		return outcome{Unsupported, "", "the row's reference is not a number"}
	}
	strict := len(markers(row.Output)) > 0 || len(markers(row.Answer)) > 0
	got, ok := FinalNumber(text, strict)
	switch {
	case !ok && strict:
		return outcome{Wrong, "", "no number after " + marker}
	case !ok:
		return outcome{Wrong, "", "no number"}
	case got.Cmp(want) != 0:
		return outcome{Wrong, FormatNumber(got), "the reference says " + FormatNumber(want)}
	}
	return outcome{Right, FormatNumber(got), ""}
}

// reference is the number a row expects: its answer, if that is one or ends with
// one after ####; without an answer, what its solution ends with.
func reference(row dataset.Row) (*big.Rat, bool) {
	switch {
	case strings.TrimSpace(row.Answer) == "":
		return FinalNumber(row.Output, len(markers(row.Output)) > 0)
	case len(markers(row.Answer)) > 0:
		return FinalNumber(row.Answer, true)
	}
	return wholeNumber(row.Answer)
}

// shorten keeps a reason readable.
func shorten(s string) string {
	const most = 80
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most]) + "…"
}
