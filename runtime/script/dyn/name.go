package dyn

import (
	"fmt"
	"go/types"
	"strconv"
	"strings"
)

// TypeName writes a type as package reflect does, with the script's names.
func (t *Table) TypeName(typ types.Type) string {
	var b strings.Builder
	t.writeType(&b, typ)
	return b.String()
}

func (t *Table) writeType(b *strings.Builder, typ types.Type) {
	switch u := types.Unalias(typ).(type) {
	case *types.Basic:
		b.WriteString(types.Typ[types.Default(u).(*types.Basic).Kind()].Name()) // not byte or rune
	case *types.Named:
		t.writeNamed(b, u)
	case *types.Pointer:
		b.WriteByte('*')
		t.writeType(b, u.Elem())
	case *types.Slice:
		b.WriteString("[]")
		t.writeType(b, u.Elem())
	case *types.Array:
		fmt.Fprintf(b, "[%d]", u.Len())
		t.writeType(b, u.Elem())
	case *types.Map:
		b.WriteString("map[")
		t.writeType(b, u.Key())
		b.WriteByte(']')
		t.writeType(b, u.Elem())
	case *types.Chan:
		t.writeChan(b, u)
	case *types.Signature:
		b.WriteString("func")
		t.writeSignature(b, u)
	case *types.Struct:
		t.writeStruct(b, u)
	case *types.Interface:
		t.writeInterface(b, u)
	default:
		b.WriteString(u.String())
	}
}

func (t *Table) writeNamed(b *strings.Builder, n *types.Named) {
	name := n.Obj().Name()
	if n.Obj().Pkg() == nil { // error
		b.WriteString(name)
		return
	}
	if n.Obj().Pkg() == t.Main {
		if display := t.Display[name]; display != "" {
			name = display
		}
	}
	b.WriteString(n.Obj().Pkg().Name() + "." + name)
}

func (t *Table) writeChan(b *strings.Builder, c *types.Chan) {
	b.WriteString(map[types.ChanDir]string{types.SendRecv: "chan ", types.SendOnly: "chan<- ", types.RecvOnly: "<-chan "}[c.Dir()])
	inner, isChan := types.Unalias(c.Elem()).(*types.Chan)
	if isChan && inner.Dir() == types.RecvOnly && c.Dir() != types.RecvOnly {
		b.WriteByte('(')
		defer b.WriteByte(')')
	}
	t.writeType(b, c.Elem())
}

func (t *Table) writeSignature(b *strings.Builder, sig *types.Signature) {
	list := func(tuple *types.Tuple, variadic bool) {
		for i := range tuple.Len() {
			if i > 0 {
				b.WriteString(", ")
			}
			typ := tuple.At(i).Type()
			if variadic && i == tuple.Len()-1 {
				b.WriteString("...")
				typ = typ.(*types.Slice).Elem()
			}
			t.writeType(b, typ)
		}
	}
	b.WriteByte('(')
	list(sig.Params(), sig.Variadic())
	b.WriteByte(')')
	switch sig.Results().Len() {
	case 0:
		return
	case 1:
		b.WriteByte(' ')
		list(sig.Results(), false)
		return
	}
	b.WriteString(" (")
	list(sig.Results(), false)
	b.WriteByte(')')
}

func (t *Table) writeStruct(b *strings.Builder, s *types.Struct) {
	if s.NumFields() == 0 {
		b.WriteString("struct {}")
		return
	}
	b.WriteString("struct {")
	for i := range s.NumFields() {
		if i > 0 {
			b.WriteByte(';')
		}
		b.WriteByte(' ')
		if f := s.Field(i); !f.Embedded() {
			b.WriteString(f.Name() + " ")
		}
		t.writeType(b, s.Field(i).Type())
		if s.Tag(i) != "" {
			b.WriteString(" " + strconv.Quote(s.Tag(i)))
		}
	}
	b.WriteString(" }")
}

func (t *Table) writeInterface(b *strings.Builder, i *types.Interface) {
	if i.NumMethods() == 0 {
		b.WriteString("interface {}")
		return
	}
	b.WriteString("interface {")
	for k := range i.NumMethods() {
		if k > 0 {
			b.WriteByte(';')
		}
		m := i.Method(k)
		b.WriteByte(' ')
		if !m.Exported() && m.Pkg() != nil {
			b.WriteString(m.Pkg().Name() + ".")
		}
		b.WriteString(m.Name())
		t.writeSignature(b, m.Signature())
	}
	b.WriteString(" }")
}
