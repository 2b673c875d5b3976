package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// exact is the largest magnitude up to which float64 holds every whole number.
const exact = 1 << 53

// parseObject reads one JSON object. It refuses what encoding/json would repair
// in silence: invalid UTF-8, half surrogates, a name given twice.
func parseObject(line []byte) (map[string]any, *problem) {
	if !utf8.Valid(line) {
		return nil, &problem{kind: badUTF8, why: fmt.Sprintf("byte %d is not UTF-8", invalidAt(line))}
	}
	dec := jsontext.NewDecoder(bytes.NewReader(line))
	if k := dec.PeekKind(); k != '{' && k > 0 {
		return nil, &problem{kind: badShape, why: "the row is " + article(kindName(k)) + ", an object is needed"}
	}
	v, err := parseValue(dec)
	if err == nil {
		if _, err = dec.ReadToken(); err == nil {
			err = errors.New("text follows the object")
		} else if err == io.EOF {
			return v.(map[string]any), nil
		}
	}
	return nil, syntaxProblem(err)
}

// parseAny reads one JSON value of any kind.
func parseAny(text []byte) (any, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text))
	v, err := parseValue(dec)
	if err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return nil, errors.New("text follows the value")
	}
	return v, nil
}

func parseValue(dec *jsontext.Decoder) (any, error) {
	tok, err := dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		return number(tok.String())
	case '[':
		list := []any{}
		for dec.PeekKind() != ']' {
			v, err := parseValue(dec)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err := dec.ReadToken()
		return list, err
	default:
		return parseMembers(dec)
	}
}

func parseMembers(dec *jsontext.Decoder) (any, error) {
	m := map[string]any{}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String() // before the next read: the token points into the buffer
		if m[key], err = parseValue(dec); err != nil {
			return nil, err
		}
	}
	_, err := dec.ReadToken()
	return m, err
}

// number gives float64, or int64 and uint64 for whole numbers that float64
// would round.
func number(text string) (any, error) {
	if !strings.ContainsAny(text, ".eE") {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil && text != "-0" {
			return fromInt(n), nil
		}
		if n, err := strconv.ParseUint(text, 10, 64); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, fmt.Errorf("the number %s is out of range", clip(text, 40))
	}
	return f, nil
}

func fromInt(n int64) any {
	if -exact <= n && n <= exact {
		return float64(n)
	}
	return n
}

func fromUint(n uint64) any {
	if n <= exact {
		return float64(n)
	}
	if n <= math.MaxInt64 {
		return int64(n)
	}
	return n
}

// compact is v as JSON without spaces, keys sorted, nothing escaped for HTML.
func compact(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

func syntaxProblem(err error) *problem {
	switch text := err.Error(); {
	case errors.Is(err, jsontext.ErrDuplicateName):
		return &problem{kind: badJSON, why: "a name is given twice in one object"}
	case strings.Contains(text, "surrogate"):
		return &problem{kind: badUTF8, why: `half of a \u surrogate pair`}
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		return &problem{kind: badJSON, why: "the row ends in the middle of the JSON"}
	default:
		return &problem{kind: badJSON, why: strings.TrimPrefix(text, "jsontext: ")}
	}
}

func kindName(k jsontext.Kind) string {
	switch k {
	case '"':
		return "text"
	case '0':
		return "number"
	case 't', 'f':
		return "boolean"
	case '[':
		return "list"
	case '{':
		return "object"
	}
	return "null"
}

// typeName is what v is in JSON's words.
func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case bool:
		return "boolean"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "number"
}

func article(noun string) string {
	switch noun {
	case "null", "text":
		return noun
	case "object":
		return "an object"
	}
	return "a " + noun
}

func invalidAt(b []byte) int {
	at := 0
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			return at
		}
		b, at = b[n:], at+n
	}
	return at
}

// clip shortens text to at most n bytes, whole runes, for messages.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n] + "…"
}
