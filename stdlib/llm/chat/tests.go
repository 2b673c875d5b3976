package chat

import (
	"fmt"
	"math/big"
	"strings"
)

// testDef is a test (x is …) of jinja2 3.1 (tests.py).
type testDef struct {
	args int
	fn   func(m *machine, v any, arg any) bool
}

var tests map[string]testDef

func init() {
	tests = map[string]testDef{
		"boolean":     {0, func(_ *machine, v, _ any) bool { _, ok := v.(bool); return ok }},
		"callable":    {0, isCallable},
		"defined":     {0, func(_ *machine, v, _ any) bool { _, ok := v.(undefined); return !ok }},
		"undefined":   {0, func(_ *machine, v, _ any) bool { _, ok := v.(undefined); return ok }},
		"divisibleby": {1, func(m *machine, v, arg any) bool { return m.equal(m.binary("%", v, arg), int64(0)) }},
		"even":        {0, func(m *machine, v, _ any) bool { return m.equal(m.binary("%", v, int64(2)), int64(0)) }},
		"odd":         {0, func(m *machine, v, _ any) bool { return m.equal(m.binary("%", v, int64(2)), int64(1)) }},
		"false":       {0, func(_ *machine, v, _ any) bool { return v == false }},
		"true":        {0, func(_ *machine, v, _ any) bool { return v == true }},
		"float":       {0, func(_ *machine, v, _ any) bool { _, ok := v.(float64); return ok }},
		"integer":     {0, func(_ *machine, v, _ any) bool { return typeName(v) == "int" }},
		"number":      {0, isNumber},
		"in":          {1, func(m *machine, v, arg any) bool { return m.contains(arg, v) }},
		"iterable":    {0, isIterable},
		"sequence":    {0, isSequence},
		"mapping":     {0, func(_ *machine, v, _ any) bool { _, ok := v.(*Object); return ok }},
		"lower":       {0, func(m *machine, v, _ any) bool { return hasCase(m.text(v), toLower) }},
		"upper":       {0, func(m *machine, v, _ any) bool { return hasCase(m.text(v), toUpper) }},
		"none":        {0, func(_ *machine, v, _ any) bool { return v == nil }},
		"string":      {0, func(_ *machine, v, _ any) bool { _, ok := v.(string); return ok }},
		"sameas":      {1, sameAs},
		"filter":      {0, func(m *machine, v, _ any) bool { _, ok := filters[m.str(v)]; return ok }},
		"test":        {0, func(m *machine, v, _ any) bool { return knownTest(m.str(v)) }},
	}
	for op, names := range map[string]string{
		"==": "== eq equalto", "!=": "!= ne", "<": "< lt lessthan", "<=": "<= le", ">": "> gt greaterthan", ">=": ">= ge",
	} {
		for name := range strings.FieldsSeq(names) {
			tests[name] = testDef{1, func(m *machine, v, arg any) bool { return m.compare(op, v, arg) }}
		}
	}
}

func knownTest(name string) bool { _, ok := tests[name]; return ok }

func (m *machine) test(name string, v any, args []any) bool {
	var arg any
	if len(args) > 0 {
		arg = args[0]
	}
	return tests[name].fn(m, v, arg)
}

func isNumber(_ *machine, v, _ any) bool {
	switch v.(type) {
	case bool, int64, *big.Int, float64:
		return true
	}
	return false
}

func isCallable(_ *machine, v, _ any) bool {
	switch v.(type) {
	case *function, *macro, *method, *loopValue, undefined: // Undefined has __call__, which fails
		return true
	}
	return false
}

func isIterable(_ *machine, v, _ any) bool {
	switch v.(type) {
	case undefined, *list, tuple, *Object, *view, *lazy, *rangeValue, string, *loopValue:
		return true
	}
	return false
}

func isSequence(_ *machine, v, _ any) bool {
	switch v.(type) {
	case undefined, *list, tuple, *Object, *rangeValue, string:
		return true
	}
	return false
}

// sameAs is Python's is, where its outcome does not hang on how the interpreter
// shares values.
func sameAs(_ *machine, v, arg any) bool {
	switch v.(type) {
	case nil, bool, *list, *Object, *namespace, *macro:
		switch arg.(type) {
		case tuple:
			return false
		}
		return v == arg
	}
	switch arg.(type) {
	case nil, bool, *list, *Object, *namespace, *macro:
		return false
	}
	failf("sameas between a %s and a %s is not supported", typeName(v), typeName(arg))
	return false
}

