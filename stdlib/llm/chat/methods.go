package chat

import (
	"slices"
	"strings"
)

// pythonMethods are all that Python's types have: where a template asks for one
// that is not among ours, it is refused instead of being undefined.
var pythonMethods = map[string][]string{
	"str": strings.Fields(`capitalize casefold center count encode endswith expandtabs find format format_map index isalnum isalpha
		isascii isdecimal isdigit isidentifier islower isnumeric isprintable isspace istitle isupper join ljust lower lstrip maketrans
		partition removeprefix removesuffix replace rfind rindex rjust rpartition rsplit rstrip split splitlines startswith strip swapcase
		title translate upper zfill`),
	"list":  strings.Fields(`append clear copy count extend index insert pop remove reverse sort`),
	"tuple": strings.Fields(`count index`),
	"dict":  strings.Fields(`clear copy fromkeys get items keys pop popitem setdefault update values`),
	"int":   strings.Fields(`as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag is_integer numerator real to_bytes`),
	"bool":  strings.Fields(`as_integer_ratio bit_count bit_length conjugate denominator from_bytes imag is_integer numerator real to_bytes`),
	"float": strings.Fields(`as_integer_ratio conjugate fromhex hex imag is_integer real`),
	"range": strings.Fields(`count index start step stop`),
}

func hasMethod(v any, name string) bool { return slices.Contains(pythonMethods[typeName(v)], name) }

var ourMethods = strings.Fields(`capitalize count cycle endswith find get items join keys lower lstrip removeprefix removesuffix replace rfind rsplit
	rstrip split splitlines startswith strip title upper values`)

func knownMethod(name string) bool { return slices.Contains(ourMethods, name) }

func (m *machine) callMethod(f *method, pos []any) any {
	switch self := f.self.(type) {
	case string:
		m.step(1 + len(self)/64)
		return m.stringMethod(self, f.name, pos)
	case *Object:
		return m.dictMethod(self, f.name, pos)
	case *list:
		return m.countMethod(self.items, f.name, pos)
	case tuple:
		return m.countMethod(self, f.name, pos)
	case *loopValue:
		if len(pos) == 0 {
			failf("no items for cycling given")
		}
		return pos[self.i%len(pos)]
	}
	failf("the method %q of a %s is not supported", f.name, typeName(f.self))
	return nil
}

// arity refuses a wrong number of arguments.
func arity(name string, pos []any, least, most int) {
	if len(pos) < least || len(pos) > most {
		failf("%s() with %d arguments is not supported", name, len(pos))
	}
}

func stringArg(name string, v any) string {
	s, ok := v.(string)
	if !ok {
		failf("%s() wants a string, not %s", name, typeName(v))
	}
	return s
}

func (m *machine) dictMethod(o *Object, name string, pos []any) any {
	switch name {
	case "get":
		arity(name, pos, 1, 2)
		if _, ok := hashKey(pos[0]); !ok {
			failf("unhashable type: '%s'", typeName(pos[0]))
		}
		m.weigh(pos[0])
		if v, ok := o.get(pos[0]); ok {
			return v
		}
		if len(pos) == 2 {
			return pos[1]
		}
		return nil
	case "items":
		arity(name, pos, 0, 0)
		return &view{"dict_items", m.pairs(o)}
	case "keys":
		arity(name, pos, 0, 0)
		return &view{"dict_keys", o.keys}
	case "values":
		arity(name, pos, 0, 0)
		return &view{"dict_values", o.vals}
	}
	failf("the method %q of a dict is not supported", name)
	return nil
}

func (m *machine) countMethod(items []any, name string, pos []any) any {
	if name != "count" {
		failf("the method %q of a list is not supported", name)
	}
	arity(name, pos, 1, 1)
	n := int64(0)
	for _, item := range items {
		if m.equal(item, pos[0]) {
			n++
		}
	}
	return n
}

