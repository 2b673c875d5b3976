package dyn

import (
	"bytes"
	"encoding"
	"encoding/json"
	"fmt"
	"go/types"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// MarshalJSON encodes the value as encoding/json encodes one of its type: no
// unexported fields, embedded structs flattened, the script's own MarshalJSON
// and MarshalText methods called.
func (b Box) MarshalJSON() ([]byte, error) {
	e := encoder{b.T.table}
	var buf bytes.Buffer
	if err := e.value(&buf, reflect.ValueOf(b.V), b.T.T); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

type encoder struct{ table *Table }

func (e encoder) value(w *bytes.Buffer, v reflect.Value, t types.Type) error {
	if _, ok := t.Underlying().(*types.Interface); ok {
		return e.dynamic(w, v)
	}
	if v = erased(v); !v.IsValid() {
		w.WriteString("null")
		return nil
	}
	if done, err := e.methods(w, v, t); done || err != nil {
		return err
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		if !hostNamed(t, e.table.Main) {
			return e.structure(w, v, u)
		}
	case *types.Pointer:
		if v.IsNil() {
			w.WriteString("null")
			return nil
		}
		if v.NumMethod() == 0 {
			return e.value(w, v.Elem(), u.Elem())
		}
	case *types.Slice:
		if v.IsNil() {
			w.WriteString("null")
			return nil
		}
		if b, ok := u.Elem().Underlying().(*types.Basic); !ok || b.Kind() != types.Uint8 || e.table.hasMethod(u.Elem(), "MarshalJSON", "MarshalText") {
			return e.list(w, v, u.Elem())
		}
	case *types.Array:
		return e.list(w, v, u.Elem())
	case *types.Map:
		return e.mapping(w, v, u)
	}
	return plainJSON(w, v.Interface())
}

// plainJSON leaves & < > as they are: the outer encoder escapes them if it is to.
func plainJSON(w *bytes.Buffer, v any) error {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	w.Write(bytes.TrimSuffix(buf.Bytes(), []byte("\n")))
	return nil
}

func (e encoder) dynamic(w *bytes.Buffer, v reflect.Value) error {
	if v.Kind() == reflect.Interface && v.IsNil() || !v.IsValid() {
		w.WriteString("null")
		return nil
	}
	if b, ok := Inner(v.Interface()).(Box); ok {
		return e.value(w, reflect.ValueOf(b.V), b.T.T)
	}
	return plainJSON(w, v.Interface())
}

// methods calls the script's own encoders.
func (e encoder) methods(w *bytes.Buffer, v reflect.Value, t types.Type) (bool, error) {
	typ := e.table.Lookup(t)
	if typ == nil || len(typ.methods) == 0 {
		return false, nil
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return false, nil
	}
	b := Box{typ, v.Interface()}
	if f, ok := b.BoxedMethod("MarshalJSON").(func() ([]byte, error)); ok {
		raw, err := f()
		if err != nil {
			return true, fmt.Errorf("json: error calling MarshalJSON for type %s: %w", typ.Name(), err)
		}
		return true, plainJSON(w, json.RawMessage(raw))
	}
	if f, ok := b.BoxedMethod("MarshalText").(func() ([]byte, error)); ok {
		text, err := f()
		if err != nil {
			return true, fmt.Errorf("json: error calling MarshalText for type %s: %w", typ.Name(), err)
		}
		return true, plainJSON(w, string(text))
	}
	return false, nil
}

func (t *Table) hasMethod(typ types.Type, names ...string) bool {
	set := types.NewMethodSet(typ)
	for _, n := range names {
		if set.Lookup(nil, n) != nil {
			return true
		}
	}
	return false
}

func (e encoder) list(w *bytes.Buffer, v reflect.Value, elem types.Type) error {
	w.WriteByte('[')
	for i := range v.Len() {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := e.element(w, v.Index(i), elem); err != nil {
			return err
		}
	}
	w.WriteByte(']')
	return nil
}

// element is a value that has an address in compiled Go if v has one: its
// pointer's encoders count then.
func (e encoder) element(w *bytes.Buffer, v reflect.Value, t types.Type) error {
	if v.CanAddr() {
		if _, iface := t.Underlying().(*types.Interface); !iface {
			if done, err := e.methods(w, v.Addr(), types.NewPointer(t)); done || err != nil {
				return err
			}
		}
	}
	return e.value(w, v, t)
}

func (e encoder) mapping(w *bytes.Buffer, v reflect.Value, u *types.Map) error {
	if v.IsNil() {
		w.WriteString("null")
		return nil
	}
	type entry struct {
		key   string
		value reflect.Value
	}
	var entries []entry
	for _, k := range v.MapKeys() {
		key, err := e.key(k, u.Key())
		if err != nil {
			return err
		}
		entries = append(entries, entry{key, v.MapIndex(k)})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].key < entries[j].key })
	w.WriteByte('{')
	for i, en := range entries {
		if i > 0 {
			w.WriteByte(',')
		}
		if err := plainJSON(w, en.key); err != nil {
			return err
		}
		w.WriteByte(':')
		if err := e.value(w, en.value, u.Elem()); err != nil {
			return err
		}
	}
	w.WriteByte('}')
	return nil
}

