package dyn

import (
	"fmt"
	"go/types"
	"reflect"
)

// Key is a map's key that was in an interface: it panics as Go does if it holds
// what cannot be compared.
func (t *Table) Key(v any) any {
	if r := reflect.ValueOf(v); r.IsValid() && !r.Comparable() {
		panic(runtimeError("runtime error: hash of unhashable type " + t.unhashable(r)))
	}
	return v
}

// unhashable names the type that makes v so.
func (t *Table) unhashable(v reflect.Value) string {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	if !v.IsValid() || v.Comparable() {
		return ""
	}
	if b, ok := v.Interface().(Box); ok {
		if !types.Comparable(b.T.T) {
			return b.T.Name()
		}
		return t.unhashable(reflect.ValueOf(b.V))
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if name := t.unhashable(v.Field(i)); name != "" {
				return name
			}
		}
	case reflect.Array:
		for i := range v.Len() {
			if name := t.unhashable(v.Index(i)); name != "" {
				return name
			}
		}
	}
	return fmt.Sprint(v.Type())
}
