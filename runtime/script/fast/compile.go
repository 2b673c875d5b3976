package fast

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// Compiler compiles pieces of one type-checked package.
type Compiler struct {
	info     *types.Info
	position func(token.Pos) int // number of a position, for Run's position
	funcs    map[*types.Func]*Code
	decls    map[*types.Func]*ast.FuncDecl
}

// New makes a compiler. position numbers a place in the source.
func New(info *types.Info, decls []ast.Decl, position func(token.Pos) int) *Compiler {
	c := &Compiler{info: info, position: position, funcs: map[*types.Func]*Code{}, decls: map[*types.Func]*ast.FuncDecl{}}
	for _, d := range decls {
		if fd, ok := d.(*ast.FuncDecl); ok && fd.Body != nil {
			if f, ok := info.Defs[fd.Name].(*types.Func); ok {
				c.decls[f] = fd
			}
		}
	}
	return c
}

// unfit ends the compilation of code that stays with the interpreter.
type unfit struct{}

type (
	intExpr   = func(*frame) int64
	boolExpr  = func(*frame) bool
	floatExpr = func(*frame) float64
	strExpr   = func(*frame) string
	stmt      = func(*frame) control
)

// control is how a statement ends: it goes on, returns, or breaks or continues
// the loop of that number.
type control int

const (
	next     control = 0
	returned control = 1
)

func breakOf(loop int) control    { return control(2*loop + 2) }
func continueOf(loop int) control { return control(2*loop + 3) }

// piece is what is compiled at a time: a loop or a function.
type piece struct {
	*Compiler
	code   *Code
	vars   map[types.Object]register
	around func(*types.Var) // a variable from around the piece was met; nil: there must be none
	result *register        // of a function
	loops  []target
	count  int // loops so far
}

type register struct {
	kind kind
	n    int
	typ  types.Type
}

// target is a statement that break and continue can name.
type target struct {
	label  string
	number int
	loop   bool
}

// Loop compiles a for or range statement. It returns the code and the variables
// from around it, in the order of Run; nil when the loop stays with the interpreter.
func (c *Compiler) Loop(s ast.Stmt, label string) (code *Code, variables []*types.Var) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(unfit); !ok {
				panic(r)
			}
			code, variables = nil, nil
		}
	}()
	p := &piece{Compiler: c, code: &Code{}, vars: map[types.Object]register{}}
	p.around = func(v *types.Var) {
		r := p.declare(v)
		variables = append(variables, v)
		p.code.outer = append(p.code.outer, sharing(v.Type(), r.n))
	}
	p.code.body = p.loop(s, label)
	return p.code, variables
}

// Func compiles a function whose parameters and result are simple. Its variables
// for Run are the parameters, then the result. nil when it stays with the
// interpreter.
func (c *Compiler) Func(f *types.Func) *Code {
	code, known := c.funcs[f]
	if known {
		return code
	}
	// A set of functions that call each other is fit or unfit as a whole.
	started := map[*types.Func]bool{}
	if !c.fit(f, started) {
		for g := range started {
			delete(c.funcs, g)
		}
		c.funcs[f] = nil
		return nil
	}
	return c.funcs[f]
}

func (c *Compiler) fit(f *types.Func, started map[*types.Func]bool) (ok bool) {
	decl := c.decls[f]
	sig := f.Signature()
	if decl == nil || sig.Recv() != nil || sig.Variadic() || sig.TypeParams().Len() > 0 || sig.Results().Len() > 1 {
		return false
	}
	defer func() {
		if r := recover(); r != nil {
			if _, mine := r.(unfit); !mine {
				panic(r)
			}
			ok = false
		}
	}()
	started[f] = true
	p := &piece{Compiler: c, code: &Code{}, vars: map[types.Object]register{}}
	c.funcs[f] = p.code
	for i := range sig.Params().Len() {
		p.parameter(sig.Params().At(i))
	}
	if sig.Results().Len() == 1 {
		v := sig.Results().At(0)
		r := p.parameter(v)
		p.result, p.code.results = &r, 1
	}
	for _, called := range c.calls(decl.Body) {
		if code, known := c.funcs[called]; known && code == nil || !known && !c.fit(called, started) {
			return false
		}
	}
	body := p.block(decl.Body.List)
	if p.result != nil { // frames are used again
		body = sequence([]stmt{zero(*p.result), body})
	}
	p.code.body = body
	return true
}

// calls are the script's functions that a body calls.
func (c *Compiler) calls(body ast.Node) []*types.Func {
	var list []*types.Func
	ast.Inspect(body, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if f, ok := c.info.Uses[id].(*types.Func); ok && c.decls[f] != nil {
				list = append(list, f)
			}
		}
		return true
	})
	return list
}

// parameter declares a parameter or a result. One without a name is never read.
func (p *piece) parameter(v *types.Var) register {
	r := p.declare(v)
	p.code.outer = append(p.code.outer, sharing(v.Type(), r.n))
	return r
}

// declare gives a variable a register.
func (p *piece) declare(v types.Object) register {
	r := p.temporary(v.Type())
	p.vars[v] = r
	return r
}

func (p *piece) temporary(t types.Type) register {
	k, ok := kindOf(t)
	if !ok {
		panic(unfit{})
	}
	n := &p.code.sizes
	count := map[kind]*int{kindInt: &n.ints, kindFloat: &n.floats, kindString: &n.strings, kindSlice: &n.slices}[k]
	*count++
	return register{k, *count - 1, t}
}

// variable is the register of a variable that is used.
func (p *piece) variable(id *ast.Ident) register {
	obj, ok := p.info.ObjectOf(id).(*types.Var)
	if !ok || obj.IsField() {
		panic(unfit{})
	}
	if r, ok := p.vars[obj]; ok {
		return r
	}
	if p.around == nil {
		panic(unfit{})
	}
	p.around(obj)
	return p.vars[obj]
}

func (p *piece) typeOf(e ast.Expr) types.Type {
	t := p.info.TypeOf(e)
	if t == nil {
		panic(unfit{})
	}
	return t
}

func (p *piece) kind(e ast.Expr) kind {
	k, ok := kindOf(p.typeOf(e))
	if !ok {
		panic(unfit{})
	}
	return k
}

func (p *piece) constant(e ast.Expr) constant.Value { return p.info.Types[e].Value }

// builtin is the name of the built-in function that a call calls.
func (p *piece) builtin(call *ast.CallExpr) string {
	if id, ok := ast.Unparen(call.Fun).(*ast.Ident); ok {
		if b, ok := p.info.Uses[id].(*types.Builtin); ok {
			return b.Name()
		}
	}
	return ""
}

// conversion is the type that a call converts to, if it is no call.
func (p *piece) conversion(call *ast.CallExpr) types.Type {
	if tv := p.info.Types[call.Fun]; tv.IsType() {
		return tv.Type
	}
	return nil
}

// local says whether an expression is a variable in a register, and which.
func (p *piece) local(e ast.Expr) (register, bool) {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok || p.constant(e) != nil || id.Name == "nil" || id.Name == "_" {
		return register{}, false
	}
	if _, ok := p.info.ObjectOf(id).(*types.Var); !ok {
		return register{}, false
	}
	return p.variable(id), true
}
