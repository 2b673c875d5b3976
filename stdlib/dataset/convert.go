package dataset

import (
	"cmp"
	"fmt"
	"maps"
	"strings"
)

// Names under which the field's data sets give what Row calls Instruction,
// Input and Output. The first that a row fills counts, others stay in Extra.
var (
	instructionNames = []string{"instruction", "prompt", "question", "query"}
	inputNames       = []string{"input", "context"}
	outputNames      = []string{"output", "response", "completion", "answer"}
)

// fromRecord makes a row of a JSON object or a Parquet record. It keeps m.
// Null fields count as absent.
func fromRecord(m map[string]any) (Row, *problem) {
	maps.DeleteFunc(m, func(_ string, v any) bool { return v == nil })
	if len(m) == 0 {
		return Row{}, &problem{kind: badEmpty, why: "no field has a value"}
	}
	var r Row
	chat, p := takeChat(m, &r)
	if p == nil && chat {
		takeText(m, "instruction", &r.Instruction)
		takeText(m, "input", &r.Input)
		takeText(m, "output", &r.Output)
	} else if p == nil {
		p = takeInstruction(m, &r)
	}
	if p != nil {
		return Row{}, p
	}
	takeText(m, "category", &r.Category)
	takeText(m, "family", &r.Family)
	takeText(m, "failure_type", &r.FailureType)
	takeText(m, "model_response", &r.ModelResponse)
	if r.Answer == "" {
		takeScalar(m, "answer", &r.Answer)
	}
	takeScalar(m, "correct_answer", &r.CorrectAnswer)
	if meta, ok := m["metadata"].(map[string]any); ok {
		if len(meta) > 0 {
			r.Metadata = meta
		}
		delete(m, "metadata")
	}
	if len(m) > 0 {
		r.Extra = m
	}
	return r, nil
}

// takeInstruction moves instruction, input and output from m to r.
func takeInstruction(m map[string]any, r *Row) *problem {
	name, p := takeFirst(m, instructionNames, &r.Instruction)
	if p != nil {
		return p
	}
	if _, p := takeFirst(m, inputNames[:1], &r.Input); p != nil {
		return p
	}
	if r.Input == "" {
		takeText(m, inputNames[1], &r.Input)
	}
	if name == "" && r.Input == "" {
		return takePlain(m, r)
	}
	if p := takeOutput(m, r); p != nil {
		return p
	}
	if strings.TrimSpace(r.Instruction) == "" && strings.TrimSpace(r.Input) == "" {
		return &problem{kind: badEmpty, why: name + " is empty"}
	}
	return nil
}

// takeOutput finds the reference answer. "answer" is it only where nothing else
// is; GSM8K's ends in "#### 72", of which the part behind the marks is compared.
func takeOutput(m map[string]any, r *Row) *problem {
	last := len(outputNames) - 1
	name, p := takeFirst(m, outputNames[:last], &r.Output)
	if p != nil || name != "" {
		return p
	}
	takeScalar(m, outputNames[last], &r.Output)
	r.Answer = r.Output
	if _, after, ok := cutLast(r.Output, "####"); ok {
		r.Answer = strings.TrimSpace(after)
	}
	return nil
}

// takePlain takes rows of running text, which have no question.
func takePlain(m map[string]any, r *Row) *problem {
	if text, ok := m["text"].(string); ok && strings.TrimSpace(text) != "" {
		r.Output = text
		delete(m, "text")
		return nil
	}
	return &problem{kind: badMissing, why: "it has none of " + strings.Join(instructionNames, ", ") + ", messages, conversations"}
}

// takeFirst moves the first of names that m has into to, and says which. Empty
// ones count only if nothing else is there.
func takeFirst(m map[string]any, names []string, to *string) (found string, p *problem) {
	for _, name := range names {
		v, ok := m[name]
		if !ok {
			continue
		}
		text, ok := v.(string)
		if !ok {
			return name, wrongType(name, v, "text")
		}
		delete(m, name)
		if text != "" {
			*to = text
			return name, nil
		}
		found = cmp.Or(found, name)
	}
	return found, nil
}

// takeText moves a text field; anything else stays in Extra.
func takeText(m map[string]any, name string, to *string) {
	if text, ok := m[name].(string); ok {
		*to = text
		delete(m, name)
	}
}

// takeScalar is takeText that also takes numbers, booleans, lists and objects,
// as JSON.
func takeScalar(m map[string]any, name string, to *string) {
	v, ok := m[name]
	if !ok {
		return
	}
	text, ok := v.(string)
	if !ok {
		var err error
		if text, err = compact(v); err != nil {
			return // an infinity: stays in Extra
		}
	}
	*to = text
	delete(m, name)
}

func wrongType(name string, v any, want string) *problem {
	return &problem{kind: badType, why: fmt.Sprintf("%s is %s, %s is needed", name, article(typeName(v)), want)}
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}
