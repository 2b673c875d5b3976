// Package lower rewrites a type-checked script into the small part of Go that
// the interpreter gets right: functions, closures, structs, slices, maps,
// channels and host calls. What it takes away:
//
//	generics           instantiated (package mono)
//	named types        their underlying types; structs keep a name
//	methods            functions; a method value is a closure over a copy
//	interfaces         any; values of script types go into them as dyn.Box
//	type switches      a call that finds the case, then a switch over integers
//	defer, recover     lists of closures that Go code runs (dyn.Defers)
//	go                 a call of the runner, which reports panics
//	loop variables     one per iteration, where a closure or pointer can tell
//	range              over integers and functions: loops and calls
//	constants          literals of their exact value
//	min, max, clear, new(expr), package initialisation order
//
// What cannot be rewritten is rejected with its line: types that refer to
// themselves without a struct, generic types inside functions, a script's types
// where a host function would have to look at them by reflection.
//
// Known to differ from compiled Go: where no recover can see it, an index error
// comes without its numbers.
//
// Positions: the lowered
// script stores the number of the statement that runs in a variable; Lowered.At
// turns it back into the script's line and column.
package lower

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strconv"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/dyn"
	"cogumi/runtime/script/fast"
	"cogumi/runtime/script/mono"
)

// mark is in every name that is made here: mono, which names what the script
// declares, writes a dot and never two before a number or an end.
const mark = mono.Dot + mono.Dot

// Names that the lowered script uses of the runner.
const (
	Host     = "host" + mark        // the package of Table's and Runner's functions
	HostPath = "cogumi.script/host" // its import path
	posVar   = "pos" + mark         // the statement that runs
	scriptID = "script" + mark      // prefix of the script's own main and init
	initFunc = "initial" + mark     // initialises package variables
	regFunc  = "register" + mark    // registers methods
)

// ImportPrefix is before the import paths of lowered scripts: under their own
// names the interpreter would treat some packages in ways of its own.
const ImportPrefix = "cogumi.script/import/"

// Lowered is a script ready for the interpreter.
type Lowered struct {
	File      *ast.File
	Fset      *token.FileSet
	Table     *dyn.Table
	Imports   map[string]string // local name → import path of host packages
	Wrappers  map[string]bool   // "path.Name" of host interfaces that the script converts to
	Fast      []*fast.Code      // what the lowered script calls as host.Fast(n, ...)
	positions []token.Pos
}

// At is the position of statement n.
func (l *Lowered) At(n int) token.Position {
	if n <= 0 || n >= len(l.positions) {
		return token.Position{}
	}
	return l.Fset.Position(l.positions[n])
}

type lowerer struct {
	prog         *check.Program
	info         *types.Info
	table        *dyn.Table
	flat         *mono.Result
	imports      map[string]string // local name → path
	byPath       map[string]string // path → local name
	wrappers     map[string]bool
	problems     []check.Problem
	out          []ast.Decl
	helpers      map[string]string
	positions    []token.Pos
	fn           *function
	at           token.Pos
	foreign      bool // in a source package: positions mean nothing
	serial       int
	interned     map[types.Type]bool
	spreads      bool // the script starts goroutines
	checked      bool // the script recovers: index errors must be Go's own
	named        map[*types.Named]bool
	recoverer    map[types.Object]bool // functions that call recover themselves
	looseLits    map[*ast.FuncLit]bool // func literals that do, and are not deferred where they stand
	loose        bool                  // there are some
	defersValues bool                  // there are defer statements with values of function types
	inits        []string
	continues    map[*ast.ReturnStmt]*yield // return statements that go on with a yield's loop
	fast         *fast.Compiler
	codes        []*fast.Code
	jumps        bool                    // there is a goto
	inside       map[*ast.IndexExpr]bool // compared with their limits before the statement runs

	registered int                    // types whose methods the runner knows
	patched    map[*types.Func]string // methods whose functions are not under their own names (cells.go)
}

