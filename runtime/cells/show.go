package cells

import (
	"fmt"
	"go/types"
	"reflect"
	"slices"
	"strings"
	"time"

	"cogumi/runtime/script/dyn"
)

// Value is the value of an expression, ready to be drawn in a terminal or a page.
// Long ones are cut: Text and Table say how much there is.
type Value struct {
	Type   string    `json:"type"`
	Kind   string    `json:"kind"` // nil, text, string, error, table, series, image
	Text   string    `json:"text"`
	Table  *Table    `json:"table,omitempty"`
	Series []float64 `json:"series,omitempty"` // numbers in order, thinned to at most maxSeries
	Total  int       `json:"total,omitempty"`  // rows or numbers that there are
	Image  []byte    `json:"image,omitempty"`  // an image's file; Mime says which
	Mime   string    `json:"mime,omitempty"`
}

// Table is rows of text under the names of columns.
type Table struct {
	Columns []string   `json:"columns"`
	Numeric []bool     `json:"numeric"` // columns of numbers
	Rows    [][]string `json:"rows"`
}

const (
	maxText   = 4000 // bytes of a value's text
	maxCell   = 300  // bytes of a table's cell
	maxRows   = 200
	maxSeries = 500
)

func (s *Session) showAll(values ...any) {
	if s.show == nil {
		return
	}
	for _, v := range values {
		s.show(s.value(v))
	}
}

func (s *Session) value(v any) Value {
	n := s.node(v)
	out := Value{Type: s.typeName(v), Kind: "text"}
	switch x := v.(type) {
	case nil:
		return Value{Type: "nil", Kind: "nil", Text: "nil"}
	case string:
		out.Kind, out.Text = "string", cut(x, maxText)
		return out
	case error:
		out.Kind = "error"
	}
	if file, mime := picture(v); file != nil {
		out.Kind, out.Image, out.Mime = "image", file, mime
		out.Text = fmt.Sprintf("%s, %s", mime, Bytes(int64(len(file))))
		return out
	}
	if b, ok := v.(dyn.Box); ok {
		switch {
		case b.HasMethod("Error"):
			out.Kind = "error"
		case n.v.Kind() == reflect.String && !b.Speaks():
			out.Kind, out.Text = "string", cut(n.v.String(), maxText)
			return out
		}
	}
	out.Text = s.text(v, maxText)
	if out.Kind == "error" || n.speaks {
		return out
	}
	if numbers, ok := n.numbers(); ok && len(numbers) > 2 {
		out.Kind, out.Total, out.Series = "series", len(numbers), thin(numbers)
		return out
	}
	if t, total := s.table(n); t != nil {
		out.Kind, out.Table, out.Total = "table", t, total
	}
	return out
}

func (s *Session) typeName(v any) string {
	if v == nil {
		return "nil"
	}
	if b, ok := v.(dyn.Box); ok {
		return strings.ReplaceAll(b.T.Name(), "main.", "")
	}
	return strings.ReplaceAll(fmt.Sprintf("%T", v), "interface {}", "any")
}

// node is a value with what is known of its type.
type node struct {
	s      *Session
	v      reflect.Value
	t      types.Type // nil for a host's value
	speaks bool       // fmt prints it by a method of its own
}

func (s *Session) node(v any) node {
	if b, ok := v.(dyn.Box); ok {
		return node{s, reflect.ValueOf(b.V), b.T.T, b.Speaks()}
	}
	speaks := false
	switch v.(type) {
	case fmt.Stringer, error, fmt.Formatter:
		speaks = true
	}
	return node{s, reflect.ValueOf(v), nil, speaks}
}

// part is an element or field as a value of its own; nil, false: it cannot be seen.
func (n node) part(v reflect.Value, t types.Type) (any, bool) {
	if t != nil {
		return n.s.lowers.Table().Part(v, t), true
	}
	if !v.IsValid() || !v.CanInterface() {
		return nil, false
	}
	return dyn.Inner(v.Interface()), true
}

func (n node) elemType() types.Type {
	if n.t == nil {
		return nil
	}
	switch u := n.t.Underlying().(type) {
	case *types.Slice:
		return u.Elem()
	case *types.Array:
		return u.Elem()
	case *types.Map:
		return u.Elem()
	case *types.Pointer:
		return u.Elem()
	}
	return nil
}

func (n node) keyType() types.Type {
	if n.t == nil {
		return nil
	}
	return n.t.Underlying().(*types.Map).Key()
}

// field is a field of a struct with its name.
type field struct {
	name  string
	value any
}

func (n node) fields() (list []field) {
	var st *types.Struct
	if n.t != nil {
		st, _ = n.t.Underlying().(*types.Struct)
	}
	for i := range n.v.NumField() {
		var t types.Type
		name := n.v.Type().Field(i).Name
		if st != nil {
			t, name = st.Field(i).Type(), st.Field(i).Name()
		}
		if v, ok := n.part(n.v.Field(i), t); ok {
			list = append(list, field{name, v})
		}
	}
	return list
}

