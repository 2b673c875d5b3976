// Package mono turns a type-checked script with generics into one without:
// every instance of a generic function or type becomes a declaration of its
// own, and the generic functions of source packages (slices, maps, …) that the
// script uses are added to it. On the way local types move to package level and
// every local variable gets a name that nothing else in the file has, so that
// later passes need not think about scopes. Positions stay the original ones.
package mono

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"sort"
	"strings"

	"cogumi/runtime/script/check"
)

// Dot separates the parts of generated names; scripts do not type it.
const Dot = "ᐧ"

// Result is the flattened script.
type Result struct {
	File *ast.File
	// Display is how Go writes the name of a generated type: Stackᐧint → Stack[int].
	Display map[string]string
	// Imports maps the local names of imported packages to their paths.
	Imports map[string]string
	// Foreign declarations come from source packages: their positions are not the script's.
	Foreign map[ast.Decl]bool
}

type flattener struct {
	prog     *check.Program
	problems []check.Problem
	out      []ast.Decl
	queue    []func()
	names    map[string]string // instance key → declared name
	taken    map[string]bool
	imports  map[string]string // path → local name
	display  map[string]string
	foreign  map[ast.Decl]bool
	decls    map[types.Object]*decl
	locals   map[types.Object]string // hoisted local types outside generic code
	globals  map[types.Object]string // names of package-level objects that cannot keep theirs
}

// decl is where a package-level object is declared.
type decl struct {
	unit    *unit
	fn      *ast.FuncDecl
	typ     *ast.TypeSpec
	methods []*ast.FuncDecl // of typ, in order
}

// unit is the script or one source package.
type unit struct {
	pkg    *types.Package
	info   *types.Info
	file   *ast.File
	script bool
}

// Flatten instantiates all generics of a program.
func Flatten(p *check.Program) (*Result, []check.Problem) {
	f := &flattener{prog: p, names: map[string]string{}, taken: map[string]bool{}, imports: map[string]string{},
		display: map[string]string{}, decls: map[types.Object]*decl{}, locals: map[types.Object]string{}, foreign: map[ast.Decl]bool{},
		globals: map[types.Object]string{}}
	main := &unit{pkg: p.Pkg, info: p.Info, file: p.File, script: true}
	for _, name := range types.Universe.Names() {
		f.taken[name] = true
	}
	for _, name := range p.Pkg.Scope().Names() {
		f.taken[name] = true
	}
	for _, name := range types.Universe.Names() {
		if obj := p.Pkg.Scope().Lookup(name); obj != nil { // what is generated means Go's own
			f.declare(obj)
		}
	}
	f.index(main)
	f.script(main)
	return f.result()
}

// result emits the instances that are asked for and puts the file together.
func (f *flattener) result() (*Result, []check.Problem) {
	p := f.prog
	for len(f.queue) > 0 {
		next := f.queue[0]
		f.queue = f.queue[1:]
		next()
	}
	if len(f.problems) > 0 {
		return nil, f.problems
	}
	file := &ast.File{Package: p.File.Package, Name: &ast.Ident{NamePos: p.File.Name.Pos(), Name: "main"}, FileStart: p.File.FileStart, FileEnd: p.File.FileEnd}
	r := &Result{File: file, Display: f.display, Imports: map[string]string{}, Foreign: f.foreign}
	paths := make([]string, 0, len(f.imports))
	for path := range f.imports {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		spec := &ast.ImportSpec{Name: ast.NewIdent(f.imports[path]), Path: &ast.BasicLit{Kind: token.STRING, Value: fmt.Sprintf("%q", path)}}
		spec.Name.NamePos, spec.Path.ValuePos = p.File.Name.End(), p.File.Name.End()
		file.Imports = append(file.Imports, spec)
		file.Decls = append(file.Decls, &ast.GenDecl{Tok: token.IMPORT, TokPos: p.File.Name.End(), Specs: []ast.Spec{spec}})
		r.Imports[f.imports[path]] = path
	}
	file.Decls = append(file.Decls, f.out...)
	return r, nil
}

// index finds the declarations of a unit's package-level objects.
func (f *flattener) index(u *unit) {
	for _, d := range u.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			obj := u.info.Defs[d.Name]
			if d.Recv == nil {
				f.decls[obj] = &decl{unit: u, fn: d}
				continue
			}
			if n := receiver(obj); n != nil {
				own := f.declOf(n, u)
				own.methods = append(own.methods, d)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				if t, ok := s.(*ast.TypeSpec); ok {
					f.declOf(u.info.Defs[t.Name], u).typ = t
				}
			}
		}
	}
}

func (f *flattener) declOf(obj types.Object, u *unit) *decl {
	if f.decls[obj] == nil {
		f.decls[obj] = &decl{unit: u}
	}
	return f.decls[obj]
}

// receiver is the type that a method belongs to.
func receiver(method types.Object) types.Object {
	fn, ok := method.(*types.Func)
	if !ok || fn.Signature().Recv() == nil {
		return nil
	}
	t := fn.Signature().Recv().Type()
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		return n.Origin().Obj()
	}
	return nil
}

// script emits what the script declares and is not generic.
func (f *flattener) script(u *unit) {
	for _, d := range u.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.scriptFunc(u, d)
		case *ast.GenDecl:
			if d.Tok != token.IMPORT {
				f.scriptDecl(u, d)
			}
		}
	}
}

func (f *flattener) scriptFunc(u *unit, d *ast.FuncDecl) {
	fn := u.info.Defs[d.Name].(*types.Func)
	sig := fn.Signature()
	if sig.TypeParams().Len() > 0 || sig.RecvTypeParams().Len() > 0 {
		return
	}
	if d.Body == nil {
		f.reject(d, "function "+d.Name.Name+" has no body", "write the function here: scripts have no assembly")
		return
	}
	n := f.copier(u, nil).decl(d)
	if name := f.globals[fn]; name != "" {
		n.Name.Name = name
	}
	f.out = append(f.out, n)
}

func (f *flattener) scriptDecl(u *unit, d *ast.GenDecl) {
	keep := *d
	keep.Doc, keep.Specs = nil, nil
	c := f.copier(u, nil)
	for _, s := range d.Specs {
		if t, ok := s.(*ast.TypeSpec); ok && t.TypeParams != nil {
			continue
		}
		keep.Specs = append(keep.Specs, c.node(s).(ast.Spec))
	}
	if len(keep.Specs) > 0 {
		f.out = append(f.out, &keep)
	}
}

// use returns the local name of an imported host package.
func (f *flattener) use(pkg *types.Package) string {
	if name := f.imports[pkg.Path()]; name != "" {
		return name
	}
	name := f.fresh(pkg.Name() + Dot)
	f.imports[pkg.Path()] = name
	return name
}

// fresh makes a name that nothing in the file has.
func (f *flattener) fresh(base string) string {
	name := base
	for i := 2; f.taken[name]; i++ {
		name = fmt.Sprintf("%s%s%d", strings.TrimSuffix(base, Dot), Dot, i)
	}
	f.taken[name] = true
	return name
}

func (f *flattener) reject(n ast.Node, message, hint string) {
	f.problems = append(f.problems, check.Problem{Pos: f.prog.Fset.Position(n.Pos()), Kind: "unsupported", Message: message, Hint: hint})
}
