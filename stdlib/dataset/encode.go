package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// field is one name with its value, in the order in which rows are written.
type field struct {
	name  string
	value any // nil is written as null
}

// fields are what of the row is written, in a fixed order: empty ones are left
// out, but training rows made of failures have all that such rows have, so that
// files of several categories have the same columns.
func (r *Row) fields() []field {
	training := r.FailureType != ""
	var list []field
	put := func(name, text string, always bool) {
		switch {
		case text != "":
			list = append(list, field{name, text})
		case always && !r.has(name):
			list = append(list, field{name, nil})
		}
	}
	put("instruction", r.Instruction, training && len(r.Messages) == 0)
	put("input", r.Input, false)
	switch {
	case r.Output == "" && r.Answer != "" && len(r.Messages) == 0:
		list = append(list, field{"output", ""}) // else the answer would be read as the output
	case r.Instruction == "" && r.Input == "" && len(r.Messages) == 0 && !training:
		put("text", r.Output, false) // running text
	default:
		put("output", r.Output, training && len(r.Messages) == 0)
	}
	if len(r.Messages) > 0 {
		list = append(list, field{"messages", chatValue(r)})
	}
	put("category", r.Category, training)
	put("family", r.Family, false)
	put("answer", r.Answer, false)
	put("failure_type", r.FailureType, training)
	put("correct_answer", r.CorrectAnswer, training)
	put("model_response", r.ModelResponse, training)
	if len(r.Metadata) > 0 {
		list = append(list, field{"metadata", r.Metadata})
	} else if training && !r.has("metadata") {
		list = append(list, field{"metadata", nil})
	}
	known := list
	for _, name := range slices.Sorted(maps.Keys(r.Extra)) {
		overruled := slices.ContainsFunc(known, func(f field) bool { return f.name == name })
		if v := r.Extra[name]; v != nil && !overruled {
			list = append(list, field{name, v})
		}
	}
	return list
}

func (r *Row) has(name string) bool { return r.Extra[name] != nil }

// Marshal is the row as one line of JSONL, without the newline.
func (r *Row) Marshal() ([]byte, error) { return r.append(nil, false) }

// append adds the row as one JSON object. Lenient is for hashes: what JSON has no
// words for gets some.
func (r *Row) append(b []byte, lenient bool) ([]byte, error) {
	b = append(b, '{')
	for i, f := range r.fields() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, f.name), ':')
		var err error
		if b, err = appendValue(b, f.value, lenient); err != nil {
			return b, fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	return append(b, '}'), nil
}

// appendValue adds any value as JSON, keys sorted, nothing escaped for HTML.
func appendValue(b []byte, v any, lenient bool) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case string:
		if !lenient && !utf8.ValidString(v) {
			return b, fmt.Errorf("the text %q is not UTF-8", clip(v, 40))
		}
		return appendText(b, v), nil
	case float64:
		if !lenient && (math.IsInf(v, 0) || math.IsNaN(v)) {
			return b, fmt.Errorf("JSON has no number for %v (Parquet has)", v)
		}
		return appendFloat(b, v), nil
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			if b, err = appendValue(b, item, lenient); err != nil {
				return b, err
			}
		}
		return append(b, ']'), nil
	case map[string]any:
		b = append(b, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendText(b, key), ':')
			if b, err = appendValue(b, v[key], lenient); err != nil {
				return b, fmt.Errorf("%s: %w", key, err)
			}
		}
		return append(b, '}'), nil
	case []Message:
		b = append(b, '[')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendText(append(b, `{"role":`...), m.Role)
			b = append(appendText(append(b, `,"content":`...), m.Content), '}')
			if !lenient && !utf8.ValidString(m.Role+m.Content) {
				return b, fmt.Errorf("message %d is not UTF-8", i+1)
			}
		}
		return append(b, ']'), nil
	}
	return appendOther(b, v, lenient)
}

// appendOther is for types that no file gives but a script may set.
func appendOther(b []byte, v any, lenient bool) ([]byte, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		if lenient {
			return fmt.Appendf(b, "%T %v", v, v), nil
		}
		return b, err
	}
	return append(b, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...), nil
}

// appendText adds a JSON string. Bytes that are no UTF-8 become U+FFFD.
func appendText(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// appendFloat writes the shortest digits that give v again, as JavaScript does.
func appendFloat(b []byte, v float64) []byte {
	format := byte('f')
	if abs := math.Abs(v); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, v, format, -1, 64)
}
