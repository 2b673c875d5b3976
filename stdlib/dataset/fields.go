package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// field is one name with its value, in the order in which rows are written.
type field struct {
	name  string
	value any
}

// ordered is a row as JSON writes it: names in a fixed order, empty ones left
// out, what Row does not know behind the rest.
type ordered []field

func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := encode(&b, f.name); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := encode(&b, f.value); err != nil {
			return nil, fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode is JSON without HTML escapes and without the newline.
func encode(b *bytes.Buffer, v any) error {
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return err
	}
	b.Truncate(b.Len() - 1)
	return nil
}

func (r *Row) fields() ordered {
	var o ordered
	text := func(name, value string) {
		if value != "" {
			o = append(o, field{name, value})
		}
	}
	text("instruction", r.Instruction)
	text("input", r.Input)
	text("output", r.Output)
	if len(r.Messages) > 0 {
		o = append(o, field{"messages", r.Messages})
	}
	text("category", r.Category)
	text("family", r.Family)
	text("answer", r.Answer)
	text("failure_type", r.FailureType)
	text("correct_answer", r.CorrectAnswer)
	text("model_response", r.ModelResponse)
	if len(r.Metadata) > 0 {
		o = append(o, field{"metadata", r.Metadata})
	}
	for _, k := range slices.Sorted(maps.Keys(r.Extra)) {
		o = append(o, field{k, r.Extra[k]})
	}
	return o
}

// Marshal is the row as one line of JSONL, without the newline.
func (r *Row) Marshal() ([]byte, error) {
	var b bytes.Buffer
	err := encode(&b, r.fields())
	return b.Bytes(), err
}

// aliases are the names that data sets of the field use, the first present one
// counts.
var (
	instructionNames = []string{"instruction", "prompt", "question"}
	outputNames      = []string{"output", "response", "completion"}
)

// fromMap makes a row of named values.
func fromMap(m map[string]any) (Row, error) {
	var r Row
	var err error
	take := func(to *string, names ...string) {
		for _, name := range names {
			v, ok := m[name]
			if !ok || v == nil || err != nil {
				continue
			}
			s, isText := v.(string)
			if !isText {
				if to == &r.Answer || to == &r.CorrectAnswer {
					s = fmt.Sprint(v)
				} else {
					err = fmt.Errorf("field %q is not text but %s", name, kindOf(v))
					return
				}
			}
			*to = s
			delete(m, name)
			return
		}
	}
	take(&r.Instruction, instructionNames...)
	take(&r.Input, "input")
	take(&r.Output, outputNames...)
	take(&r.Category, "category")
	take(&r.Family, "family")
	take(&r.Answer, "answer")
	take(&r.FailureType, "failure_type")
	take(&r.CorrectAnswer, "correct_answer")
	take(&r.ModelResponse, "model_response")
	if err == nil {
		r.Messages, err = messagesOf(m)
	}
	if meta, ok := m["metadata"].(map[string]any); ok {
		r.Metadata = meta
		delete(m, "metadata")
	}
	for k, v := range m {
		if v == nil {
			delete(m, k)
		}
	}
	if len(m) > 0 {
		r.Extra = m
	}
	if err == nil && r.Instruction == "" && len(r.Messages) == 0 {
		err = errors.New("it has neither an instruction (instruction, prompt, question) nor messages")
	}
	if err == nil {
		err = r.valid()
	}
	return r, err
}

func (r *Row) valid() error {
	for _, s := range []string{r.Instruction, r.Input, r.Output, r.Answer} {
		if !utf8.ValidString(s) {
			return errors.New("it is not valid UTF-8")
		}
	}
	return nil
}

func kindOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case float64, json.Number, int64, int32:
		return "a number"
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return fmt.Sprintf("%T", v)
}

// messagesOf reads "messages" [{role, content}] or ShareGPT's "conversations"
// [{from, value}], and takes them out of m.
func messagesOf(m map[string]any) ([]Message, error) {
	for _, shape := range []struct{ list, role, content string }{{"messages", "role", "content"}, {"conversations", "from", "value"}} {
		v, ok := m[shape.list]
		if !ok || v == nil {
			continue
		}
		list, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("field %q is not a list but %s", shape.list, kindOf(v))
		}
		var out []Message
		for i, item := range list {
			turn, _ := item.(map[string]any)
			role, ok1 := turn[shape.role].(string)
			content, ok2 := turn[shape.content].(string)
			if !ok1 || !ok2 {
				return nil, fmt.Errorf("%s[%d] has no text %s and %s", shape.list, i, shape.role, shape.content)
			}
			out = append(out, Message{Role: shareGPT(role), Content: content})
		}
		delete(m, shape.list)
		return out, nil
	}
	return nil, nil
}

func shareGPT(role string) string {
	switch role {
	case "human":
		return "user"
	case "gpt":
		return "assistant"
	}
	return role
}
