package chat

import (
	"fmt"
	"strconv"
)

// eval computes an expression.
func (m *machine) eval(e expr, s *scope) any {
	m.step(1)
	switch e := e.(type) {
	case constExpr:
		return e.v
	case nameExpr:
		return s.get(e.name)
	case listExpr:
		return m.list(m.evalAll(e.items, s))
	case tupleExpr:
		return tuple(m.evalAll(e.items, s))
	case dictExpr:
		o := NewObject()
		for i, k := range e.keys {
			key := m.eval(k, s)
			m.weigh(key)
			o.set(key, m.eval(e.values[i], s))
		}
		return o
	case attrExpr:
		return m.attr(m.eval(e.of, s), e.name)
	case itemExpr:
		return m.item(m.eval(e.of, s), m.eval(e.index, s))
	case sliceExpr:
		return m.slice(e, s)
	case callExpr:
		return m.call(e, s)
	case filterExpr:
		return m.filter(m.eval(e.of, s), e.filterCall, s)
	case testExpr:
		v := m.eval(e.of, s)
		return m.test(e.name, v, m.evalAll(e.args.pos, s)) != e.not
	case unaryExpr:
		return m.unary(e.op, m.eval(e.e, s))
	case binaryExpr:
		return m.evalBinary(e, s)
	case compareExpr:
		return m.evalCompare(e, s)
	case condExpr:
		if truth(m.eval(e.cond, s)) {
			return m.eval(e.then, s)
		}
		if e.otherwise == nil {
			return undefined{"the inline if-expression without else"}
		}
		return m.eval(e.otherwise, s)
	}
	failf("an expression of type %T", e)
	return nil
}

func (m *machine) evalAll(es []expr, s *scope) []any {
	m.made(16 * len(es))
	out := make([]any, len(es))
	for i, e := range es {
		out[i] = m.eval(e, s)
	}
	return out
}

func (m *machine) evalBinary(e binaryExpr, s *scope) any {
	left := m.eval(e.left, s)
	switch e.op {
	case "and":
		if !truth(left) {
			return left
		}
		return m.eval(e.right, s)
	case "or":
		if truth(left) {
			return left
		}
		return m.eval(e.right, s)
	}
	return m.binary(e.op, left, m.eval(e.right, s))
}

func (m *machine) evalCompare(e compareExpr, s *scope) any {
	left := m.eval(e.first, s)
	for i, op := range e.ops {
		right := m.eval(e.rest[i], s)
		if !m.compare(op, left, right) {
			return false
		}
		left = right
	}
	return true
}

// attr is a.name: a method or property first, then the item of that key.
func (m *machine) attr(of any, name string) any {
	switch of := of.(type) {
	case undefined:
		failf("%s is undefined", of.what)
	case *namespace:
		if v, ok := of.attrs.get(name); ok {
			return v
		}
		return undefined{"'Namespace object' has no attribute '" + name + "'"}
	case *loopValue:
		return of.attr(name)
	}
	if hasMethod(of, name) {
		if !knownMethod(name) {
			failf("the method %q of a %s is not supported", name, typeName(of))
		}
		return &method{of, name}
	}
	if o, ok := of.(*Object); ok {
		if v, ok := o.get(name); ok {
			return v
		}
	}
	return undefined{"'" + typeName(of) + " object' has no attribute '" + name + "'"}
}

// item is a[index]: the item first, then, for a string, the attribute.
func (m *machine) item(of, index any) any {
	switch of := of.(type) {
	case undefined:
		failf("%s is undefined", of.what)
	case *Object:
		m.weigh(index)
		if v, ok := of.get(index); ok {
			return v
		}
	case *list, tuple, string, *rangeValue:
		if i, ok := smallInt(index); ok {
			if v, ok := m.at(of, i); ok {
				return v
			}
		}
	}
	if name, ok := index.(string); ok && (hasMethod(of, name) || isNamespace(of)) {
		return m.attr(of, name)
	}
	return undefined{typeName(of) + " object has no element " + brief(index)}
}

// brief is an index in a message.
func brief(index any) string {
	switch index := index.(type) {
	case string:
		return fmt.Sprintf("'%.40s'", index)
	case int64:
		return strconv.FormatInt(index, 10)
	}
	return "of type " + typeName(index)
}

func isNamespace(v any) bool {
	switch v.(type) {
	case *namespace, *loopValue:
		return true
	}
	return false
}

// at is the i-th item, from the end where i is negative.
func (m *machine) at(of any, i int64) (any, bool) {
	n := int64(0)
	switch of := of.(type) {
	case *list:
		n = int64(len(of.items))
	case tuple:
		n = int64(len(of))
	case string:
		n = int64(runeCount(of))
		m.step(len(of) / 64)
	case *rangeValue:
		n = of.n
	}
	if i < 0 {
		i += n
	}
	if i < 0 || i >= n {
		return nil, false
	}
	switch of := of.(type) {
	case *list:
		return of.items[i], true
	case tuple:
		return of[i], true
	case string:
		if int64(len(of)) == n {
			return of[i : i+1], true
		}
		return string(m.runes(of)[i]), true
	case *rangeValue:
		return of.start + i*of.step, true
	}
	return nil, false
}

