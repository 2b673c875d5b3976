package chat

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// Values of a template are Python's. In Go they are nil (None), bool, int64,
// *big.Int (integers beyond int64), float64, string, and the types below.

// Object is a dict: keys in the order they came, values of any kind that
// ParseJSON makes.
type Object struct {
	keys  []any
	vals  []any
	index map[string]int // hashKey → position
}

type (
	list  struct{ items []any } // a pointer: lists are compared by content, but known by identity
	tuple []any
	// undefined is what a name or a subscript without value gives; what says which.
	undefined struct{ what string }
	// lazy is what filters like map give: it can be gone through once.
	lazy struct {
		items []any
		spent bool
	}
	// view is dict.keys(), .values(), .items().
	view struct {
		kind  string
		items []any
	}
	rangeValue struct{ start, stop, step, n int64 }
	namespace  struct{ attrs *Object }
	method     struct {
		self any
		name string
	}
	function struct {
		call func(m *machine, pos []any, names []string, named []any) any
	}
	macro struct {
		*macroStmt
		scope *scope
	}
	loopValue struct {
		items []any
		i     int
	}
)

// NewObject returns an empty Object.
func NewObject() *Object { return &Object{index: map[string]int{}} }

// Set sets a key; a new one comes last.
func (o *Object) Set(key string, value any) { o.set(key, fromGo(value)) }

// Get returns the value of a key.
func (o *Object) Get(key string) (any, bool) { return o.get(key) }

// Len returns the number of keys.
func (o *Object) Len() int { return len(o.keys) }

func (o *Object) set(key, value any) {
	h, ok := hashKey(key)
	if !ok {
		failf("unhashable type: %s", typeName(key))
	}
	if i, ok := o.index[h]; ok {
		o.vals[i] = value
		return
	}
	o.index[h] = len(o.keys)
	o.keys, o.vals = append(o.keys, key), append(o.vals, value)
}

func (o *Object) get(key any) (any, bool) {
	h, ok := hashKey(key)
	if !ok {
		return nil, false
	}
	i, ok := o.index[h]
	if !ok {
		return nil, false
	}
	return o.vals[i], true
}

// hashKey maps values that Python calls equal to one string; false for those
// that cannot be keys.
func hashKey(v any) (string, bool) {
	switch v := v.(type) {
	case nil:
		return "n", true
	case undefined:
		return "u", true
	case string:
		return "s" + v, true
	case bool:
		if v {
			return "i1", true
		}
		return "i0", true
	case int64:
		return "i" + strconv.FormatInt(v, 10), true
	case *big.Int:
		return "i" + v.String(), true
	case float64:
		return floatKey(v), true
	case tuple:
		var b strings.Builder
		b.WriteByte('t')
		for _, item := range v {
			h, ok := hashKey(item)
			if !ok {
				return "", false
			}
			fmt.Fprintf(&b, "%d:%s", len(h), h)
		}
		return b.String(), true
	}
	return "", false
}

// floatKey gives a whole float the key of the integer that it equals.
func floatKey(v float64) string {
	if v == v && v-v == 0 { // finite
		if i, acc := big.NewFloat(v).Int(nil); acc == big.Exact {
			return "i" + i.String()
		}
	}
	return "f" + strconv.FormatFloat(v, 'g', -1, 64)
}

// fromGo turns what a caller may pass into template values: Go's own maps are
// sorted by key.
func fromGo(v any) any {
	switch v := v.(type) {
	case nil, bool, int64, *big.Int, float64, string, *Object, *list:
		return v
	case int:
		return int64(v)
	case []any:
		items := make([]any, len(v))
		for i := range v {
			items[i] = fromGo(v[i])
		}
		return &list{items}
	case []string:
		items := make([]any, len(v))
		for i := range v {
			items[i] = v[i]
		}
		return &list{items}
	case map[string]any:
		o := NewObject()
		for _, key := range slices.Sorted(maps.Keys(v)) {
			o.set(key, fromGo(v[key]))
		}
		return o
	}
	failf("a value of type %T", v)
	return nil
}

// typeName is the type as Python calls it.
func typeName(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case *Object:
		return "dict"
	case *list:
		return "list"
	case tuple:
		return "tuple"
	case *lazy:
		return "generator"
	case *view:
		return v.kind
	case *rangeValue:
		return "range"
	case undefined:
		return "Undefined"
	case *namespace:
		return "Namespace"
	case *method:
		return "method"
	case *function:
		return "function"
	case *macro:
		return "Macro"
	case *loopValue:
		return "LoopContext"
	}
	return fmt.Sprintf("%T", v)
}

func normInt(v *big.Int) any {
	if v.IsInt64() {
		return v.Int64()
	}
	return v
}

// truth is Python's bool().
func truth(v any) bool {
	switch v := v.(type) {
	case nil, undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case *big.Int:
		return v.Sign() != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case *Object:
		return len(v.keys) > 0
	case *list:
		return len(v.items) > 0
	case tuple:
		return len(v) > 0
	case *view:
		return len(v.items) > 0
	case *rangeValue:
		return v.n > 0
	}
	return true
}
