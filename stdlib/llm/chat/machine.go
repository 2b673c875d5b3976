package chat

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits of one rendering: a template is a program from outside.
const (
	maxSteps  = 5_000_000 // values looked at
	maxMemory = 256 << 20 // bytes of all strings and lists made on the way
	maxString = 32 << 20  // bytes of one string
	maxRange  = 100_000   // jinja2's sandbox has the same
	maxCalls  = 100       // macros inside macros
	maxNested = 2000      // values inside values
)

// machine renders a template once.
type machine struct {
	t      *Template
	steps  int
	memory int
	calls  int // macros inside macros
	level  int // of nested values
	line   int
	now    time.Time
	out    *strings.Builder
	depth  int    // 0: out is the rendering itself, not a macro's or a block's
	spans  []span // of generation blocks, in bytes of out
	broken bool   // break: leave the innermost loop
	next   bool   // continue: go on with its next item
}

type span struct{ from, to int }

func (m *machine) step(n int) {
	if m.steps += n; m.steps > maxSteps {
		failf("the template does more than %d steps", maxSteps)
	}
}

// made accounts for a string or a list of n bytes before it is made.
func (m *machine) made(n int) {
	m.step(1 + n/256)
	if m.memory += n; n > maxString || m.memory > maxMemory {
		failf("the template makes more than %d bytes", min(n, maxMemory))
	}
}

// nest guards the recursion over nested values.
func (m *machine) nest() func() {
	if m.level++; m.level > maxNested {
		failf("values nested more than %d deep", maxNested)
	}
	return m.unnest
}

func (m *machine) unnest() { m.level-- }

// weigh accounts for looking at a whole value as a key.
func (m *machine) weigh(v any) {
	switch v := v.(type) {
	case string:
		m.step(1 + len(v)/64)
	case tuple:
		defer m.nest()()
		for _, item := range v {
			m.weigh(item)
		}
	}
}

func (m *machine) list(items []any) *list {
	m.made(16 * len(items))
	return &list{items}
}

func (m *machine) write(s string) {
	m.made(len(s))
	m.out.WriteString(s)
}

// capture renders into a string of its own.
func (m *machine) capture(body func()) string {
	outer := m.out
	m.out = new(strings.Builder)
	m.depth++
	body()
	m.depth--
	text := m.out.String()
	m.out = outer
	return text
}

// scope holds the names that one block assigns; blocks see outward. There are
// few of them, and a loop makes a scope every turn: a slice is faster than a map.
type scope struct {
	vars  []variable
	outer *scope
}

type variable struct {
	name  string
	value any
}

func (s *scope) inner() *scope { return &scope{outer: s} }

func (s *scope) set(name string, v any) {
	for i := range s.vars {
		if s.vars[i].name == name {
			s.vars[i].value = v
			return
		}
	}
	s.vars = append(s.vars, variable{name, v})
}

func (s *scope) get(name string) any {
	for at := s; at != nil; at = at.outer {
		for i := range at.vars {
			if at.vars[i].name == name {
				return at.vars[i].value
			}
		}
	}
	if f, ok := functions[name]; ok {
		return f
	}
	return undefined{"'" + name + "'"}
}

func (m *machine) run(body []stmt, s *scope) {
	for _, st := range body {
		m.step(1)
		m.exec(st, s)
		if m.broken || m.next {
			return
		}
	}
}

func (m *machine) exec(st stmt, s *scope) {
	switch st := st.(type) {
	case textStmt:
		m.write(st.text)
	case outputStmt:
		m.line = st.line
		m.write(m.str(m.eval(st.e, s)))
	case ifStmt:
		m.line = st.line
		if truth(m.eval(st.cond, s)) {
			m.run(st.then, s)
		} else {
			m.run(st.otherwise, s)
		}
	case forStmt:
		m.line = st.line
		m.loop(st, s)
	case setStmt:
		m.line = st.line
		m.set(st, s)
	case setBlockStmt:
		m.line = st.line
		text := m.capture(func() { m.run(st.body, s.inner()) })
		s.set(st.name, m.filterAll(text, st.filters, s))
	case withStmt:
		m.line = st.line
		inner := s.inner()
		for i, e := range st.values {
			inner.set(st.names[i], m.eval(e, s))
		}
		m.run(st.body, inner)
	case filterStmt:
		m.line = st.line
		text := m.capture(func() { m.run(st.body, s.inner()) })
		m.write(m.str(m.filterAll(text, st.filters, s)))
	case macroStmt:
		s.set(st.name, &macro{&st, s})
	case generationStmt:
		m.generation(st, s)
	case loopControl:
		m.broken, m.next = st.isBreak, !st.isBreak
	default:
		failf("a statement of type %T", st)
	}
}