func (e encoder) key(k reflect.Value, t types.Type) (string, error) {
	if k.Kind() == reflect.String {
		return k.String(), nil
	}
	if typ := e.table.Lookup(t); typ != nil {
		if f, ok := (Box{typ, k.Interface()}).BoxedMethod("MarshalText").(func() ([]byte, error)); ok {
			text, err := f()
			return string(text), err
		}
	}
	if m, ok := k.Interface().(encoding.TextMarshaler); ok {
		text, err := m.MarshalText()
		return string(text), err
	}
	switch {
	case k.CanInt():
		return strconv.FormatInt(k.Int(), 10), nil
	case k.CanUint():
		return strconv.FormatUint(k.Uint(), 10), nil
	}
	return "", fmt.Errorf("json: unsupported type: %s", e.table.TypeName(types.NewMap(t, types.Typ[types.Int])))
}

// jsonField is a struct field as encoding/json sees it.
type jsonField struct {
	name      string
	tagged    bool
	path      []int
	typ       types.Type
	omitEmpty bool
	omitZero  bool
	quoted    bool
}

func (e encoder) structure(w *bytes.Buffer, v reflect.Value, u *types.Struct) error {
	w.WriteByte('{')
	first := true
	for _, f := range e.table.jsonFields(u) {
		fv, ok := follow(v, f.path)
		if !ok || f.omitEmpty && isEmpty(fv) || f.omitZero && e.isZero(fv, f.typ) {
			continue
		}
		if !first {
			w.WriteByte(',')
		}
		first = false
		if err := plainJSON(w, f.name); err != nil {
			return err
		}
		w.WriteByte(':')
		if err := e.field(w, fv, f); err != nil {
			return err
		}
	}
	w.WriteByte('}')
	return nil
}

func (e encoder) field(w *bytes.Buffer, v reflect.Value, f jsonField) error {
	if !f.quoted {
		return e.element(w, v, f.typ)
	}
	var buf bytes.Buffer
	if err := e.element(&buf, v, f.typ); err != nil {
		return err
	}
	if _, isBasic := f.typ.Underlying().(*types.Basic); !isBasic {
		w.Write(buf.Bytes())
		return nil
	}
	return plainJSON(w, buf.String())
}

func follow(v reflect.Value, path []int) (reflect.Value, bool) {
	for k, i := range path {
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return v, false
			}
			v = v.Elem()
		}
		if v = v.Field(i); v.Kind() == reflect.Interface && k < len(path)-1 {
			if v = erased(v); !v.IsValid() {
				return v, false
			}
		}
	}
	return v, true
}

func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Array, reflect.Map, reflect.Slice, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

func (e encoder) isZero(v reflect.Value, t types.Type) bool {
	if typ := e.table.Lookup(t); typ != nil {
		if f, ok := (Box{typ, v.Interface()}).BoxedMethod("IsZero").(func() bool); ok {
			return f()
		}
	}
	if z, ok := v.Interface().(interface{ IsZero() bool }); ok {
		return z.IsZero()
	}
	return v.IsZero()
}

// jsonFields applies encoding/json's rules: by depth, tagged names first,
// conflicts drop out; in the order of declaration.
func (t *Table) jsonFields(u *types.Struct) []jsonField {
	var all []jsonField
	t.collectFields(u, nil, map[*types.Struct]bool{}, &all)
	groups := map[string][]int{}
	for i, f := range all {
		groups[f.name] = append(groups[f.name], i)
	}
	var out []jsonField
	for i, f := range all {
		if dominant(all, groups[f.name]) == i {
			out = append(out, f)
		}
	}
	return out
}

// dominant is the field that wins among those of one name, -1 if none does.
func dominant(all []jsonField, group []int) int {
	best, tie := -1, false
	for _, i := range group {
		if best < 0 {
			best = i
			continue
		}
		a, b := all[best], all[i]
		switch {
		case len(b.path) < len(a.path), len(b.path) == len(a.path) && b.tagged && !a.tagged:
			best, tie = i, false
		case len(b.path) == len(a.path) && b.tagged == a.tagged:
			tie = true
		}
	}
	if tie {
		return -1
	}
	return best
}

func (t *Table) collectFields(u *types.Struct, path []int, seen map[*types.Struct]bool, out *[]jsonField) {
	if seen[u] {
		return
	}
	seen[u] = true
	defer delete(seen, u)
	for i := range u.NumFields() {
		f := u.Field(i)
		tag, hasTag := reflect.StructTag(u.Tag(i)).Lookup("json")
		if tag == "-" {
			continue
		}
		name, options, _ := strings.Cut(tag, ",")
		here := append(append([]int{}, path...), i)
		if f.Embedded() && name == "" {
			inner := f.Type()
			if p, ok := inner.Underlying().(*types.Pointer); ok {
				inner = p.Elem()
			}
			if s, ok := inner.Underlying().(*types.Struct); ok && !(hostNamed(inner, t.Main) && t.hasMethod(inner, "MarshalJSON", "MarshalText")) {
				t.collectFields(s, here, seen, out)
				continue
			}
		}
		if !f.Exported() {
			continue
		}
		j := jsonField{name: name, tagged: hasTag && name != "", path: here, typ: f.Type()}
		if name == "" {
			j.name = fieldName(f)
		}
		for o := range strings.SplitSeq(options, ",") {
			j.omitEmpty = j.omitEmpty || o == "omitempty"
			j.omitZero = j.omitZero || o == "omitzero"
			j.quoted = j.quoted || o == "string"
		}
		*out = append(*out, j)
	}
}