// Lower rewrites a program; the problems are constructs that are rejected.
func Lower(p *check.Program) (lowered *Lowered, problems []check.Problem) {
	flat, problems := mono.Flatten(p)
	if problems != nil {
		return nil, problems
	}
	prog, problems := p.Universe.CheckFlat(p.Fset, flat.File)
	if problems != nil {
		for i := range problems {
			problems[i].Kind = "unsupported"
			problems[i].Hint = "this use of generics is beyond the interpreter; write it without type parameters"
		}
		return nil, problems
	}
	l := &lowerer{prog: prog, info: prog.Info, flat: flat, imports: map[string]string{}, byPath: map[string]string{},
		wrappers: map[string]bool{}, helpers: map[string]string{}, positions: []token.Pos{token.NoPos},
		interned: map[types.Type]bool{}, named: map[*types.Named]bool{}, recoverer: map[types.Object]bool{}, looseLits: map[*ast.FuncLit]bool{}, inside: map[*ast.IndexExpr]bool{}, continues: map[*ast.ReturnStmt]*yield{},
		table: dyn.NewTable(p.Universe, prog.Pkg, flat.Display)}
	defer func() {
		if r := recover(); r != nil {
			s, ok := r.(stop)
			if !ok {
				s.problem = l.problem(l.at, fmt.Sprintf("the interpreter cannot handle this: %v", r), "")
			}
			lowered, problems = nil, append(l.problems, s.problem)
		}
	}()
	l.file()
	if len(l.problems) > 0 {
		return nil, l.problems
	}
	return l.finish(), nil
}

// stop ends the lowering of a script that cannot be lowered.
type stop struct{ problem check.Problem }

func (l *lowerer) problem(pos token.Pos, message, hint string) check.Problem {
	return check.Problem{Pos: l.prog.Fset.Position(pos), Kind: "unsupported", Message: message, Hint: hint}
}

// reject records a construct that cannot be interpreted as Go means it.
func (l *lowerer) reject(n ast.Node, message, hint string) {
	pos := l.at
	if n != nil && !l.foreign {
		pos = n.Pos()
	}
	if len(l.problems) > 20 {
		panic(stop{l.problem(pos, message, hint)})
	}
	l.problems = append(l.problems, l.problem(pos, message, hint))
}

func (l *lowerer) useImports() {
	for name, path := range l.flat.Imports {
		l.imports[name] = path
		l.byPath[path] = name
	}
}

// file lowers the whole script.
func (l *lowerer) file() {
	l.useImports()
	l.declarations()
	l.initialise()
	l.register()
	l.main()
}

// declarations lowers all that the file declares.
func (l *lowerer) declarations() {
	l.scanRecover()
	l.scanRecursion()
	l.startFast()
	for _, d := range l.prog.File.Decls {
		l.at = d.Pos()
		if l.foreign = l.flat.Foreign[d]; l.foreign {
			l.at = l.prog.File.Name.Pos()
		}
		switch d := d.(type) {
		case *ast.FuncDecl:
			l.funcDecl(d)
		case *ast.GenDecl:
			l.genDecl(d)
		}
	}
	l.foreign = false
}

func (l *lowerer) genDecl(d *ast.GenDecl) {
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			l.typeDecl(s)
		case *ast.ValueSpec:
			if d.Tok != token.VAR {
				continue
			}
			for _, n := range s.Names {
				if v, ok := l.info.Defs[n].(*types.Var); ok && n.Name != "_" {
					l.out = append(l.out, &ast.GenDecl{TokPos: l.at, Tok: token.VAR, Specs: []ast.Spec{
						&ast.ValueSpec{Names: []*ast.Ident{l.id(n.Name)}, Type: l.typ(v.Type())}}})
				}
			}
		}
	}
}

