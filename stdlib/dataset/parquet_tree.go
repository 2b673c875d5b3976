package dataset

import (
	"errors"
	"fmt"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// tree turns the flat values of a Parquet record into nested ones, as in the
// Dremel paper (Melnik et al., VLDB 2010, section 4.2): a value's definition
// level says how far down the path to it exists, its repetition level which list
// it continues.
type tree struct {
	root  *node
	rows  [][]parquet.Value // of the record at hand, per leaf
	names Names
}

type shapeOf int

const (
	isLeaf shapeOf = iota
	isStruct
	isList // annotated: its only child is repeated
	isMap  // the same, the child has key and value
)

// node is a column or a group of columns.
type node struct {
	name     string
	shape    shapeOf
	optional bool
	repeated bool
	def, rep int // levels from which on it is there
	leaf     int // index of its first leaf
	leaves   int
	children []*node
	bare     bool // of a list's repeated child: the element itself, not its wrapper
	convert  func(parquet.Value) (any, error)
}

func newTree(root *parquet.Column) (*tree, error) {
	t := &tree{root: &node{shape: isStruct}}
	var err error
	for _, c := range root.Columns() {
		if err = t.root.add(c); err != nil {
			return nil, err
		}
	}
	if t.root.leaves == 0 {
		return nil, errors.New("it has no columns")
	}
	t.rows = make([][]parquet.Value, t.root.leaves)
	return t, nil
}

// add appends c and all below it to the children of n.
func (n *node) add(c *parquet.Column) error {
	child := &node{name: c.Name(), optional: c.Optional(), repeated: c.Repeated(), def: n.def, rep: n.rep, leaf: n.leaf + n.leaves}
	for _, sister := range n.children {
		if sister.name == child.name {
			return fmt.Errorf("two columns have the name %q", child.name)
		}
	}
	if child.optional || child.repeated {
		child.def++
	}
	if child.repeated {
		child.rep++
	}
	if c.Leaf() {
		child.leaves = 1
		child.convert = converter(c.Type())
	} else {
		child.shape = isStruct
		for _, sub := range c.Columns() {
			if err := child.add(sub); err != nil {
				return err
			}
		}
		if child.leaves == 0 {
			return fmt.Errorf("the group %q has no columns", child.name)
		}
		child.annotate(c.Type().LogicalType())
	}
	n.leaves += child.leaves
	n.children = append(n.children, child)
	return nil
}

// annotate recognises lists and maps, the older spellings of lists included
// (parquet-format, LogicalTypes.md, "backward-compatibility rules").
func (n *node) annotate(t *format.LogicalType) {
	if t == nil || len(n.children) != 1 || !n.children[0].repeated {
		return
	}
	inner := n.children[0]
	switch t.Value.(type) {
	case *format.ListType:
		n.shape = isList
		inner.bare = inner.shape != isStruct || len(inner.children) != 1 || inner.children[0].repeated ||
			inner.name == "array" || inner.name == n.name+"_tuple"
	case *format.MapType:
		if inner.shape == isStruct && len(inner.children) == 2 {
			n.shape = isMap
		}
	}
}

// errShape is what damaged levels lead to.
var errShape = errors.New("its levels do not fit its schema")

// record is the record as an object.
func (t *tree) record(row parquet.Row) (map[string]any, error) {
	clear(t.rows)
	row.Range(func(column int, values []parquet.Value) bool {
		if column < len(t.rows) {
			t.rows[column] = values
		}
		return true
	})
	v, err := t.object(t.root)
	if err != nil {
		return nil, err
	}
	for _, rest := range t.rows {
		if len(rest) > 0 {
			return nil, errShape
		}
	}
	return v, nil
}

// level is the definition level of the next value below n.
func (t *tree) level(n *node) (int, error) {
	if len(t.rows[n.leaf]) == 0 {
		return 0, errShape
	}
	return t.rows[n.leaf][0].DefinitionLevel(), nil
}

// skip drops what stands for an absent n: one value in each of its leaves.
func (t *tree) skip(n *node) error {
	for i := n.leaf; i < n.leaf+n.leaves; i++ {
		if len(t.rows[i]) == 0 {
			return errShape
		}
		t.rows[i] = t.rows[i][1:]
	}
	return nil
}

// value is n's value in the record: nil where it is absent.
func (t *tree) value(n *node) (any, error) {
	if n.repeated {
		return t.list(n, t.content)
	}
	level, err := t.level(n)
	if err != nil {
		return nil, err
	}
	if n.optional && level < n.def {
		return nil, t.skip(n)
	}
	return t.content(n)
}

// content is n's value where it is known to be there.
func (t *tree) content(n *node) (any, error) {
	switch n.shape {
	case isLeaf:
		v := t.rows[n.leaf][0]
		t.rows[n.leaf] = t.rows[n.leaf][1:]
		return n.convert(v)
	case isStruct:
		return t.object(n)
	}
	inner := n.children[0]
	element := t.content
	if n.shape == isMap {
		element = t.pair
	} else if !inner.bare {
		element = func(inner *node) (any, error) { return t.value(inner.children[0]) }
	}
	return t.list(inner, element)
}

func (t *tree) object(n *node) (map[string]any, error) {
	m := make(map[string]any, len(n.children))
	for _, child := range n.children {
		v, err := t.value(child)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", child.name, err)
		}
		m[child.name] = v
	}
	return m, nil
}

// list is what a repeated n holds; every element takes at least one value.
func (t *tree) list(n *node, element func(*node) (any, error)) (any, error) {
	list := []any{}
	level, err := t.level(n)
	if err != nil {
		return nil, err
	}
	if level < n.def {
		return list, t.skip(n)
	}
	for {
		before := len(t.rows[n.leaf])
		v, err := element(n)
		if err != nil {
			return nil, fmt.Errorf("[%d]: %w", len(list), err)
		}
		list = append(list, v)
		rest := t.rows[n.leaf]
		if len(rest) == before {
			return nil, errShape
		}
		if len(rest) == 0 || rest[0].RepetitionLevel() < n.rep {
			return list, nil
		}
	}
}

// pair is an entry of a map: keys need not be text, and may come twice.
func (t *tree) pair(n *node) (any, error) {
	key, err := t.value(n.children[0])
	if err != nil {
		return nil, err
	}
	value, err := t.value(n.children[1])
	return []any{key, value}, err
}
