// Package format says whether a row can be learned from as it stands: an
// instruction with an answer, or a chat whose turns follow each other as chat
// templates need them.
package format

import (
	"fmt"
	"strings"

	"cogumi/stdlib/dataset"
)

// Check says what is wrong with a row; "" if nothing is.
func Check(r *dataset.Row) string {
	if len(r.Messages) > 0 {
		if why := turns(r.Messages); why != "" {
			return why
		}
		for i, m := range r.Messages {
			if why := text(m.Content); why != "" {
				return fmt.Sprintf("turn %d %s", i+1, why)
			}
		}
		return ""
	}
	switch {
	case blank(r.Instruction) && blank(r.Input):
		return "no instruction"
	case blank(r.Output):
		return "no answer"
	case same(r.Output, r.Instruction) || same(r.Output, r.Prompt()):
		return "the answer repeats the instruction"
	}
	if why := text(r.Instruction + "\n" + r.Input); why != "" {
		return "the instruction " + why
	}
	if why := text(r.Output); why != "" {
		return "the answer " + why
	}
	if fences(r.Output)%2 == 1 {
		return "the answer ends within its code"
	}
	return ""
}

// turns: a system message or none, then user and assistant in turn, the assistant
// last. Tools may speak between two turns of the assistant.
func turns(ms []dataset.Message) string {
	before := ""
	spoken := false
	for i, m := range ms {
		ok := false
		switch m.Role {
		case "system", "developer":
			ok = i == 0
		case "user":
			ok = before == "" || before == "system" || before == "developer" || before == "assistant"
		case "assistant":
			ok = before == "user" || before == "tool"
			spoken = true
		case "tool":
			ok = before == "assistant" || before == "tool"
		default:
			return fmt.Sprintf("turn %d has the role %.20q", i+1, m.Role)
		}
		if !ok {
			return fmt.Sprintf("turn %d: %s %s", i+1, m.Role, follows(before))
		}
		if blank(m.Content) && (m.Role == "user" || m.Role == "assistant" && i == len(ms)-1) {
			return fmt.Sprintf("turn %d is empty", i+1)
		}
		before = m.Role
	}
	switch {
	case !spoken:
		return "the assistant says nothing"
	case before != "assistant":
		return "the last turn is not the assistant's"
	}
	return ""
}

func follows(before string) string {
	if before == "" {
		return "cannot begin"
	}
	return "follows " + before
}

// markers end or begin turns in the templates of the field. Within a text they are
// what a conversion left, and a tokenizer may take them for what they look like.
var markers = []string{"<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "<|start_header_id|>", "<|assistant|>", "<|user|>",
	"[/INST]", "<<SYS>>", "<start_of_turn>", "<end_of_turn>", "### Response:", "### Instruction:", "\nHuman: ", "\nAssistant: "}

// unfilled are places that somebody meant to fill.
var unfilled = []string{"{instruction}", "{{instruction}}", "{input}", "{{input}}", "<noinput>", "[insert ", "[INSERT ", "{prompt}", "{question}"}

func text(s string) string {
	for _, m := range markers {
		if strings.Contains(s, m) {
			return fmt.Sprintf("holds a template's %q", strings.TrimSpace(m))
		}
	}
	if len(s) > 400 { // long ones may be about templates
		return ""
	}
	for _, u := range unfilled {
		if strings.Contains(s, u) {
			return fmt.Sprintf("has an unfilled %s", strings.TrimSpace(u))
		}
	}
	return ""
}

// fences counts the lines that open or close code.
func fences(s string) int {
	n := 0
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			n++
		}
	}
	if n > 0 && strings.Count(s, "```") > n { // closed within a line
		n += strings.Count(s, "```") - n
	}
	return n
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// same: word for word, and long enough not to be asked for.
func same(a, b string) bool {
	a, b = strings.TrimSpace(a), strings.TrimSpace(b)
	return len(a) >= 20 && a == b
}