// through follows pointers to a struct.
func (n node) through() node {
	for n.v.Kind() == reflect.Pointer && !n.v.IsNil() && !n.speaks {
		v, ok := n.part(n.v.Elem(), n.elemType())
		if !ok {
			break
		}
		n = n.s.node(v)
	}
	return n
}

func (n node) numbers() ([]float64, bool) {
	if n.v.Kind() != reflect.Slice && n.v.Kind() != reflect.Array {
		return nil, false
	}
	e := n.v.Type().Elem()
	if e.Kind() == reflect.Uint8 || e == reflect.TypeFor[time.Duration]() || !numeric(e.Kind()) {
		return nil, false
	}
	if n.t != nil && types.NewMethodSet(n.elemType()).Len() > 0 {
		return nil, false
	}
	list := make([]float64, n.v.Len())
	for i := range list {
		list[i] = n.v.Index(i).Convert(reflect.TypeFor[float64]()).Float()
	}
	return list, true
}

func numeric(k reflect.Kind) bool { return k >= reflect.Int && k <= reflect.Float64 }

// thin keeps at most maxSeries of the numbers, evenly.
func thin(list []float64) []float64 {
	if len(list) <= maxSeries {
		return list
	}
	out := make([]float64, maxSeries)
	for i := range out {
		out[i] = list[i*(len(list)-1)/(maxSeries-1)]
	}
	return out
}

// table is a slice of structs, a struct with such Rows, or a larger map, as a table.
func (s *Session) table(n node) (*Table, int) {
	n = n.through()
	switch n.v.Kind() {
	case reflect.Slice, reflect.Array:
		return s.structs(n)
	case reflect.Struct:
		if n.speaks {
			return nil, 0
		}
		for _, f := range n.fields() {
			if f.name == "Rows" || f.name == "Items" {
				return s.structs(s.node(f.value))
			}
		}
	case reflect.Map:
		if n.v.Len() > 6 {
			return s.mapping(n)
		}
	}
	return nil, 0
}

func (s *Session) structs(n node) (*Table, int) {
	if k := n.v.Kind(); k != reflect.Slice && k != reflect.Array || n.v.Len() == 0 {
		return nil, 0
	}
	t := &Table{}
	for i := range min(n.v.Len(), maxRows) {
		v, _ := n.part(n.v.Index(i), n.elemType())
		row := s.node(v)
		if row.speaks {
			return nil, 0
		}
		if row = row.through(); row.v.Kind() != reflect.Struct || row.speaks {
			return nil, 0
		}
		fields := row.fields()
		if t.Columns == nil {
			for _, f := range fields {
				t.Columns = append(t.Columns, f.name)
				t.Numeric = append(t.Numeric, f.value != nil && numeric(s.node(f.value).v.Kind()))
			}
		}
		if len(fields) != len(t.Columns) || len(fields) == 0 {
			return nil, 0
		}
		var cells []string
		for _, f := range fields {
			cells = append(cells, s.cell(f))
		}
		t.Rows = append(t.Rows, cells)
	}
	return t, n.v.Len()
}

func (s *Session) mapping(n node) (*Table, int) {
	t := &Table{Columns: []string{"key", "value"}, Numeric: []bool{false, false}}
	for _, k := range sortedKeys(n.v) {
		if len(t.Rows) == maxRows {
			break
		}
		key, _ := n.part(k, n.keyType())
		v, _ := n.part(n.v.MapIndex(k), n.elemType())
		t.Rows = append(t.Rows, []string{s.text(key, maxCell), s.text(v, maxCell)})
		t.Numeric[1] = v != nil && numeric(s.node(v).v.Kind())
	}
	return t, n.v.Len()
}

func (s *Session) cell(f field) string {
	if text, ok := f.value.(string); ok {
		return cut(text, maxCell)
	}
	text := s.text(f.value, maxCell)
	if strings.HasSuffix(f.name, "Bytes") && f.value != nil {
		if v := reflect.ValueOf(f.value); v.CanInt() {
			return text + " (" + Bytes(v.Int()) + ")"
		}
	}
	return text
}

// Bytes is a size as people say it: 1.2 MB.
func Bytes(n int64) string {
	x, unit := float64(n), 0
	for x >= 1000 && unit < 5 {
		x, unit = x/1000, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.3g %s", x, []string{"", "kB", "MB", "GB", "TB", "PB"}[unit])
}

func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	end := limit
	for end > 0 && s[end]&0xC0 == 0x80 {
		end--
	}
	return fmt.Sprintf("%s… (%d more bytes)", s[:end], len(s)-end)
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch {
		case a.CanInt():
			return int(min(1, max(-1, a.Int()-b.Int())))
		case a.Kind() == reflect.String:
			return strings.Compare(a.String(), b.String())
		}
		return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
	})
	return keys
}