// hasCase: there is a letter with case, and all letters are in this one.
func hasCase(s string, fold func(string) string) bool {
	return fold(s) == s && toLower(s) != toUpper(s)
}

// functions are the names that every template knows (jinja2's defaults and what
// transformers adds).
var functions map[string]*function

func init() {
	functions = map[string]*function{
		"raise_exception": {raiseException},
		"range":           {makeRange},
		"namespace":       {makeNamespace},
		"dict":            {makeDict},
		"strftime_now":    {strftimeNow},
	}
}

// Raised is the error of a template that refuses its messages by raise_exception.
type Raised struct{ Message string }

func (e *Raised) Error() string { return e.Message }

func raiseException(m *machine, pos []any, names []string, named []any) any {
	var message any
	switch {
	case len(pos) == 1 && len(names) == 0:
		message = pos[0]
	case len(pos) == 0 && len(names) == 1 && names[0] == "message":
		message = named[0]
	default:
		failf("raise_exception() wants one message")
	}
	panic(failure{&Raised{m.str(message)}})
}

func makeRange(m *machine, pos []any, names []string, _ []any) any {
	if len(pos) < 1 || len(pos) > 3 || len(names) > 0 {
		failf("range() wants 1 to 3 numbers")
	}
	n := [3]int64{0, 0, 1}
	for i, v := range pos {
		var ok bool
		if n[i], ok = smallInt(v); !ok {
			failf("'%s' object cannot be interpreted as an integer", typeName(v))
		}
	}
	if len(pos) == 1 {
		n[0], n[1] = 0, n[0]
	}
	r := &rangeValue{start: n[0], stop: n[1], step: n[2]}
	// Bounds are at most 2^61 off zero, so nothing overflows here.
	for i := range n {
		if n[i] > 1<<61 || n[i] < -1<<61 {
			failf("range too big: the most is %d items", maxRange)
		}
	}
	switch {
	case r.step == 0:
		failf("range() arg 3 must not be zero")
	case r.step > 0 && r.start < r.stop:
		r.n = (r.stop - r.start + r.step - 1) / r.step
	case r.step < 0 && r.start > r.stop:
		r.n = (r.start - r.stop - r.step - 1) / -r.step
	}
	if r.n > maxRange {
		failf("range too big: the most is %d items", maxRange)
	}
	return r
}

func makeNamespace(m *machine, pos []any, names []string, named []any) any {
	return &namespace{makeDict(m, pos, names, named).(*Object)}
}

// makeDict is dict(a=1, …), from a dict or pairs where there is one.
func makeDict(m *machine, pos []any, names []string, named []any) any {
	o := NewObject()
	if len(pos) > 1 {
		failf("dict expected at most 1 argument, got %d", len(pos))
	}
	for _, v := range pos {
		pairs := []any(nil)
		if d, ok := v.(*Object); ok {
			pairs = m.pairs(d)
		} else {
			pairs = m.items(v)
		}
		for _, p := range pairs {
			kv := m.items(p)
			if len(kv) != 2 {
				failf("dict() wants pairs")
			}
			m.weigh(kv[0])
			o.set(kv[0], kv[1])
		}
	}
	for i, name := range names {
		o.set(name, named[i])
	}
	return o
}

// strftimeNow writes the time of the rendering; only the usual fields.
func strftimeNow(m *machine, pos []any, names []string, _ []any) any {
	if len(pos) != 1 || len(names) > 0 {
		failf("strftime_now() wants one format")
	}
	format := stringArg("strftime_now", pos[0])
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		layout, ok := map[byte]string{
			'a': "Mon", 'A': "Monday", 'b': "Jan", 'B': "January", 'd': "02", 'H': "15", 'I': "03", 'm': "01", 'M': "04",
			'p': "PM", 'S': "05", 'y': "06", 'Y': "2006", 'F': "2006-01-02", 'T': "15:04:05", 'z': "-0700", 'Z': "MST", 'j': "002",
		}[format[i]]
		switch {
		case ok:
			b.WriteString(m.now.Format(layout))
		case format[i] == '%':
			b.WriteByte('%')
		case format[i] == '-' && i+1 < len(format) && strings.IndexByte("dmHIMS", format[i+1]) >= 0:
			i++
			fmt.Fprint(&b, map[byte]int{
				'd': m.now.Day(), 'm': int(m.now.Month()), 'H': m.now.Hour(), 'I': (m.now.Hour()+11)%12 + 1,
				'M': m.now.Minute(), 'S': m.now.Second(),
			}[format[i]])
		default:
			failf("strftime_now: %%%c is not supported", format[i])
		}
		m.made(len(format))
	}
	return b.String()
}
