package chat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonStyle are the arguments of Python's json.dumps.
type jsonStyle struct {
	ascii      bool
	indent     string
	lines      bool // indent was given
	item, pair string
	sorted     bool
}

// writeJSON writes as json.dumps does.
func (m *machine) writeJSON(b *strings.Builder, v any, st jsonStyle, level int) {
	m.step(1)
	defer m.nest()()
	from := b.Len()
	switch v := v.(type) {
	case nil:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case float64:
		b.WriteString(jsonFloat(v))
	case string:
		m.step(len(v) / 64)
		jsonString(b, v, st.ascii)
	case int64, *big.Int:
		fmt.Fprint(b, v)
	case *list:
		m.jsonItems(b, v.items, st, level)
		return
	case tuple:
		m.jsonItems(b, v, st, level)
		return
	case *Object:
		m.jsonObject(b, v, st, level)
		return
	default:
		failf("Object of type %s is not JSON serializable", typeName(v))
	}
	m.made(b.Len() - from)
}

func (m *machine) newline(b *strings.Builder, st jsonStyle, level int) {
	if st.lines {
		m.made(1 + level*len(st.indent))
		b.WriteByte('\n')
		b.WriteString(strings.Repeat(st.indent, level))
	}
}

func (m *machine) jsonItems(b *strings.Builder, items []any, st jsonStyle, level int) {
	if len(items) == 0 {
		b.WriteString("[]")
		return
	}
	b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			b.WriteString(st.item)
		}
		m.newline(b, st, level+1)
		m.writeJSON(b, item, st, level+1)
	}
	m.newline(b, st, level)
	b.WriteByte(']')
}

func (m *machine) jsonObject(b *strings.Builder, o *Object, st jsonStyle, level int) {
	if len(o.keys) == 0 {
		b.WriteString("{}")
		return
	}
	order := make([]int, len(o.keys))
	for i := range order {
		order[i] = i
	}
	if st.sorted {
		sort.SliceStable(order, func(i, j int) bool {
			c, _ := m.order(o.keys[order[i]], o.keys[order[j]])
			return c < 0
		})
	}
	b.WriteByte('{')
	for n, i := range order {
		if n > 0 {
			b.WriteString(st.item)
		}
		m.newline(b, st, level+1)
		key := jsonKey(o.keys[i])
		m.made(len(key))
		jsonString(b, key, st.ascii)
		b.WriteString(st.pair)
		m.writeJSON(b, o.vals[i], st, level+1)
	}
	m.newline(b, st, level)
	b.WriteByte('}')
}

// jsonKey turns the keys that Python allows into strings.
func jsonKey(key any) string {
	switch key := key.(type) {
	case string:
		return key
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(key)
	case float64:
		return jsonFloat(key)
	case int64, *big.Int:
		return fmt.Sprint(key)
	}
	failf("keys must be str, int, float, bool or None, not %s", typeName(key))
	return ""
}

func jsonFloat(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	case math.IsNaN(v):
		return "NaN"
	}
	return floatRepr(v)
}

func jsonString(b *strings.Builder, s string, ascii bool) {
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\b':
			b.WriteString(`\b`)
		case r == '\f':
			b.WriteString(`\f`)
		case r < 0x20 || ascii && r > 0x7e && r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		case ascii && r >= 0x10000:
			r -= 0x10000
			fmt.Fprintf(b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
}

// ParseJSON reads a JSON value as templates need it: objects keep the order of
// their keys (*Object), 1 stays an integer and 1.0 a float.
func ParseJSON(b []byte) (any, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("chat: JSON that is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	v, err := decodeJSON(d, 0)
	if err != nil {
		return nil, fmt.Errorf("chat: JSON: %w", err)
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("chat: JSON: something follows the value")
	}
	return v, nil
}

func decodeJSON(d *json.Decoder, depth int) (any, error) {
	if depth > 1000 {
		return nil, errors.New("more than 1000 levels")
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case json.Number:
		return jsonNumber(string(t))
	case json.Delim:
		if t == '[' {
			return decodeList(d, depth)
		}
		return decodeObject(d, depth)
	}
	return t, nil
}

func jsonNumber(s string) (any, error) {
	if !strings.ContainsAny(s, ".eE") && len(s) <= 1000 {
		i, _ := new(big.Int).SetString(s, 10)
		return normInt(i), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err
}

func decodeList(d *json.Decoder, depth int) (any, error) {
	out := &list{}
	for d.More() {
		v, err := decodeJSON(d, depth+1)
		if err != nil {
			return nil, err
		}
		out.items = append(out.items, v)
	}
	_, err := d.Token()
	return out, err
}

func decodeObject(d *json.Decoder, depth int) (any, error) {
	o := NewObject()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		v, err := decodeJSON(d, depth+1)
		if err != nil {
			return nil, err
		}
		o.set(key, v)
	}
	_, err := d.Token()
	return o, err
}
