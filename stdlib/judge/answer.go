package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// schemaText is the JSON schema of an answer, reasoning first so that the winner
// follows from it.
var schemaText = json.RawMessage(`{"type":"object","additionalProperties":false,"required":["reasoning","a","b","winner"],"properties":{` +
	`"reasoning":{"type":"string"},"a":{"$ref":"#/$defs/marks"},"b":{"$ref":"#/$defs/marks"},"winner":{"type":"string","enum":["A","B","TIE"]}},` +
	`"$defs":{"marks":{"type":"object","additionalProperties":false,"required":["correctness","completeness","clarity","relevance"],"properties":{` +
	`"correctness":{"type":"integer"},"completeness":{"type":"integer"},"clarity":{"type":"integer"},"relevance":{"type":"integer"}}}}}`)

// again is the one re-ask.
const again = "That cannot be used: {why}. Answer again, with the JSON object only."

// parse reads a judge's answer. A fence around the object is taken off; anything
// else around it, a missing field, a mark out of range is an error.
func parse(text string) (Decision, error) {
	var raw struct {
		Reasoning *string `json:"reasoning"`
		A, B      *Scores
		Winner    *string `json:"winner"`
	}
	dec := json.NewDecoder(bytes.NewReader([]byte(unfence(text))))
	if err := dec.Decode(&raw); err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return Decision{}, errors.New("the JSON object is not complete")
		}
		return Decision{}, fmt.Errorf("it is not the JSON object asked for (%v)", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return Decision{}, errors.New("text follows the JSON object")
	}
	if raw.Winner == nil || raw.Reasoning == nil || raw.A == nil || raw.B == nil {
		return Decision{}, errors.New("reasoning, a, b and winner are all needed")
	}
	for _, s := range []*Scores{raw.A, raw.B} {
		for _, mark := range []int{s.Correctness, s.Completeness, s.Clarity, s.Relevance} {
			if mark < 1 || mark > 10 {
				return Decision{}, fmt.Errorf("a mark is %d, 1 to 10 are marks", mark)
			}
		}
	}
	switch *raw.Winner {
	case First, Second, Tie:
	default:
		return Decision{}, fmt.Errorf("the winner %.20q is none of A, B, TIE", *raw.Winner)
	}
	return Decision{Winner: *raw.Winner, Reason: *raw.Reasoning, A: raw.A, B: raw.B}, nil
}

func unfence(text string) string {
	text = strings.TrimSpace(text)
	if rest, ok := strings.CutPrefix(text, "```"); ok {
		if body, ok := strings.CutSuffix(rest, "```"); ok {
			return strings.TrimSpace(strings.TrimPrefix(strings.TrimPrefix(body, "json"), "JSON"))
		}
	}
	return text
}
