package fast

import (
	"go/ast"
	"go/token"
	"go/types"
	"unicode/utf8"
	"unsafe"
)

func (p *piece) loop(s ast.Stmt, label string) stmt {
	switch s := s.(type) {
	case *ast.ForStmt:
		return p.forStmt(s, label)
	case *ast.RangeStmt:
		return p.rangeStmt(s, label)
	}
	panic(unfit{})
}

func (p *piece) forStmt(s *ast.ForStmt, label string) stmt {
	var init, post stmt
	if s.Init != nil {
		init = p.stmt(s.Init, "")
	}
	cond := func(*frame) bool { return true }
	if s.Cond != nil {
		p.alone(s.Cond, nil)
		cond = p.bool(s.Cond)
	}
	if s.Post != nil {
		post = p.stmt(s.Post, "")
	}
	number := p.enter(label, true)
	body := p.block(s.Body.List)
	p.leave()
	run := repeat(number, cond, body, post)
	if init == nil {
		return run
	}
	return sequence([]stmt{init, run})
}

// repeat is the loop itself. Each turn looks whether the script is to end.
func repeat(number int, cond boolExpr, body, post stmt) stmt {
	leave, again := breakOf(number), continueOf(number)
	if post == nil {
		post = func(*frame) control { return next }
	}
	return func(f *frame) control {
		for cond(f) {
			if f.stop.Load() {
				panic(stopped{})
			}
			if c := body(f); c != next && c != again {
				if c == leave {
					return next
				}
				return c
			}
			post(f)
		}
		return next
	}
}

func (p *piece) rangeStmt(s *ast.RangeStmt, label string) stmt {
	key, value := p.rangeNames(s)
	switch u := p.typeOf(s.X).Underlying().(type) {
	case *types.Basic:
		if u.Info()&types.IsString != 0 {
			return p.rangeString(s, key, value, label)
		}
		return p.rangeInt(s, key, label)
	case *types.Slice:
		return p.rangeSlice(s, key, value, label)
	}
	panic(unfit{})
}

// rangeNames are the variables of a range loop that it defines itself; assigning
// to others stays with the interpreter.
func (p *piece) rangeNames(s *ast.RangeStmt) (key, value *ast.Ident) {
	name := func(e ast.Expr) *ast.Ident {
		if e == nil {
			return nil
		}
		id, ok := e.(*ast.Ident)
		if !ok || s.Tok != token.DEFINE && id.Name != "_" {
			panic(unfit{})
		}
		if id.Name == "_" {
			return nil
		}
		return id
	}
	return name(s.Key), name(s.Value)
}

// named gives the variable its register, or a register that nobody reads.
func (p *piece) named(id *ast.Ident, t types.Type) register {
	if id == nil {
		return p.temporary(t)
	}
	return p.declare(p.info.Defs[id])
}

// turns compiles the body of a range loop: it says whether to go on.
func (p *piece) turns(s *ast.RangeStmt, label string) func(*frame) (control, bool) {
	number := p.enter(label, true)
	body := p.block(s.Body.List)
	p.leave()
	leave, again := breakOf(number), continueOf(number)
	return func(f *frame) (control, bool) {
		if f.stop.Load() {
			panic(stopped{})
		}
		switch c := body(f); c {
		case next, again:
			return next, true
		case leave:
			return next, false
		default:
			return c, false
		}
	}
}

func (p *piece) rangeInt(s *ast.RangeStmt, key *ast.Ident, label string) stmt {
	p.alone(s.X)
	t := p.typeOf(s.X)
	if key != nil {
		t = p.info.Defs[key].Type()
	}
	if k, ok := kindOf(t); !ok || k != kindInt || wide64(t) {
		panic(unfit{})
	}
	limit := p.int(s.X)
	i := p.named(key, t).n
	turn := p.turns(s, label)
	return func(f *frame) control {
		for n, at := limit(f), int64(0); at < n; at++ {
			f.i[i] = at
			if c, more := turn(f); !more {
				return c
			}
		}
		return next
	}
}

func (p *piece) rangeSlice(s *ast.RangeStmt, key, value *ast.Ident, label string) stmt {
	p.alone(s.X)
	over := p.temporary(p.typeOf(s.X)) // the slice as it was when the loop began
	set := p.set(over, s.X)
	i := p.named(key, types.Typ[types.Int]).n
	var read stmt
	if value != nil {
		here := place{t: p.elem(s.X), direct: true, s: over.n, i: i}
		// The variable may be assigned to in the body; the position is its own.
		at := p.temporary(types.Typ[types.Int]).n
		here.i = at
		read = p.readElement(p.named(value, p.elem(s.X)), here)
		return p.overSlice(s, label, set, over.n, i, at, read)
	}
	return p.overSlice(s, label, set, over.n, i, p.temporary(types.Typ[types.Int]).n, read)
}

func (p *piece) overSlice(s *ast.RangeStmt, label string, set stmt, over, key, at int, read stmt) stmt {
	turn := p.turns(s, label)
	return func(f *frame) control {
		set(f)
		n := int64(len(f.h[over]))
		for k := int64(0); k < n; k++ {
			f.i[key], f.i[at] = k, k
			if read != nil {
				read(f)
			}
			if c, more := turn(f); !more {
				return c
			}
		}
		return next
	}
}

func (p *piece) readElement(r register, from place) stmt {
	k := r.n
	from.h = func(f *frame) unsafe.Pointer { return f.p[from.s] }
	from.at = func(f *frame) int64 { return f.i[from.i] }
	switch r.kind {
	case kindInt:
		e := intAt(from)
		return func(f *frame) control { f.i[k] = e(f); return next }
	case kindFloat:
		e := floatAt(from)
		return func(f *frame) control { f.f[k] = e(f); return next }
	case kindString:
		e := load[string](from)
		return func(f *frame) control { f.s[k] = e(f); return next }
	}
	e := load[[]byte](from)
	return func(f *frame) control { *(*[]byte)(f.p[k]) = e(f); return next }
}

func (p *piece) rangeString(s *ast.RangeStmt, key, value *ast.Ident, label string) stmt {
	p.alone(s.X)
	text := p.string(s.X)
	i, r := p.named(key, types.Typ[types.Int]).n, p.named(value, types.Typ[types.Rune]).n
	turn := p.turns(s, label)
	return func(f *frame) control {
		over := text(f)
		for at := 0; at < len(over); {
			c, size := utf8.DecodeRuneInString(over[at:])
			f.i[i], f.i[r] = int64(at), int64(c)
			at += size
			if c, more := turn(f); !more {
				return c
			}
		}
		return next
	}
}
