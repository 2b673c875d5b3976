package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strconv"
	"strings"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/dyn"
	"cogumi/runtime/script/mono"
)

// Cells lowers the pieces of one program that grows. Everything that the
// interpreter keeps by name or number, helpers, types, positions, goes on
// counting from piece to piece.
type Cells struct {
	l      *lowerer
	pieces int
}

// Poll is the function of the runner by which a piece asks whether it is to end,
// stopVar the variable that says whether it need ask.
const (
	Poll    = "Poll"
	stopVar = "stop" + mark

	helperName = "h" + mark
)

// NewCells starts a program in package pkg; display is mono's, and grows.
func NewCells(u *check.Universe, pkg *types.Package, display map[string]string) *Cells {
	return &Cells{l: &lowerer{byPath: map[string]string{}, wrappers: map[string]bool{}, helpers: map[string]string{},
		positions: []token.Pos{token.NoPos}, interned: map[types.Type]bool{}, named: map[*types.Named]bool{},
		recoverer: map[types.Object]bool{}, looseLits: map[*ast.FuncLit]bool{}, inside: map[*ast.IndexExpr]bool{}, patched: map[*types.Func]string{}, table: dyn.NewTable(u, pkg, display),
		checked: true, spreads: true}}
}

// Table is the types of all pieces.
func (c *Cells) Table() *dyn.Table { return c.l.table }

// Checkpoint gives a function that forgets what was lowered since.
func (c *Cells) Checkpoint() (undo func()) {
	l := c.l
	helpers, patched, registered := maps.Clone(l.helpers), maps.Clone(l.patched), l.registered
	return func() { l.helpers, l.patched, l.registered = helpers, patched, registered }
}

// Patch makes the function of the flattened program that is called name the body
// of a method from now on; the methods of all types are told to the runner again.
func (c *Cells) Patch(method *types.Func, name string) {
	c.l.patched[method] = name
	c.l.registered = 0
	c.l.table.Forget()
}

// methodFunc is the function that a script's method became.
func (l *lowerer) methodFunc(f *types.Func) string {
	if name := l.patched[f]; name != "" {
		return name
	}
	return methodName(f)
}

// Lower rewrites a flattened and checked piece. start is the function of it that
// runs its statements, "" when it only declares.
func (c *Cells) Lower(prog *check.Program, flat *mono.Result, start string) (lowered *Lowered, problems []check.Problem) {
	l := c.l
	l.prog, l.info, l.flat = prog, prog.Info, flat
	l.imports, l.byPath = map[string]string{}, map[string]string{}
	l.out, l.inits, l.problems, l.fn, l.jumps = nil, nil, nil, nil, false
	l.continues = map[*ast.ReturnStmt]*yield{}
	l.at = prog.File.Name.Pos()
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				s.problem = l.problem(l.at, fmt.Sprintf("the interpreter cannot handle this: %v", r), "")
			}
			lowered, problems = nil, append(l.problems, s.problem)
		}
	}()
	l.useImports()
	l.declarations()
	l.poll()
	l.initialise()
	l.register()
	l.start(c.pieces, start)
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	lowered = l.finish()
	lowered.File.Name = l.id("cells")
	if c.pieces > 0 { // the interpreter has this import for the whole package
		imported := func(s *ast.ImportSpec) bool { return s.Name.Name == Host }
		lowered.File.Imports = slices.DeleteFunc(lowered.File.Imports, imported)
		lowered.File.Decls = slices.DeleteFunc(lowered.File.Decls, func(d ast.Decl) bool {
			g, ok := d.(*ast.GenDecl)
			return ok && g.Tok == token.IMPORT && imported(g.Specs[0].(*ast.ImportSpec))
		})
	}
	c.pieces++
	return lowered, nil
}

// start writes what the interpreter runs when it has compiled the piece.
func (l *lowerer) start(piece int, start string) {
	if piece == 0 {
		for _, name := range []string{posVar, stopVar} {
			l.out = append(l.out, &ast.GenDecl{TokPos: l.at, Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{l.id(name)}, Type: l.id("int")}}})
		}
	}
	for _, d := range l.out {
		if f, ok := d.(*ast.FuncDecl); ok && (f.Name.Name == regFunc || f.Name.Name == initFunc) {
			f.Name.Name += strconv.Itoa(piece)
		}
	}
	list := []ast.Stmt{
		l.stmtOf(l.call(l.id(regFunc + strconv.Itoa(piece)))),
		l.stmtOf(l.call(l.id(initFunc + strconv.Itoa(piece)))),
	}
	if start != "" {
		list = append(list, l.stmtOf(l.call(l.id(start))))
	}
	l.out = append(l.out, &ast.FuncDecl{Name: l.id("init"), Type: &ast.FuncType{Func: l.at, Params: &ast.FieldList{}}, Body: l.block(
		l.stmtOf(l.host("Track", l.addr(l.id(posVar)), l.addr(l.id(stopVar)))),
		l.stmtOf(l.host("Main", l.lambda(nil, nil, list...))),
	)})
}

// poll makes loops and functions of the piece ask whether they are to end.
func (l *lowerer) poll() {
	ask := func(b *ast.BlockStmt) {
		if b != nil {
			b.List = append([]ast.Stmt{l.ifThen(&ast.BinaryExpr{X: l.id(stopVar), OpPos: l.at, Op: token.NEQ, Y: l.int(0)}, l.stmtOf(l.host(Poll)))}, b.List...)
		}
	}
	for _, d := range l.out {
		f, ok := d.(*ast.FuncDecl)
		if !ok || strings.HasPrefix(f.Name.Name, helperName) {
			continue
		}
		ast.Inspect(f.Body, func(n ast.Node) bool {
			switch s := n.(type) {
			case *ast.ForStmt:
				ask(s.Body)
			case *ast.RangeStmt:
				ask(s.Body)
			}
			return true
		})
		ask(f.Body)
	}
}
