package fast

import (
	"go/ast"
	"go/types"
	"unsafe"
)

// header compiles a slice to the address of its header. Headers of all element
// types look the same: address, length, capacity.
func (p *piece) header(e ast.Expr) func(*frame) unsafe.Pointer {
	e = ast.Unparen(e)
	switch x := e.(type) {
	case *ast.Ident:
		if r, ok := p.local(x); ok && r.kind == kindSlice {
			k := r.n
			return func(f *frame) unsafe.Pointer { return f.p[k] }
		}
	case *ast.IndexExpr: // a slice of slices
		if p.kind(x.X) != kindSlice {
			break
		}
		h, at, pos := p.header(x.X), p.index(x.Index), p.position(x.Index.Pos())
		return func(f *frame) unsafe.Pointer {
			s, k := *(*[][]byte)(h(f)), at(f)
			if uint64(k) >= uint64(len(s)) {
				f.pos = pos
			}
			return unsafe.Pointer(&s[k])
		}
	}
	panic(unfit{})
}

// sliceValue compiles a slice to its header, for an assignment.
func (p *piece) sliceValue(e ast.Expr) func(*frame) []byte {
	e = ast.Unparen(e)
	switch x := e.(type) {
	case *ast.Ident:
		if x.Name == "nil" && p.info.Types[x].IsNil() {
			return func(*frame) []byte { return nil }
		}
	case *ast.CallExpr:
		switch p.builtin(x) {
		case "append":
			return p.appended(x)
		case "make":
			return p.made(x)
		}
		if p.builtin(x) != "" || p.conversion(x) != nil {
			panic(unfit{})
		}
		call, code := p.call(x)
		k := code.outer[len(code.outer)-1].reg
		return func(f *frame) []byte {
			g := call(f)
			h := g.h[k]
			code.release(g)
			return h
		}
	case *ast.SliceExpr:
		return p.resliced(x)
	}
	h := p.header(e)
	return func(f *frame) []byte { return *(*[]byte)(h(f)) }
}

func (p *piece) elem(e ast.Expr) types.Type {
	s, ok := p.typeOf(e).Underlying().(*types.Slice)
	if !ok {
		panic(unfit{})
	}
	return s.Elem()
}

// place is an element of a slice.
type place struct {
	t      types.Type // of the element
	h      func(*frame) unsafe.Pointer
	at     intExpr
	pos    int  // where an index out of range is to be seen
	direct bool // slice and index are variables: those registers
	s, i   int
}

func (p *piece) place(x *ast.IndexExpr) place {
	to := place{t: p.elem(x.X), h: p.header(x.X), at: p.index(x.Index), pos: p.position(x.Index.Pos())}
	s, isVar := p.local(x.X)
	i, also := p.local(x.Index)
	if isVar && also {
		to.direct, to.s, to.i = true, s.n, i.n
	}
	return to
}

// intElement compiles x[i] of integers or booleans.
func (p *piece) intElement(x *ast.IndexExpr) intExpr { return intAt(p.place(x)) }

func intAt(to place) intExpr {
	return byInteger(to.t, loadInt[int8], loadInt[int16], loadInt[int32], loadInt[int64],
		loadInt[uint8], loadInt[uint16], loadInt[uint32], loadInt[uint64])(to)
}

func loadInt[T integers](to place) intExpr {
	h, at, pos := to.h, to.at, to.pos
	if s, i := to.s, to.i; to.direct {
		return func(f *frame) int64 {
			v, k := *(*[]T)(f.p[s]), f.i[i]
			if uint64(k) >= uint64(len(v)) {
				f.pos = pos
			}
			return int64(v[k])
		}
	}
	return func(f *frame) int64 {
		v, k := *(*[]T)(h(f)), at(f)
		if uint64(k) >= uint64(len(v)) {
			f.pos = pos
		}
		return int64(v[k])
	}
}

func (p *piece) floatElement(x *ast.IndexExpr) floatExpr { return floatAt(p.place(x)) }

func floatAt(to place) floatExpr {
	if basic(to.t) == types.Float32 {
		return loadFloat[float32](to)
	}
	return loadFloat[float64](to)
}

func loadFloat[T floats](to place) floatExpr {
	h, at, pos := to.h, to.at, to.pos
	if s, i := to.s, to.i; to.direct {
		return func(f *frame) float64 {
			v, k := *(*[]T)(f.p[s]), f.i[i]
			if uint64(k) >= uint64(len(v)) {
				f.pos = pos
			}
			return float64(v[k])
		}
	}
	return func(f *frame) float64 {
		v, k := *(*[]T)(h(f)), at(f)
		if uint64(k) >= uint64(len(v)) {
			f.pos = pos
		}
		return float64(v[k])
	}
}

func (p *piece) stringElement(x *ast.IndexExpr) strExpr { return load[string](p.place(x)) }

func load[T any](to place) func(*frame) T {
	h, at, pos := to.h, to.at, to.pos
	return func(f *frame) T {
		v, k := *(*[]T)(h(f)), at(f)
		if uint64(k) >= uint64(len(v)) {
			f.pos = pos
		}
		return v[k]
	}
}

// store compiles an assignment to an element: its slice, its index, the value,
// then the panic of an index out of range, in Go's order.
func store[T any](to place, value func(*frame) T) stmt {
	h, at, pos := to.h, to.at, to.pos
	return func(f *frame) control {
		k := at(f)
		x := value(f)
		v := *(*[]T)(h(f))
		if uint64(k) >= uint64(len(v)) {
			f.pos = pos
		}
		v[k] = x
		return next
	}
}

