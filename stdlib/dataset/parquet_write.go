package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go"
)

// rowsPerGroup bounds what writers and readers hold at a time.
const rowsPerGroup = 20_000

// columnKind is how a field is stored. Values that fit no other kind in all
// rows are stored as JSON text, marked as such, and read back as they were.
type columnKind int

const (
	kindNone columnKind = iota // only nulls so far
	kindText
	kindBool
	kindInt   // whole, float64 holds it
	kindLong  // int64 beyond that
	kindFloat //
	kindMessages
	kindJSON
)

func kindOf(v any) columnKind {
	switch v := v.(type) {
	case nil:
		return kindNone
	case string:
		return kindText
	case bool:
		return kindBool
	case int64:
		return kindLong
	case float64:
		if v == math.Trunc(v) && math.Abs(v) <= exact && !(v == 0 && math.Signbit(v)) {
			return kindInt
		}
		return kindFloat
	case []Message:
		return kindMessages
	}
	return kindJSON
}

// both is the kind that holds values of two kinds without changing them.
func both(a, b columnKind) columnKind {
	a, b = min(a, b), max(a, b)
	switch {
	case a == b || a == kindNone:
		return b
	case a == kindInt && (b == kindLong || b == kindFloat):
		return b
	}
	return kindJSON
}

// column is one column of the file.
type column struct {
	name string
	kind columnKind
}

// canonical is the order of columns; others follow by name.
var canonical = []string{"instruction", "input", "output", "messages", "category", "family", "answer",
	"failure_type", "correct_answer", "model_response", "metadata"}

// columns finds what the rows need.
func (s *Set) columns() []column {
	var c Columns
	for i := range s.Rows {
		c.Add(&s.Rows[i])
	}
	return c.list()
}

// list is the columns in the order of the file.
func (c *Columns) list() []column {
	kinds := maps.Clone(c.kinds)
	if len(kinds) == 0 { // a file without columns is none
		kinds = map[string]columnKind{"instruction": kindText, "output": kindText}
	}
	list := make([]column, 0, len(kinds))
	for name, kind := range kinds {
		list = append(list, column{name, max(kind, kindText)})
	}
	slices.SortFunc(list, func(a, b column) int {
		return cmp.Or(cmp.Compare(rank(a.name), rank(b.name)), cmp.Compare(a.name, b.name))
	})
	return list
}

func rank(name string) int {
	if i := slices.Index(canonical, name); i >= 0 {
		return i
	}
	return len(canonical)
}

// ordered is a group whose fields keep their order; parquet.Group sorts them.
type ordered struct {
	parquet.Group
	list []parquet.Field
}

func (o ordered) Fields() []parquet.Field { return o.list }

func (o *ordered) put(name string, n parquet.Node) {
	o.Group[name] = n
	o.list = append(o.list, named{n, name})
}

type named struct {
	parquet.Node
	name string
}

func (n named) Name() string                           { return n.name }
func (n named) Value(base reflect.Value) reflect.Value { return base.MapIndex(reflect.ValueOf(n.name)) }

// schema is the file's: every column may be null.
func schema(columns []column) *parquet.Schema {
	root := &ordered{Group: parquet.Group{}}
	for _, c := range columns {
		root.put(c.name, parquet.Optional(c.node()))
	}
	return parquet.NewSchema("row", *root)
}

