package chat

import (
	"cmp"
	"math"
	"math/big"
	"strings"
)

// toInt is an int, or a bool as one.
func toInt(v any) (*big.Int, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewInt(1), true
		}
		return new(big.Int), true
	case int64:
		return big.NewInt(v), true
	case *big.Int:
		return v, true
	}
	return nil, false
}

// smallInt is an index: integers beyond int64 are cut to its ends.
func smallInt(v any) (int64, bool) {
	if i, ok := v.(int64); ok {
		return i, true
	}
	b, ok := toInt(v)
	switch {
	case !ok:
		return 0, false
	case b.IsInt64():
		return b.Int64(), true
	case b.Sign() < 0:
		return math.MinInt64 / 4, true
	}
	return math.MaxInt64 / 4, true
}

func toFloat(v any) (float64, bool) {
	if f, ok := v.(float64); ok {
		return f, true
	}
	if i, ok := v.(int64); ok {
		return float64(i), true
	}
	b, ok := toInt(v)
	if !ok {
		return 0, false
	}
	f, _ := new(big.Float).SetInt(b).Float64()
	if math.IsInf(f, 0) {
		failf("int too large to convert to float")
	}
	return f, true
}

func (m *machine) unary(op string, v any) any {
	if op == "not" {
		return !truth(v)
	}
	if f, ok := v.(float64); ok {
		if op == "-" {
			return -f
		}
		return f
	}
	i, ok := toInt(v)
	if !ok {
		failf("bad operand type for unary %s: '%s'", op, typeName(v))
	}
	if op == "-" {
		return normInt(new(big.Int).Neg(i))
	}
	return normInt(i)
}

func (m *machine) binary(op string, left, right any) any {
	if format, ok := left.(string); ok && op == "%" {
		return m.printf(format, right)
	}
	for _, v := range []any{left, right} {
		if u, ok := v.(undefined); ok && op != "~" {
			failf("%s is undefined", u.what)
		}
	}
	switch op {
	case "~":
		return m.join(m.str(left), m.str(right))
	case "+":
		if v, ok := m.add(left, right); ok {
			return v
		}
	case "*":
		if v, ok := m.repeat(left, right); ok {
			return v
		}
		if v, ok := m.repeat(right, left); ok {
			return v
		}
	}
	a, ok1 := toInt(left)
	b, ok2 := toInt(right)
	if ok1 && ok2 && !(op == "/" || op == "**" && b.Sign() < 0) {
		return m.intOp(op, a, b)
	}
	x, ok1 := toFloat(left)
	y, ok2 := toFloat(right)
	if !ok1 || !ok2 {
		failf("unsupported operand type(s) for %s: '%s' and '%s'", op, typeName(left), typeName(right))
	}
	return floatOp(op, x, y)
}

func (m *machine) join(a, b string) string {
	m.made(len(a) + len(b))
	return a + b
}

func (m *machine) add(left, right any) (any, bool) {
	switch left := left.(type) {
	case string:
		if right, ok := right.(string); ok {
			return m.join(left, right), true
		}
	case *list:
		if right, ok := right.(*list); ok {
			return m.list(append(append([]any(nil), left.items...), right.items...)), true
		}
	case tuple:
		if right, ok := right.(tuple); ok {
			m.made(16 * (len(left) + len(right)))
			return append(append(tuple(nil), left...), right...), true
		}
	}
	return nil, false
}

func (m *machine) repeat(v, times any) (any, bool) {
	n, ok := smallInt(times)
	if !ok {
		return nil, false
	}
	n = max(n, 0)
	count := func(size int) int {
		if size == 0 {
			return 0
		}
		if n > int64(maxString/size) {
			failf("the template makes more than %d bytes", maxString)
		}
		m.made(size * int(n))
		return int(n)
	}
	switch v := v.(type) {
	case string:
		return strings.Repeat(v, count(len(v))), true
	case *list:
		return &list{repeatItems(v.items, count(16*len(v.items)))}, true
	case tuple:
		return tuple(repeatItems(v, count(16*len(v)))), true
	}
	return nil, false
}

func repeatItems(items []any, n int) []any {
	var out []any
	for range n {
		out = append(out, items...)
	}
	return out
}

const maxBits = 1 << 16 // of an integer

func (m *machine) intOp(op string, a, b *big.Int) any {
	out := new(big.Int)
	m.step(1 + (a.BitLen()+b.BitLen())/64)
	switch op {
	case "+":
		out.Add(a, b)
	case "-":
		out.Sub(a, b)
	case "*":
		out.Mul(a, b)
	case "//", "%":
		if b.Sign() == 0 {
			failf("division by zero")
		}
		// Python rounds down, and the rest has the divisor's sign.
		rest := new(big.Int)
		out.QuoRem(a, b, rest)
		if rest.Sign() != 0 && rest.Sign() != b.Sign() {
			out.Sub(out, big.NewInt(1))
			rest.Add(rest, b)
		}
		if op == "%" {
			out = rest
		}
	case "**":
		if a.BitLen() > 1 && (!b.IsInt64() || b.Int64() > maxBits/int64(a.BitLen())) {
			failf("%v to the power of %v is too large", a, b)
		}
		if a.BitLen() <= 1 { // 0, 1, −1: only the parity of the exponent matters
			b = big.NewInt(int64(b.Bit(0)) + 2*int64(b.Sign()))
		}
		out.Exp(a, b, nil)
	}
	if out.BitLen() > maxBits {
		failf("an integer of more than %d bits", maxBits)
	}
	return normInt(out)
}

