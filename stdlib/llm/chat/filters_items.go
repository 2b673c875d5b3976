package chat

import (
	"slices"
	"strconv"
	"strings"
)

// path is jinja2's attribute argument: "function.name", "0.role", or an index.
func (m *machine) path(v, attribute any) any {
	s, ok := attribute.(string)
	if !ok {
		return m.item(v, attribute)
	}
	for part := range strings.SplitSeq(s, ".") {
		m.step(1)
		if n, err := strconv.ParseInt(part, 10, 64); err == nil && part[0] != '-' && part[0] != '+' {
			v = m.item(v, n)
		} else {
			v = m.item(v, part)
		}
	}
	return v
}

// filterMap applies a filter to every item, or takes an attribute of it. Like
// select it gives nothing for what is false: None has no items, and is no error.
func filterMap(m *machine, v any, a args) any {
	if !truth(v) {
		return &lazy{}
	}
	items := m.items(v)
	out := make([]any, 0, len(items))
	m.made(16 * len(items))
	if len(a.pos) == 0 {
		attribute, ok := a.get("attribute")
		if !ok {
			failf("map requires a filter argument")
		}
		def, hasDef := a.get("default")
		for _, item := range items {
			got := m.path(item, attribute)
			if _, missing := got.(undefined); missing && hasDef {
				got = def
			}
			out = append(out, got)
		}
		return &lazy{items: out}
	}
	name, _ := a.pos[0].(string)
	f, ok := filters[name]
	if !ok || f.markup {
		failf("the filter %q is not supported in map", m.str(a.pos[0]))
	}
	if err := f.sig.check(arguments{pos: make([]expr, len(a.pos)-1), names: a.names}); err != nil {
		failf("map: filter %s: %w", name, err)
	}
	for _, item := range items {
		m.step(1)
		out = append(out, f.fn(m, item, args{f.sig, a.pos[1:], a.names, a.named}))
	}
	return &lazy{items: out}
}

// selectItems keeps the items for which a test (or, without one, the value
// itself) is true, or those for which it is not.
func (m *machine) selectItems(v any, a args, byAttr, want bool) any {
	rest := a.pos
	var attribute any
	if byAttr {
		if len(rest) == 0 {
			failf("missing parameter for attribute name")
		}
		attribute, rest = rest[0], rest[1:]
	}
	if len(a.names) > 0 {
		failf("the argument %q is not supported", a.names[0])
	}
	if !truth(v) {
		return &lazy{}
	}
	check := truth
	if len(rest) > 0 {
		name, _ := rest[0].(string)
		t, ok := tests[name]
		if !ok {
			failf("the test %q is not supported", m.str(rest[0]))
		}
		if len(rest)-1 != t.args {
			failf("test %s: %d arguments, want %d", name, len(rest)-1, t.args)
		}
		check = func(v any) bool { return m.test(name, v, rest[1:]) }
	}
	var out []any
	for _, item := range m.items(v) {
		m.step(1)
		value := item
		if byAttr {
			value = m.path(item, attribute)
		}
		if check(value) == want {
			out = append(out, item)
		}
	}
	m.made(16 * len(out))
	return &lazy{items: out}
}

// sortKey is an item's attribute, in lower case unless case counts.
func (m *machine) sortKey(item any, a args) any {
	if attribute := a.value("attribute", nil); attribute != nil {
		item = m.path(item, attribute)
	}
	return m.foldCase(item, a.flag("case_sensitive"))
}

func (m *machine) foldCase(v any, caseCounts bool) any {
	if s, ok := v.(string); ok && !caseCounts {
		m.made(len(s))
		return toLower(s)
	}
	return v
}

func (m *machine) sortBy(items, keys []any, reverse bool) []any {
	order := make([]int, len(items))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		c, _ := m.order(keys[i], keys[j])
		if reverse {
			return -c
		}
		return c
	})
	m.made(16 * len(items))
	out := make([]any, len(items))
	for i, at := range order {
		out[i] = items[at]
	}
	return out
}

func filterSort(m *machine, v any, a args) any {
	items := m.items(v)
	keys := make([]any, len(items))
	attributes := []any{a.value("attribute", nil)}
	if s, ok := attributes[0].(string); ok {
		attributes = nil
		for part := range strings.SplitSeq(s, ",") {
			attributes = append(attributes, part)
		}
	}
	for i, item := range items {
		key := make(tuple, len(attributes)) // as in jinja2: what is equal is never ordered, so it may be anything
		for j, attribute := range attributes {
			if attribute != nil {
				key[j] = m.path(item, attribute)
			} else {
				key[j] = item
			}
			key[j] = m.foldCase(key[j], a.flag("case_sensitive"))
		}
		keys[i] = key
	}
	return &list{m.sortBy(items, keys, a.flag("reverse"))}
}

func filterDictsort(m *machine, v any, a args) any {
	o, ok := v.(*Object)
	if !ok {
		failf("a %s cannot be sorted as a dict", typeName(v))
	}
	by := o.keys
	switch a.text("by", "key") {
	case "key":
	case "value":
		by = o.vals
	default:
		failf(`dictsort: you can only sort by either "key" or "value"`)
	}
	keys := make([]any, len(by))
	for i, key := range by {
		keys[i] = m.foldCase(key, a.flag("case_sensitive"))
	}
	return &list{m.sortBy(m.pairs(o), keys, a.flag("reverse"))}
}

func filterUnique(m *machine, v any, a args) any {
	seen := NewObject()
	var out []any
	for _, item := range m.items(v) {
		key := m.sortKey(item, a)
		m.weigh(key)
		if _, ok := seen.get(key); ok {
			continue
		}
		seen.set(key, nil)
		out = append(out, item)
	}
	m.made(16 * len(out))
	return &lazy{items: out}
}

// extreme is min (sign −1) or max (sign 1); of equal items the first.
func (m *machine) extreme(v any, a args, sign int) any {
	items := m.items(v)
	if len(items) == 0 {
		return undefined{"the extreme of an empty sequence"}
	}
	best, bestKey := items[0], m.sortKey(items[0], a)
	for _, item := range items[1:] {
		key := m.sortKey(item, a)
		if c, ordered := m.order(key, bestKey); ordered && c*sign > 0 {
			best, bestKey = item, key
		}
	}
	return best
}