func (m *machine) filterAll(v any, calls []filterCall, s *scope) any {
	for _, c := range calls {
		v = m.filter(v, c, s)
	}
	return v
}

func (m *machine) set(st setStmt, s *scope) {
	v := m.eval(st.value, s)
	if st.attr == "" {
		m.assign(s, st.target, st.unpack, v)
		return
	}
	ns, ok := s.get(st.target[0]).(*namespace)
	if !ok {
		failf("cannot assign attribute on non-namespace object")
	}
	ns.attrs.set(st.attr, v)
}

func (m *machine) assign(s *scope, names []string, unpack bool, v any) {
	if !unpack {
		s.set(names[0], v)
		return
	}
	items := m.items(v)
	if len(items) != len(names) {
		failf("%d values for %d names", len(items), len(names))
	}
	for i, name := range names {
		s.set(name, items[i])
	}
}

// loop gives every turn a scope of its own: what a turn assigns is gone in the next.
func (m *machine) loop(st forStmt, s *scope) {
	items := m.items(m.eval(st.iter, s))
	if st.cond != nil {
		var kept []any
		for _, item := range items {
			m.step(1)
			inner := s.inner()
			m.assign(inner, st.target, st.unpack, item)
			if truth(m.eval(st.cond, inner)) {
				kept = append(kept, item)
			}
		}
		items = kept
	}
	finished := false // in jinja2 the else part also runs when no turn gets to its end
	for i, item := range items {
		m.step(1)
		inner := &scope{vars: make([]variable, 0, 4), outer: s}
		inner.set("loop", &loopValue{items, i})
		m.assign(inner, st.target, st.unpack, item)
		m.run(st.body, inner)
		left := m.broken
		finished = finished || !m.broken && !m.next
		m.broken, m.next = false, false
		if left {
			break
		}
	}
	if !finished {
		m.run(st.otherwise, s.inner())
	}
}

// generation marks what the assistant wrote (transformers' AssistantTracker).
func (m *machine) generation(st generationStmt, s *scope) {
	m.line = st.line
	if m.depth > 0 {
		failf("generation inside of a macro, set or filter block is not supported")
	}
	from := m.out.Len()
	m.run(st.body, s.inner())
	m.spans = append(m.spans, span{from, m.out.Len()})
}

func (m *machine) callMacro(f *macro, pos []any, names []string, named []any) any {
	if m.calls++; m.calls > maxCalls {
		failf("more than %d macros inside each other", maxCalls)
	}
	defer func() { m.calls-- }()
	if len(pos) > len(f.params) {
		failf("macro %q takes not more than %d argument(s)", f.name, len(f.params))
	}
	inner := f.scope.inner()
	given := map[string]bool{}
	for i, v := range pos {
		inner.set(f.params[i], v)
		given[f.params[i]] = true
	}
	for i, name := range names {
		known := false
		for _, p := range f.params {
			known = known || p == name
		}
		if !known || given[name] {
			failf("macro %q: argument %q", f.name, name)
		}
		inner.set(name, named[i])
		given[name] = true
	}
	for i, p := range f.params {
		if given[p] {
			continue
		}
		if d := i - (len(f.params) - len(f.defaults)); d >= 0 {
			inner.set(p, m.eval(f.defaults[d], inner))
		} else {
			inner.set(p, undefined{fmt.Sprintf("parameter '%s'", p)})
		}
	}
	return m.capture(func() { m.run(f.body, inner) })
}

// str is Python's str().
func (m *machine) str(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case undefined:
		return ""
	}
	var b strings.Builder
	m.repr(&b, v)
	return b.String()
}

// reprString is Python's repr().
func (m *machine) reprString(v any) string {
	var b strings.Builder
	m.repr(&b, v)
	return b.String()
}

// runes is a string as code points, Python's characters.
func (m *machine) runes(s string) []rune {
	m.made(4 * len(s))
	return []rune(s)
}

func runeCount(s string) int { return utf8.RuneCountInString(s) }
