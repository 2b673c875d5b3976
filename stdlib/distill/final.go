package distill

import (
	"regexp"
	"strings"
	"unicode"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/grade"
)

// answerIs is how people and models say that the rest of a sentence is the answer.
var answerIs = regexp.MustCompile(`(?i)\b(?:final answer|the answer|answer)\s*(?:is|:|=)\s*:?\s*`)

// Final is what an answer comes down to, in a form in which two ways to the same
// answer are equal: of a row of category math the number, else the number after
// ####, what is in the last \boxed{}, what follows the last "answer is", or the last
// line; in small letters and without marks around it. It is empty where there is
// none.
func Final(row dataset.Row, text string) string {
	if n, ok := grade.FinalNumber(text, row.Category != "math"); ok {
		return grade.FormatNumber(n)
	}
	if at := strings.LastIndex(text, `\boxed{`); at >= 0 {
		if inside, _, ok := strings.Cut(text[at+len(`\boxed{`):], "}"); ok {
			return plain(inside)
		}
	}
	if found := answerIs.FindAllStringIndex(text, -1); len(found) > 0 {
		rest := text[found[len(found)-1][1]:]
		line, _, _ := strings.Cut(rest, "\n")
		if sentence, _, ok := strings.Cut(line, ". "); ok {
			line = sentence
		}
		if line = plain(line); line != "" {
			return line
		}
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return plain(lines[len(lines)-1])
}

// reference is the final answer of a row's own solution.
func reference(row dataset.Row) string {
	if row.Answer != "" {
		return Final(row, row.Answer)
	}
	if reply := row.Reply(); reply != "" {
		return Final(row, reply)
	}
	return ""
}

// plain is a text in small letters, one space between words, nothing but letters,
// digits and brackets at its ends.
func plain(s string) string {
	s = strings.TrimFunc(strings.ToLower(strings.Join(strings.Fields(s), " ")), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("()[]{}+-%$", r)
	})
	for _, article := range []string{"the ", "a ", "an "} {
		s = strings.TrimPrefix(s, article)
	}
	return s
}
