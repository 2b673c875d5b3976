package chat

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// filterDef is a filter of jinja2 3.1 (filters.py), or transformers' own tojson.
type filterDef struct {
	sig    signature
	fn     func(m *machine, v any, a args) any
	markup bool // jinja2 gives back markup, not a string
}

var filters map[string]filterDef

func init() { // not a literal: map and select look filters up by name
	def := func(spec string, fn func(m *machine, v any, a args) any) filterDef {
		return filterDef{sig: sig(spec), fn: fn}
	}
	filters = map[string]filterDef{
		"abs":        def("", filterAbs),
		"batch":      def("linecount fill_with=", filterBatch),
		"capitalize": def("", func(m *machine, v any, _ args) any { return capitalize(m.text(v)) }),
		"default":    def("default_value= boolean=", filterDefault),
		"dictsort":   def("case_sensitive= by= reverse=", filterDictsort),
		"first":      def("", filterFirst),
		"float":      def("default=", filterFloat),
		"format":     def("*", func(m *machine, v any, a args) any { return m.printf(m.str(v), tuple(a.pos)) }),
		"indent":     def("width= first= blank=", filterIndent),
		"int":        def("default= base=", filterInt),
		"items":      def("", filterItems),
		"join":       def("d= attribute=", filterJoin),
		"last":       def("", filterLast),
		"length":     def("", func(m *machine, v any, _ args) any { return m.length(v) }),
		"list":       def("", func(m *machine, v any, _ args) any { return m.list(slices.Clone(m.items(v))) }),
		"lower":      def("", func(m *machine, v any, _ args) any { return toLower(m.text(v)) }),
		"map":        def("*", filterMap),
		"max":        def("case_sensitive= attribute=", func(m *machine, v any, a args) any { return m.extreme(v, a, 1) }),
		"min":        def("case_sensitive= attribute=", func(m *machine, v any, a args) any { return m.extreme(v, a, -1) }),
		"reject":     def("*", func(m *machine, v any, a args) any { return m.selectItems(v, a, false, false) }),
		"rejectattr": def("*", func(m *machine, v any, a args) any { return m.selectItems(v, a, true, false) }),
		"replace":    def("old new count=", filterReplace),
		"reverse":    def("", filterReverse),
		"round":      def("precision= method=", filterRound),
		"select":     def("*", func(m *machine, v any, a args) any { return m.selectItems(v, a, false, true) }),
		"selectattr": def("*", func(m *machine, v any, a args) any { return m.selectItems(v, a, true, true) }),
		"sort":       def("reverse= case_sensitive= attribute=", filterSort),
		"string":     def("", func(m *machine, v any, _ args) any { return m.str(v) }),
		"sum":        def("attribute= start=", filterSum),
		"title":      def("", func(m *machine, v any, _ args) any { return filterTitle(m.text(v)) }),
		"tojson":     def("ensure_ascii= indent= separators= sort_keys=", filterJSON),
		"trim":       def("chars=", filterTrim),
		"unique":     def("case_sensitive= attribute=", filterUnique),
		"upper":      def("", func(m *machine, v any, _ args) any { return toUpper(m.text(v)) }),
		"escape":     {fn: func(m *machine, v any, _ args) any { return escape(m.text(v)) }, markup: true},
		"safe":       {fn: func(m *machine, v any, _ args) any { return m.str(v) }, markup: true},
	}
	filters["count"], filters["d"], filters["e"] = filters["length"], filters["default"], filters["escape"]
}

func (m *machine) filter(v any, c filterCall, s *scope) any {
	f := filters[c.name]
	return f.fn(m, v, args{f.sig, m.evalAll(c.args.pos, s), c.args.names, m.evalAll(c.args.named, s)})
}

// text is str() of a value that is about to be gone through.
func (m *machine) text(v any) string {
	s := m.str(v)
	m.made(len(s))
	return s
}

func (m *machine) length(v any) any {
	switch v := v.(type) {
	case string:
		m.step(len(v) / 64)
		return int64(runeCount(v))
	case *rangeValue:
		return v.n
	case nil, bool, int64, *big.Int, float64, *lazy, *namespace, *macro, *function, *method, *loopValue:
		failf("object of type '%s' has no len()", typeName(v))
	}
	return int64(len(m.items(v)))
}

