package chat

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// repr appends Python's repr().
func (m *machine) repr(b *strings.Builder, v any) {
	m.step(1)
	defer m.nest()()
	from := b.Len()
	switch v := v.(type) {
	case nil:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(floatRepr(v))
	case string:
		m.step(len(v) / 64)
		stringRepr(b, v)
	case undefined:
		b.WriteString("Undefined")
	case *list:
		m.reprItems(b, "[", "]", v.items)
	case tuple:
		end := ")"
		if len(v) == 1 {
			end = ",)"
		}
		m.reprItems(b, "(", end, v)
	case *Object:
		b.WriteByte('{')
		for i, key := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			m.repr(b, key)
			b.WriteString(": ")
			m.repr(b, v.vals[i])
		}
		b.WriteByte('}')
	case *view:
		m.reprItems(b, v.kind+"([", "])", v.items)
	case *rangeValue:
		if v.step == 1 {
			fmt.Fprintf(b, "range(%d, %d)", v.start, v.stop)
		} else {
			fmt.Fprintf(b, "range(%d, %d, %d)", v.start, v.stop, v.step)
		}
	default:
		failf("writing a %s as text is not supported", typeName(v))
	}
	switch v.(type) {
	case *list, tuple, *Object, *view: // their parts are counted already
	default:
		m.made(b.Len() - from)
	}
}

func (m *machine) reprItems(b *strings.Builder, start, end string, items []any) {
	b.WriteString(start)
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		m.repr(b, item)
	}
	b.WriteString(end)
}

// floatRepr is the shortest decimal that reads back the same; Python changes to
// an exponent below 1e-4 and from 1e16 up.
func floatRepr(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	case math.IsNaN(v):
		return "nan"
	}
	if abs := math.Abs(v); abs != 0 && (abs < 1e-4 || abs >= 1e16) {
		return strconv.FormatFloat(v, 'e', -1, 64)
	}
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// stringRepr quotes with ' unless the text has ' and no ".
func stringRepr(b *strings.Builder, s string) {
	quote := '\''
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	b.WriteRune(quote)
	for _, r := range s {
		switch {
		case r == quote || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case unicode.IsPrint(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(b, `\u%04x`, r)
		default:
			fmt.Fprintf(b, `\U%08x`, r)
		}
	}
	b.WriteRune(quote)
}

// printf is text % values: %s %r %d %i %f %e %g %x %o %c %% with flags, width
// and precision.
func (m *machine) printf(format string, values any) string {
	args, ok := values.(tuple)
	if !ok {
		args = tuple{values}
	}
	var b strings.Builder
	used := 0
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		n := i + 1
		for n < len(format) && strings.IndexByte("-+ #0123456789.", format[n]) >= 0 {
			n++
		}
		if n == len(format) {
			failf("incomplete format")
		}
		flags, verb := format[i+1:n], format[n]
		i = n
		if verb == '%' {
			b.WriteByte('%')
			continue
		}
		if used == len(args) {
			failf("not enough arguments for format string")
		}
		text := m.printOne(flags, verb, args[used])
		m.made(len(text))
		b.WriteString(text)
		used++
	}
	switch values.(type) {
	case *Object, *list, *rangeValue, undefined: // mappings to Python: they need not be used
		return b.String()
	}
	if used < len(args) {
		failf("not all arguments converted during string formatting")
	}
	return b.String()
}

func (m *machine) printOne(flags string, verb byte, v any) string {
	for _, part := range strings.FieldsFunc(flags, func(r rune) bool { return r < '0' || r > '9' }) {
		if len(part) > 4 {
			failf("a format of width %s", part)
		}
	}
	if strings.Count(flags, ".") > 1 {
		failf("the format %%%s%c", flags, verb)
	}
	switch verb {
	case 's':
		return fmt.Sprintf("%"+flags+"s", m.str(v))
	case 'r':
		return fmt.Sprintf("%"+flags+"s", m.reprString(v))
	case 'd', 'i', 'u':
		if f, ok := v.(float64); ok {
			v = truncate(f)
		}
		if i, ok := toInt(v); ok {
			return fmt.Sprintf("%"+flags+"d", i)
		}
	case 'x', 'X', 'o':
		if i, ok := toInt(v); ok {
			return fmt.Sprintf("%"+flags+string(verb), i)
		}
	case 'f', 'F', 'e', 'E', 'g', 'G':
		if f, ok := toFloat(v); ok && f-f == 0 {
			if !strings.Contains(flags, ".") && (verb == 'g' || verb == 'G') {
				flags += ".6" // Go would write all digits
			}
			return fmt.Sprintf("%"+flags+string(verb), f)
		}
	case 'c':
		if s, ok := v.(string); ok && runeCount(s) == 1 {
			return fmt.Sprintf("%"+flags+"s", s)
		}
	}
	failf("the format %%%s%c of a %s is not supported", flags, verb, typeName(v))
	return ""
}

// truncate is int() of a float.
func truncate(f float64) any {
	if f-f != 0 {
		failf("cannot convert float %s to integer", floatRepr(f))
	}
	i, _ := big.NewFloat(f).Int(nil)
	return normInt(i)
}