func floatOp(op string, x, y float64) any {
	switch op {
	case "+":
		return x + y
	case "-":
		return x - y
	case "*":
		return x * y
	case "**":
		v := math.Pow(x, y)
		if x < 0 && math.IsNaN(v) && !math.IsNaN(x+y) || x == 0 && y < 0 || math.IsInf(v, 0) && !math.IsInf(x+y, 0) {
			failf("%v to the power of %v", x, y)
		}
		return v
	}
	if y == 0 {
		failf("division by zero")
	}
	if op == "/" {
		return x / y
	}
	rest := math.Mod(x, y)
	quotient := math.Round((x - rest) / y)
	if rest != 0 && (rest < 0) != (y < 0) {
		rest += y
		quotient--
	}
	if op == "%" {
		if rest == 0 {
			return math.Copysign(0, y)
		}
		return rest
	}
	return quotient
}

// compare is one comparison operator.
func (m *machine) compare(op string, left, right any) bool {
	switch op {
	case "==":
		return m.equal(left, right)
	case "!=":
		return !m.equal(left, right)
	case "in":
		return m.contains(right, left)
	case "not in":
		return !m.contains(right, left)
	}
	c, ordered := m.order(left, right)
	if !ordered {
		return false // a NaN
	}
	switch op {
	case "<":
		return c < 0
	case "<=":
		return c <= 0
	case ">":
		return c > 0
	}
	return c >= 0
}

// numbers compares two numbers exactly; ok is false if one is none, ordered if one is NaN.
func numbers(left, right any) (c int, ordered, ok bool) {
	var parts [2]*big.Float
	for i, v := range []any{left, right} {
		switch v := v.(type) {
		case float64:
			if math.IsNaN(v) {
				_, other := toInt(right)
				_, isFloat := right.(float64)
				return 0, false, i == 1 || other || isFloat
			}
			parts[i] = big.NewFloat(v)
		default:
			n, isInt := toInt(v)
			if !isInt {
				return 0, false, false
			}
			parts[i] = new(big.Float).SetInt(n)
		}
	}
	return parts[0].Cmp(parts[1]), true, true
}

func (m *machine) equal(a, b any) bool {
	m.step(1)
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		b, ok := b.(string)
		m.step(len(a) / 256)
		return ok && a == b
	case int64:
		if b, ok := b.(int64); ok {
			return a == b
		}
	case undefined:
		_, ok := b.(undefined)
		return ok
	case *list:
		b, ok := b.(*list)
		return ok && (a == b || m.equalItems(a.items, b.items))
	case tuple:
		b, ok := b.(tuple)
		return ok && m.equalItems(a, b)
	case *Object:
		b, ok := b.(*Object)
		return ok && (a == b || m.equalObjects(a, b))
	case *namespace, *lazy, *view, *macro, *function, *loopValue:
		return a == b
	case *method, *rangeValue:
		failf("comparing a %s is not supported", typeName(a))
	}
	c, ordered, ok := numbers(a, b)
	return ok && ordered && c == 0
}

func (m *machine) equalItems(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	defer m.nest()()
	for i := range a {
		if !m.equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

func (m *machine) equalObjects(a, b *Object) bool {
	if len(a.keys) != len(b.keys) {
		return false
	}
	defer m.nest()()
	for i, key := range a.keys {
		m.weigh(key)
		other, ok := b.get(key)
		if !ok || !m.equal(a.vals[i], other) {
			return false
		}
	}
	return true
}

// order compares what Python orders: numbers, strings, lists, tuples.
func (m *machine) order(a, b any) (c int, ordered bool) {
	m.step(1)
	switch x := a.(type) {
	case string:
		if y, ok := b.(string); ok {
			m.step(min(len(x), len(y)) / 256)
			return cmp.Compare(x, y), true // UTF-8 sorts like its code points
		}
	case *list:
		if y, ok := b.(*list); ok {
			return m.orderItems(x.items, y.items)
		}
	case tuple:
		if y, ok := b.(tuple); ok {
			return m.orderItems(x, y)
		}
	case undefined:
		failf("%s is undefined", x.what)
	}
	if y, ok := b.(undefined); ok {
		failf("%s is undefined", y.what)
	}
	c, ordered, ok := numbers(a, b)
	if !ok {
		failf("'<' not supported between instances of '%s' and '%s'", typeName(a), typeName(b))
	}
	return c, ordered
}

func (m *machine) orderItems(a, b []any) (int, bool) {
	defer m.nest()()
	for i := range min(len(a), len(b)) {
		if !m.equal(a[i], b[i]) {
			return m.order(a[i], b[i])
		}
	}
	return cmp.Compare(len(a), len(b)), true
}

// contains is needle in haystack.
func (m *machine) contains(haystack, needle any) bool {
	switch h := haystack.(type) {
	case string:
		n, ok := needle.(string)
		if !ok {
			failf("'in <string>' requires string as left operand, not %s", typeName(needle))
		}
		m.step(len(h) / 64)
		return strings.Contains(h, n)
	case *Object:
		if _, ok := hashKey(needle); !ok {
			failf("unhashable type: '%s'", typeName(needle))
		}
		m.weigh(needle)
		_, ok := h.get(needle)
		return ok
	case nil, bool, int64, *big.Int, float64, *namespace, *macro, *function, *method:
		failf("argument of type '%s' is not iterable", typeName(h))
	}
	for _, item := range m.items(haystack) {
		if m.equal(item, needle) {
			return true
		}
	}
	return false
}