func filterAbs(m *machine, v any, _ args) any {
	if f, ok := v.(float64); ok {
		return math.Abs(f)
	}
	i, ok := toInt(v)
	if !ok {
		failf("bad operand type for abs(): '%s'", typeName(v))
	}
	return normInt(new(big.Int).Abs(i))
}

func filterDefault(m *machine, v any, a args) any {
	_, missing := v.(undefined)
	if missing || a.flag("boolean") && !truth(v) {
		return a.value("default_value", "")
	}
	return v
}

func filterFirst(m *machine, v any, _ args) any {
	items := m.items(v)
	if len(items) == 0 {
		return undefined{"the first item of an empty sequence"}
	}
	return items[0]
}

func filterLast(m *machine, v any, _ args) any {
	if _, ok := v.(*lazy); ok {
		failf("'generator' object is not reversible")
	}
	items := m.items(v)
	if len(items) == 0 {
		return undefined{"the last item of an empty sequence"}
	}
	return items[len(items)-1]
}

func filterItems(m *machine, v any, _ args) any {
	switch v := v.(type) {
	case undefined:
		return &lazy{}
	case *Object:
		return &lazy{items: m.pairs(v)}
	}
	failf("can only get item pairs from a mapping, not from a %s", typeName(v))
	return nil
}

// pairs are (key, value) of a dict.
func (m *machine) pairs(o *Object) []any {
	m.made(48 * len(o.keys))
	out := make([]any, len(o.keys))
	for i, key := range o.keys {
		out[i] = tuple{key, o.vals[i]}
	}
	return out
}

func filterJoin(m *machine, v any, a args) any {
	items := m.items(v)
	between := m.str(a.value("d", ""))
	attribute, byAttr := a.get("attribute")
	var b strings.Builder
	for i, item := range items {
		if byAttr && attribute != nil {
			item = m.path(item, attribute)
		}
		if i > 0 {
			m.made(len(between))
			b.WriteString(between)
		}
		s := m.str(item)
		m.made(len(s))
		b.WriteString(s)
	}
	return b.String()
}

func filterReplace(m *machine, v any, a args) any {
	old, repl := m.str(a.value("old", nil)), m.str(a.value("new", nil))
	n := int64(-1)
	if c := a.value("count", nil); c != nil {
		n = a.int("count", -1)
	}
	return m.replace(m.str(v), old, repl, n)
}

func (m *machine) replace(s, old, repl string, n int64) string {
	m.step(len(s) / 64)
	if len(repl) > len(old) {
		found := strings.Count(s, old)
		if found > 0 && (len(repl)-len(old)) > maxString/found {
			m.made(maxString + 1)
		}
		m.made(len(s) + found*(len(repl)-len(old)))
	} else {
		m.made(len(s))
	}
	return strings.Replace(s, old, repl, int(max(-1, min(n, maxString))))
}

func filterTrim(m *machine, v any, a args) any {
	s := m.text(v)
	if c := a.value("chars", nil); c != nil {
		return strings.Trim(s, a.text("chars", ""))
	}
	return strings.TrimFunc(s, isSpace)
}

func filterReverse(m *machine, v any, _ args) any {
	if s, ok := v.(string); ok {
		runes := m.runes(s)
		slices.Reverse(runes)
		return string(runes)
	}
	switch v.(type) {
	case *lazy:
		failf("argument must be iterable") // Python's reversed() wants a sequence
	}
	items := slices.Clone(m.items(v))
	m.made(16 * len(items))
	slices.Reverse(items)
	return &lazy{items: items}
}

// filterRound: Python's round gives back a half to the even neighbour, and an
// integer for an integer.
func filterRound(m *machine, v any, a args) any {
	precision := a.int("precision", 0)
	method := a.text("method", "common")
	if _, ok := toInt(v); ok && method == "common" {
		if precision < 0 {
			failf("round of an integer to %d digits is not supported", precision)
		}
		i, _ := toInt(v)
		return normInt(i)
	}
	x, ok := toFloat(v)
	if !ok {
		failf("type %s doesn't define __round__ method", typeName(v))
	}
	if precision < -300 || precision > 300 {
		failf("round to %d digits", precision)
	}
	power := math.Pow(10, float64(precision))
	switch method {
	case "common":
		if precision < 0 {
			return math.RoundToEven(x/math.Pow(10, float64(-precision))) * math.Pow(10, float64(-precision))
		}
		r, _ := strconv.ParseFloat(strconv.FormatFloat(x, 'f', int(precision), 64), 64)
		return r
	case "ceil":
		return math.Ceil(x*power) / power
	case "floor":
		return math.Floor(x*power) / power
	}
	failf("method must be common, ceil or floor")
	return nil
}