// slice is Python's a[from:to:step].
func (m *machine) slice(e sliceExpr, s *scope) any {
	of := m.eval(e.of, s)
	var bounds [3]*int64
	for i, part := range []expr{e.from, e.to, e.step} {
		if part == nil {
			continue
		}
		v := m.eval(part, s)
		if v == nil {
			continue
		}
		n, ok := smallInt(v)
		if !ok {
			failf("slice indices must be integers or None")
		}
		bounds[i] = &n
	}
	switch of := of.(type) {
	case undefined:
		failf("%s is undefined", of.what)
	case string:
		runes := m.runes(of)
		var out []rune
		for _, i := range m.sliceIndices(int64(len(runes)), bounds) {
			out = append(out, runes[i])
		}
		return string(out)
	case *list:
		return m.list(m.pick(of.items, bounds))
	case tuple:
		return tuple(m.pick(of, bounds))
	}
	failf("a %s cannot be sliced", typeName(of))
	return nil
}

func (m *machine) pick(items []any, bounds [3]*int64) []any {
	var out []any
	for _, i := range m.sliceIndices(int64(len(items)), bounds) {
		out = append(out, items[i])
	}
	return out
}

// sliceIndices follows CPython's PySlice_AdjustIndices.
func (m *machine) sliceIndices(n int64, bounds [3]*int64) []int64 {
	step := int64(1)
	if bounds[2] != nil {
		step = *bounds[2]
	}
	if step == 0 {
		failf("slice step cannot be zero")
	}
	low, high := int64(0), n // where a bound is cut off
	from, to := int64(0), n
	if step < 0 {
		low, high = -1, n-1
		from, to = n-1, -1
	}
	for i, at := range []*int64{&from, &to} {
		if b := bounds[i]; b != nil {
			*at = *b
			if *at < 0 {
				*at += n
			}
			*at = min(max(*at, low), high)
		}
	}
	var out []int64
	for i := from; step > 0 && i < to || step < 0 && i > to; i += step {
		m.step(1)
		out = append(out, i)
		if step > n || step < -n { // the next one is outside, and might overflow
			break
		}
	}
	return out
}

func (l *loopValue) attr(name string) any {
	n, i := int64(len(l.items)), int64(l.i)
	switch name {
	case "index":
		return i + 1
	case "index0":
		return i
	case "revindex":
		return n - i
	case "revindex0":
		return n - i - 1
	case "first":
		return i == 0
	case "last":
		return i == n-1
	case "length":
		return n
	case "depth":
		return int64(1)
	case "depth0":
		return int64(0)
	case "previtem":
		if i > 0 {
			return l.items[i-1]
		}
		return undefined{"there is no previous item"}
	case "nextitem":
		if i < n-1 {
			return l.items[i+1]
		}
		return undefined{"there is no next item"}
	case "cycle":
		return &method{l, name}
	case "changed":
		failf("loop.changed is not supported")
	}
	return undefined{"'LoopContext object' has no attribute '" + name + "'"}
}

// items goes through a value as for does.
func (m *machine) items(v any) []any {
	switch v := v.(type) {
	case undefined:
		return nil
	case *list:
		return v.items
	case tuple:
		return v
	case *Object:
		return v.keys
	case *view:
		return v.items
	case *lazy:
		if v.spent {
			return nil
		}
		v.spent = true
		return v.items
	case *rangeValue:
		m.made(16 * int(v.n))
		out := make([]any, v.n)
		for i := range out {
			out[i] = v.start + int64(i)*v.step
		}
		return out
	case string:
		m.made(32 * len(v))
		out := make([]any, 0, len(v))
		for _, r := range v {
			out = append(out, string(r))
		}
		return out
	}
	failf("'%s' object is not iterable", typeName(v))
	return nil
}

func (m *machine) call(e callExpr, s *scope) any {
	fn := m.eval(e.fn, s)
	pos, named := m.evalAll(e.args.pos, s), m.evalAll(e.args.named, s)
	switch fn := fn.(type) {
	case undefined:
		failf("%s is undefined", fn.what)
	case *function:
		return fn.call(m, pos, e.args.names, named)
	case *macro:
		return m.callMacro(fn, pos, e.args.names, named)
	case *method:
		if len(named) > 0 {
			failf("%s() takes no keyword arguments here", fn.name)
		}
		return m.callMethod(fn, pos)
	}
	failf("'%s' object is not callable", typeName(fn))
	return nil
}