func (m *machine) stringMethod(s, name string, pos []any) any {
	switch name {
	case "upper", "lower", "title", "capitalize", "splitlines":
		arity(name, pos, 0, 0)
		m.made(len(s))
		switch name {
		case "upper":
			return toUpper(s)
		case "lower":
			return toLower(s)
		case "title":
			return methodTitle(s)
		case "capitalize":
			return capitalize(s)
		}
		return m.stringList(splitLines(s))
	case "strip", "lstrip", "rstrip":
		return stripMethod(s, name, pos)
	case "split", "rsplit":
		return m.splitMethod(s, name, pos)
	case "startswith", "endswith":
		return m.affixMethod(s, name, pos)
	case "removeprefix":
		arity(name, pos, 1, 1)
		return strings.TrimPrefix(s, stringArg(name, pos[0]))
	case "removesuffix":
		arity(name, pos, 1, 1)
		return strings.TrimSuffix(s, stringArg(name, pos[0]))
	case "replace":
		arity(name, pos, 2, 3)
		n := int64(-1)
		if len(pos) == 3 {
			var ok bool
			if n, ok = smallInt(pos[2]); !ok {
				failf("replace() wants a count")
			}
		}
		return m.replace(s, stringArg(name, pos[0]), stringArg(name, pos[1]), n)
	case "find", "rfind", "count":
		return searchMethod(s, name, pos)
	case "join":
		arity(name, pos, 1, 1)
		return m.joinMethod(s, pos[0])
	}
	failf("the method %q of a str is not supported", name)
	return nil
}

func (m *machine) stringList(parts []string) any {
	m.step(len(parts))
	items := make([]any, len(parts))
	for i, s := range parts {
		items[i] = s
	}
	return m.list(items)
}

func stripMethod(s, name string, pos []any) any {
	arity(name, pos, 0, 1)
	cut := isSpace
	if len(pos) == 1 && pos[0] != nil {
		chars := stringArg(name, pos[0])
		cut = func(r rune) bool { return strings.ContainsRune(chars, r) }
		if len(chars)*len(s) > maxMemory {
			failf("%s() of %d characters", name, len(chars))
		}
	}
	if name != "rstrip" {
		s = strings.TrimLeftFunc(s, cut)
	}
	if name != "lstrip" {
		s = strings.TrimRightFunc(s, cut)
	}
	return s
}

// splitMethod is split and rsplit; without a separator at runs of white space.
func (m *machine) splitMethod(s, name string, pos []any) any {
	arity(name, pos, 0, 2)
	m.made(len(s))
	limit := int64(-1)
	if len(pos) == 2 {
		var ok bool
		if limit, ok = smallInt(pos[1]); !ok {
			failf("%s() wants a count", name)
		}
	}
	if len(pos) == 0 || pos[0] == nil {
		if limit >= 0 {
			failf("%s() at white space with a count is not supported", name)
		}
		return m.stringList(strings.FieldsFunc(s, isSpace))
	}
	at := stringArg(name, pos[0])
	if at == "" {
		failf("empty separator")
	}
	if limit < 0 || limit > int64(len(s)) {
		return m.stringList(strings.Split(s, at))
	}
	if name == "split" {
		return m.stringList(strings.SplitN(s, at, int(limit)+1))
	}
	var parts []string
	for ; limit > 0; limit-- {
		i := strings.LastIndex(s, at)
		if i < 0 {
			break
		}
		parts = append(parts, s[i+len(at):])
		s = s[:i]
	}
	parts = append(parts, s)
	slices.Reverse(parts)
	return m.stringList(parts)
}

func (m *machine) affixMethod(s, name string, pos []any) any {
	arity(name, pos, 1, 1)
	has := strings.HasPrefix
	if name == "endswith" {
		has = strings.HasSuffix
	}
	if several, ok := pos[0].(tuple); ok {
		return slices.ContainsFunc(several, func(v any) bool { return has(s, stringArg(name, v)) })
	}
	return has(s, stringArg(name, pos[0]))
}

// searchMethod counts in characters, not in bytes.
func searchMethod(s, name string, pos []any) any {
	arity(name, pos, 1, 1)
	what := stringArg(name, pos[0])
	at := 0
	switch name {
	case "count":
		return int64(strings.Count(s, what))
	case "find":
		at = strings.Index(s, what)
	case "rfind":
		at = strings.LastIndex(s, what)
	}
	if at < 0 {
		return int64(-1)
	}
	return int64(runeCount(s[:at]))
}

func (m *machine) joinMethod(between string, v any) any {
	var b strings.Builder
	for i, item := range m.items(v) {
		if i > 0 {
			m.made(len(between))
			b.WriteString(between)
		}
		s := stringArg("join", item)
		m.made(len(s))
		b.WriteString(s)
	}
	return b.String()
}
