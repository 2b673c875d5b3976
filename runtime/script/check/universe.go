// Package check type-checks a script with go/types, without a Go toolchain: the
// packages that a script imports are built from the runner's symbol tables by
// reflection, or, where they are generic throughout, from embedded source.
package check

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path"
	"reflect"
	"sync"

	"cogumi/runtime/script/generic"
	"cogumi/runtime/script/symbols"
)

// GoVersion is the language that scripts are written in.
const GoVersion = "go1.26"

// Universe turns import paths into type-checked packages. It only grows, so one
// Universe serves any number of scripts; its methods may be called concurrently.
type Universe struct {
	mu     sync.Mutex
	pkgs   map[string]*types.Package
	full   map[string]bool // scope is filled
	named  map[reflect.Type]types.Type
	hosts  map[types.Type]reflect.Type
	source map[string]*Source
}

// Source is a package that a script gets as source: its functions are generic
// and have to be instantiated for the script's types.
type Source struct {
	Pkg  *types.Package
	File *ast.File
	Info *types.Info
}

// New returns an empty universe; packages are added as they are imported.
func New() *Universe {
	return &Universe{
		pkgs:   map[string]*types.Package{},
		full:   map[string]bool{},
		named:  map[reflect.Type]types.Type{},
		hosts:  map[types.Type]reflect.Type{},
		source: map[string]*Source{},
	}
}

// Import implements types.Importer for scripts.
func (u *Universe) Import(p string) (*types.Package, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.importPath(p)
}

func (u *Universe) importPath(p string) (*types.Package, error) {
	if u.full[p] {
		return u.pkgs[p], nil
	}
	if src := generic.Source(p); src != "" {
		return u.importSource(p, src)
	}
	table := symbols.Get(p)
	if p == generic.OrderPath {
		table = generic.Order()
	}
	if table == nil {
		return nil, fmt.Errorf("%s", unavailable(p))
	}
	pkg := u.pkg(p)
	pkg.SetName(table.Name)
	u.full[p] = true
	u.fill(pkg, table)
	pkg.MarkComplete()
	return pkg, u.addGeneric(pkg)
}

// addGeneric puts what has to come as source into the scope of a host package.
func (u *Universe) addGeneric(pkg *types.Package) error {
	src, p := generic.Part(pkg.Path())
	if src == "" {
		return nil
	}
	part, err := u.importSource(p, src)
	if err != nil {
		return err
	}
	for _, name := range part.Scope().Names() {
		if obj := part.Scope().Lookup(name); obj.Exported() {
			pkg.Scope().Insert(obj)
		}
	}
	return nil
}

// SourceOf returns the source package of a path, nil if it is none or was not imported.
func (u *Universe) SourceOf(p string) *Source {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.source[p]
}

type unlocked struct{ u *Universe }

func (i unlocked) Import(p string) (*types.Package, error) { return i.u.importPath(p) }

func (u *Universe) importSource(p, src string) (*types.Package, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, p+".go", src, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("embedded source of %s: %w", p, err)
	}
	info := newInfo()
	conf := types.Config{Importer: unlocked{u}, GoVersion: GoVersion}
	pkg, err := conf.Check(p, fset, []*ast.File{file}, info)
	if err != nil {
		return nil, fmt.Errorf("embedded source of %s: %w", p, err)
	}
	u.pkgs[p] = pkg
	u.full[p] = true
	u.source[p] = &Source{Pkg: pkg, File: file, Info: info}
	return pkg, nil
}

func newInfo() *types.Info {
	return &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Instances:  map[*ast.Ident]types.Instance{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Implicits:  map[ast.Node]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
		Scopes:     map[ast.Node]*types.Scope{},
	}
}

func (u *Universe) pkg(p string) *types.Package {
	if q := u.pkgs[p]; q != nil {
		return q
	}
	q := types.NewPackage(p, path.Base(p))
	if t := symbols.Get(p); t != nil {
		q.SetName(t.Name)
	}
	u.pkgs[p] = q
	return q
}

// fill puts a table's names into the package's scope.
func (u *Universe) fill(pkg *types.Package, table *symbols.Package) {
	scope := pkg.Scope()
	for name, v := range table.Values {
		if name[0] == '_' || scope.Lookup(name) != nil {
			continue
		}
		scope.Insert(u.object(pkg, name, v))
	}
}

func (u *Universe) object(pkg *types.Package, name string, v reflect.Value) types.Object {
	if c, ok := untyped(pkg, name, v); ok {
		return c
	}
	switch {
	case v.CanAddr():
		return types.NewVar(token.NoPos, pkg, name, u.typ(v.Type()))
	case v.Kind() == reflect.Func:
		return types.NewFunc(token.NoPos, pkg, name, u.signature(v.Type(), nil, 0))
	case v.Kind() == reflect.Pointer && v.IsNil():
		t := u.typ(v.Type().Elem())
		if n, ok := t.(*types.Named); ok && n.Obj().Pkg() == pkg && n.Obj().Name() == name {
			return n.Obj()
		}
		obj := types.NewTypeName(token.NoPos, pkg, name, nil)
		types.NewAlias(obj, t)
		return obj
	}
	return types.NewConst(token.NoPos, pkg, name, u.typ(v.Type()), constantOf(v))
}
