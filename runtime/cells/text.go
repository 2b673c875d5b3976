package cells

import (
	"fmt"
	"reflect"
	"strings"
)

// text writes a value as fmt's %+v does, at most about limit bytes of it; long
// lists end with how many more there are.
func (s *Session) text(v any, limit int) string {
	w := &writer{s: s, limit: limit}
	w.value(v, 0)
	return w.b.String()
}

type writer struct {
	s     *Session
	b     strings.Builder
	limit int
}

const maxDepth = 6

func (w *writer) full() bool { return w.b.Len() >= w.limit }

func (w *writer) value(v any, depth int) {
	if v == nil {
		w.b.WriteString("nil")
		return
	}
	n := w.s.node(v)
	if n.speaks {
		w.b.WriteString(cut(strings.TrimSuffix(fmt.Sprintf("%+v", v), "\n"), w.limit))
		return
	}
	if depth > maxDepth {
		w.b.WriteString("…")
		return
	}
	switch n.v.Kind() {
	case reflect.Slice, reflect.Array:
		w.list(n, depth)
	case reflect.Map:
		w.mapping(n, depth)
	case reflect.Struct:
		w.structure(n, depth)
	case reflect.Pointer:
		w.pointer(n, depth)
	case reflect.Func:
		w.b.WriteString(strings.ReplaceAll(w.s.typeName(v), "interface {}", "any"))
	case reflect.String:
		text := cut(n.v.String(), w.limit)
		if depth > 0 {
			text = fmt.Sprintf("%q", text)
		}
		w.b.WriteString(text)
	default:
		w.b.WriteString(fmt.Sprintf("%+v", v))
	}
}

func (w *writer) list(n node, depth int) {
	if n.v.Kind() == reflect.Slice && n.v.IsNil() {
		w.b.WriteString("[]")
		return
	}
	if n.v.Type().Elem().Kind() == reflect.Uint8 && n.v.Kind() == reflect.Slice {
		b := n.v.Bytes()
		fmt.Fprintf(&w.b, "%d bytes: %x", len(b), b[:min(len(b), 32)])
		if len(b) > 32 {
			w.b.WriteString("…")
		}
		return
	}
	w.b.WriteByte('[')
	for i := range n.v.Len() {
		if i > 0 {
			w.b.WriteByte(' ')
		}
		if w.full() || i >= 100 {
			fmt.Fprintf(&w.b, "… %d more", n.v.Len()-i)
			break
		}
		v, _ := n.part(n.v.Index(i), n.elemType())
		w.value(v, depth+1)
	}
	w.b.WriteByte(']')
}

func (w *writer) mapping(n node, depth int) {
	w.b.WriteString("map[")
	for i, k := range sortedKeys(n.v) {
		if i > 0 {
			w.b.WriteByte(' ')
		}
		if w.full() || i >= 100 {
			fmt.Fprintf(&w.b, "… %d more", n.v.Len()-i)
			break
		}
		key, _ := n.part(k, n.keyType())
		w.value(key, depth+1)
		w.b.WriteByte(':')
		v, _ := n.part(n.v.MapIndex(k), n.elemType())
		w.value(v, depth+1)
	}
	w.b.WriteByte(']')
}

func (w *writer) structure(n node, depth int) {
	w.b.WriteByte('{')
	for i, f := range n.fields() {
		if i > 0 {
			w.b.WriteByte(' ')
		}
		if w.full() {
			w.b.WriteString("…")
			break
		}
		w.b.WriteString(f.name + ":")
		w.value(f.value, depth+1)
	}
	w.b.WriteByte('}')
}

func (w *writer) pointer(n node, depth int) {
	if n.v.IsNil() {
		w.b.WriteString("nil")
		return
	}
	v, ok := n.part(n.v.Elem(), n.elemType())
	if !ok || depth > 2 {
		w.b.WriteString("&…")
		return
	}
	w.b.WriteByte('&')
	w.value(v, depth+1)
}