func (c column) node() parquet.Node {
	switch c.kind {
	case kindBool:
		return parquet.Leaf(parquet.BooleanType)
	case kindInt, kindLong:
		return parquet.Int(64)
	case kindFloat:
		return parquet.Leaf(parquet.DoubleType)
	case kindJSON:
		return parquet.JSON()
	case kindMessages:
		message := &ordered{Group: parquet.Group{}}
		message.put("role", parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
		message.put("content", parquet.String())
		return parquet.List(*message)
	}
	if c.name == "category" || c.name == "family" || c.name == "failure_type" {
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	}
	return parquet.String()
}

// writeParquet writes the rows, then reads the file's own count back: a file
// that nobody can open is found now, not when it is needed.
func (s *Set) writeParquet(w io.Writer) error {
	if err := s.encodeParquet(w); err != nil {
		return err
	}
	return readBack(w, len(s.Rows))
}

func (s *Set) encodeParquet(w io.Writer) error {
	_, err := encodeRows(w, s.columns(), s.put)
	return err
}

// put puts all rows.
func (s *Set) put(put func(*Row) error) error {
	for i := range s.Rows {
		if err := put(&s.Rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func readBack(w io.Writer, want int) error {
	f, ok := w.(*os.File)
	if !ok {
		return errors.New("what was written cannot be read back")
	}
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	back, err := parquet.OpenFile(f, fi.Size())
	if err != nil {
		return fmt.Errorf("read back: %w", err)
	}
	if back.NumRows() != int64(want) {
		return fmt.Errorf("%d rows were written, %d can be read back", want, back.NumRows())
	}
	return nil
}

// values is the row as Parquet wants it: for each leaf its values with their
// repetition and definition levels.
func (r *Row) values(columns []column) (parquet.Row, error) {
	fields := r.fields()
	var row parquet.Row
	leaf, found := 0, 0
	for _, c := range columns {
		var v any
		if i := slices.IndexFunc(fields, func(f field) bool { return f.name == c.name }); i >= 0 {
			v = fields[i].value
			found++
		}
		if c.kind == kindMessages {
			if _, err := appendValue(nil, v, false); err != nil {
				return nil, fmt.Errorf("field %s: %w", c.name, err)
			}
			row = append(row, messageValues(v, leaf)...)
			leaf += 2
			continue
		}
		value, err := c.value(v)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", c.name, err)
		}
		level := 1
		if v == nil {
			level = 0
		}
		row = append(row, value.Level(0, level, leaf))
		leaf++
	}
	if found < len(fields) {
		return nil, fmt.Errorf("it has fields without a column: %s", without(fields, columns))
	}
	return row, nil
}

func without(fields []field, columns []column) string {
	var names []string
	for _, f := range fields {
		if !slices.ContainsFunc(columns, func(c column) bool { return c.name == f.name }) {
			names = append(names, f.name)
		}
	}
	return strings.Join(names, ", ")
}

func (c column) value(v any) (parquet.Value, error) {
	switch {
	case v == nil:
		return parquet.NullValue(), nil
	case c.kind == kindJSON:
		text, err := appendValue(nil, v, false)
		return parquet.ByteArrayValue(text), err
	}
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return parquet.Value{}, errNoUTF8
		}
		return parquet.ByteArrayValue([]byte(v)), nil
	case bool:
		return parquet.BooleanValue(v), nil
	case int64:
		return parquet.Int64Value(v), nil
	case float64:
		if c.kind == kindFloat {
			return parquet.DoubleValue(v), nil
		}
		return parquet.Int64Value(int64(v)), nil
	}
	return parquet.Value{}, fmt.Errorf("%T in a column of another type", v)
}

// messageValues are the values of both leaves of a list of messages: first all
// roles, then all contents. Definition level 0 is no list, 1 an empty one, 2 a
// message.
func messageValues(v any, leaf int) []parquet.Value {
	list, _ := v.([]Message)
	var roles, contents []parquet.Value
	for i, m := range list {
		repetition := min(i, 1)
		roles = append(roles, parquet.ByteArrayValue([]byte(m.Role)).Level(repetition, 2, leaf))
		contents = append(contents, parquet.ByteArrayValue([]byte(m.Content)).Level(repetition, 2, leaf+1))
	}
	if len(list) == 0 {
		return []parquet.Value{parquet.NullValue().Level(0, 0, leaf), parquet.NullValue().Level(0, 0, leaf+1)}
	}
	return append(roles, contents...)
}