func filterInt(m *machine, v any, a args) any {
	def := a.value("default", int64(0))
	base := a.int("base", 10)
	switch v := v.(type) {
	case undefined:
		failf("%s is undefined", v.what)
	case float64:
		if v-v != 0 {
			return def
		}
		return truncate(v)
	case string:
		s := strings.TrimFunc(v, isSpace)
		if base != 10 {
			failf("int with base %d is not supported", base)
		}
		if len(s) > 4300 { // Python refuses longer ones too
			return def
		}
		if i, ok := new(big.Int).SetString(s, 10); ok {
			return normInt(i)
		}
		if f, ok := parseFloat(s); ok && f-f == 0 {
			return truncate(f)
		}
		return def
	}
	if i, ok := toInt(v); ok {
		return normInt(i)
	}
	return def
}

func filterFloat(m *machine, v any, a args) any {
	def := a.value("default", 0.0)
	switch v := v.(type) {
	case undefined:
		failf("%s is undefined", v.what)
	case string:
		if f, ok := parseFloat(strings.TrimFunc(v, isSpace)); ok {
			return f
		}
		return def
	}
	if f, ok := toFloat(v); ok {
		return f
	}
	return def
}

// parseFloat is Python's float(): no hexadecimal.
func parseFloat(s string) (float64, bool) {
	if strings.ContainsAny(s, "xXpP") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil && !math.IsInf(f, 0) {
		return 0, false
	}
	return f, true
}

func filterSum(m *machine, v any, a args) any {
	total := a.value("start", int64(0))
	attribute := a.value("attribute", nil)
	if _, ok := total.(string); ok {
		failf("sum() can't sum strings")
	}
	for _, item := range m.items(v) {
		if attribute != nil {
			item = m.path(item, attribute)
		}
		total = m.binary("+", total, item)
	}
	return total
}

func filterBatch(m *machine, v any, a args) any {
	n := a.int("linecount", 0)
	if n < 1 || n > maxRange {
		failf("batches of %d", n)
	}
	var out []any
	for part := range slices.Chunk(m.items(v), int(n)) {
		row := slices.Clone(part)
		if fill := a.value("fill_with", nil); fill != nil {
			for int64(len(row)) < n {
				m.step(1)
				row = append(row, fill)
			}
		}
		out = append(out, m.list(row))
	}
	return &lazy{items: out}
}

func filterIndent(m *machine, v any, a args) any {
	indent, ok := a.value("width", int64(4)).(string)
	if !ok {
		n := a.int("width", 4)
		if n > 10_000 {
			failf("indent by %d", n)
		}
		indent = strings.Repeat(" ", int(max(n, 0)))
	}
	text, ok := v.(string)
	if !ok {
		failf("indent of a %s", typeName(v))
	}
	s := m.text(text) + "\n" // as jinja2: an empty text has one line too
	lines := splitLines(s)
	m.made(len(lines) * (len(indent) + 1))
	for i, line := range lines {
		if i == 0 && !a.flag("first") || i > 0 && line == "" && !a.flag("blank") {
			continue
		}
		lines[i] = indent + line
	}
	return strings.Join(lines, "\n")
}

func filterJSON(m *machine, v any, a args) any {
	st := jsonStyle{ascii: a.flag("ensure_ascii"), sorted: a.flag("sort_keys"), item: ", ", pair: ": "}
	switch indent := a.value("indent", nil).(type) {
	case nil:
	case string:
		st.indent, st.lines, st.item = indent, true, ","
	default:
		n := a.int("indent", 0)
		if n > 1000 {
			failf("indent by %d", n)
		}
		st.indent, st.lines, st.item = strings.Repeat(" ", int(max(n, 0))), true, ","
	}
	if separators := a.value("separators", nil); separators != nil {
		pair := m.items(separators)
		if len(pair) != 2 {
			failf("separators must be two strings")
		}
		st.item, st.pair = m.str(pair[0]), m.str(pair[1])
	}
	var b strings.Builder
	m.writeJSON(&b, v, st, 0)
	return b.String()
}