// typeDecl keeps the names of structs, which may be recursive.
func (l *lowerer) typeDecl(s *ast.TypeSpec) {
	n, ok := l.info.Defs[s.Name].Type().(*types.Named)
	if !ok || s.Assign.IsValid() {
		return
	}
	st, ok := n.Underlying().(*types.Struct)
	if !ok || s.Name.Name == "_" {
		return
	}
	l.out = append(l.out, &ast.GenDecl{TokPos: l.at, Tok: token.TYPE, Specs: []ast.Spec{
		&ast.TypeSpec{Name: l.id(s.Name.Name), Type: l.structType(st)}}})
}

// initialise writes the package variables' initialisation, in Go's order.
func (l *lowerer) initialise() {
	body := l.function(nil, nil, func() []ast.Stmt {
		var list []ast.Stmt
		for _, in := range l.prog.Info.InitOrder {
			l.at = in.Rhs.Pos()
			list = append(list, l.mark(in.Rhs)...)
			if len(in.Lhs) == 1 {
				v := in.Lhs[0]
				if v.Name() == "_" {
					list = append(list, l.discard(l.convert(l.expr(in.Rhs), l.info.TypeOf(in.Rhs), v.Type()))...)
					continue
				}
				value := l.convert(l.expr(in.Rhs), l.info.TypeOf(in.Rhs), v.Type())
				list = append(list, l.assign(l.id(v.Name()), value))
				continue
			}
			var targets []target
			for _, v := range in.Lhs {
				targets = append(targets, target{expr: l.id(v.Name()), typ: v.Type(), blank: v.Name() == "_"})
			}
			list = append(list, l.multiAssign(targets, in.Rhs)...)
		}
		for _, name := range l.inits {
			list = append(list, l.stmtOf(l.call(l.id(name))))
		}
		return list
	})
	l.out = append(l.out, &ast.FuncDecl{Name: l.id(initFunc), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: body})
}

func (l *lowerer) main() {
	run := l.lambda(nil, nil,
		l.stmtOf(l.call(l.id(regFunc))),
		l.stmtOf(l.call(l.id(initFunc))),
		l.stmtOf(l.call(l.id(scriptID+"main"))))
	l.out = append(l.out,
		&ast.GenDecl{TokPos: l.at, Tok: token.VAR, Specs: []ast.Spec{&ast.ValueSpec{Names: []*ast.Ident{l.id(posVar)}, Type: l.id("int")}}},
		&ast.FuncDecl{Name: l.id("main"), Type: &ast.FuncType{Params: &ast.FieldList{}}, Body: &ast.BlockStmt{List: []ast.Stmt{
			l.stmtOf(l.host("Track", &ast.UnaryExpr{Op: token.AND, X: l.id(posVar)})),
			l.stmtOf(l.host("Main", run)),
		}}})
}

func (l *lowerer) finish() *Lowered {
	file := &ast.File{Package: l.prog.File.Package, Name: l.prog.File.Name, FileStart: l.prog.File.FileStart, FileEnd: l.prog.File.FileEnd}
	names := make([]string, 0, len(l.imports))
	paths := map[string]string{Host: HostPath}
	for name, path := range l.imports {
		names = append(names, name)
		paths[name] = ImportPrefix + path
	}
	names = append(names, Host)
	sort.Strings(names)
	for _, name := range names {
		spec := &ast.ImportSpec{Name: l.id(name), Path: &ast.BasicLit{ValuePos: l.at, Kind: token.STRING, Value: strconv.Quote(paths[name])}}
		file.Imports = append(file.Imports, spec)
		file.Decls = append(file.Decls, &ast.GenDecl{TokPos: l.at, Tok: token.IMPORT, Specs: []ast.Spec{spec}})
	}
	file.Decls = append(file.Decls, l.out...)
	return &Lowered{File: file, Fset: l.prog.Fset, Table: l.table, Fast: l.codes, Imports: paths, Wrappers: l.wrappers, positions: l.positions}
}