func storeInt[T integers](to place, value intExpr) stmt {
	if s, i, pos := to.s, to.i, to.pos; to.direct {
		return func(f *frame) control {
			k, x := f.i[i], value(f)
			v := *(*[]T)(f.p[s])
			if uint64(k) >= uint64(len(v)) {
				f.pos = pos
			}
			v[k] = T(x)
			return next
		}
	}
	return store(to, func(f *frame) T { return T(value(f)) })
}

// length compiles len and cap of strings and slices.
func (p *piece) length(x *ast.CallExpr) intExpr {
	arg := x.Args[0]
	if p.kind(arg) == kindString {
		s := p.string(arg)
		return func(f *frame) int64 { return int64(len(s(f))) }
	}
	if p.kind(arg) != kindSlice {
		panic(unfit{})
	}
	h := p.header(arg)
	if p.builtin(x) == "cap" {
		return func(f *frame) int64 { return int64(cap(*(*[]byte)(h(f)))) }
	}
	return func(f *frame) int64 { return int64(len(*(*[]byte)(h(f)))) }
}

// resliced compiles s[a:b].
func (p *piece) resliced(x *ast.SliceExpr) func(*frame) []byte {
	if x.Slice3 || p.kind(x.X) != kindSlice {
		panic(unfit{})
	}
	h, pos := p.header(x.X), p.position(x.Pos())
	low, high := p.bounds(x)
	return byElem(p.elem(x.X), func(cut cutter) func(*frame) []byte {
		return func(f *frame) []byte {
			s := *(*[]byte)(h(f))
			a, b := low(f), int64(len(s))
			if high != nil {
				b = high(f)
			}
			if a < 0 || b < a || b > int64(cap(s)) {
				f.pos = pos
			}
			return cut(s, a, b, high != nil)
		}
	})
}

// cutter is s[a:b], or s[a:], on a slice of one element type.
type cutter func(s []byte, a, b int64, bounded bool) []byte

func cut[T any](s []byte, a, b int64, bounded bool) []byte {
	v := *(*[]T)(unsafe.Pointer(&s))
	if bounded {
		v = v[a:b]
	} else {
		v = v[a:]
	}
	return *(*[]byte)(unsafe.Pointer(&v))
}

func byElem(t types.Type, with func(cutter) func(*frame) []byte) func(*frame) []byte {
	if _, ok := t.Underlying().(*types.Slice); ok {
		return with(cut[[]byte])
	}
	switch basic(t) {
	case types.Float32:
		return with(cut[float32])
	case types.Float64:
		return with(cut[float64])
	case types.String:
		return with(cut[string])
	}
	return with(byInteger(t, cut[int8], cut[int16], cut[int32], cut[int64], cut[uint8], cut[uint16], cut[uint32], cut[uint64]))
}

// made compiles make([]T, n) and make([]T, n, m).
func (p *piece) made(x *ast.CallExpr) func(*frame) []byte {
	if p.kind(x) != kindSlice || len(x.Args) < 2 {
		panic(unfit{})
	}
	n, pos := p.index(x.Args[1]), p.position(x.Pos())
	m := n
	if len(x.Args) == 3 {
		m = p.index(x.Args[2])
	}
	three := len(x.Args) == 3
	sized := func(f *frame) (int64, int64) {
		a := n(f)
		f.pos = pos
		if !three {
			return a, a
		}
		return a, m(f)
	}
	t := p.elem(x)
	if _, ok := t.Underlying().(*types.Slice); ok {
		return makes[[]byte](sized)
	}
	switch basic(t) {
	case types.Float32:
		return makes[float32](sized)
	case types.Float64:
		return makes[float64](sized)
	case types.String:
		return makes[string](sized)
	}
	return byInteger(t, makes[int8], makes[int16], makes[int32], makes[int64], makes[uint8], makes[uint16], makes[uint32], makes[uint64])(sized)
}

func makes[T any](sized func(*frame) (int64, int64)) func(*frame) []byte {
	return func(f *frame) []byte {
		n, m := sized(f)
		s := make([]T, n, m)
		return *(*[]byte)(unsafe.Pointer(&s))
	}
}

// appended compiles append(s, values...) with values one by one.
func (p *piece) appended(x *ast.CallExpr) func(*frame) []byte {
	if x.Ellipsis.IsValid() || len(x.Args) != 2 {
		panic(unfit{})
	}
	h := p.header(x.Args[0])
	t := p.elem(x.Args[0])
	switch k, _ := kindOf(t); k {
	case kindSlice:
		v := p.sliceValue(x.Args[1])
		return appends(h, func(f *frame) []byte { return v(f) })
	case kindString:
		return appends(h, p.string(x.Args[1]))
	case kindFloat:
		v := p.float(x.Args[1])
		if basic(t) == types.Float32 {
			return appends(h, func(f *frame) float32 { return float32(v(f)) })
		}
		return appends(h, v)
	}
	v := p.int(x.Args[1])
	return byInteger(t, appendInt[int8], appendInt[int16], appendInt[int32], appendInt[int64],
		appendInt[uint8], appendInt[uint16], appendInt[uint32], appendInt[uint64])(h, v)
}

func appendInt[T integers](h func(*frame) unsafe.Pointer, v intExpr) func(*frame) []byte {
	return appends(h, func(f *frame) T { return T(v(f)) })
}

func appends[T any](h func(*frame) unsafe.Pointer, v func(*frame) T) func(*frame) []byte {
	return func(f *frame) []byte {
		s := *(*[]T)(h(f))
		s = append(s, v(f))
		return *(*[]byte)(unsafe.Pointer(&s))
	}
}
