package cells

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"path"
	"sort"
	"strings"
)

// Doc is the declaration and the documentation of a package, a name of one
// (train.QLoRA), a method (model.Model.Generate) or something of the session.
func (s *Session) Doc(name string) Answer {
	name = strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(name), "?")), "()")
	parts := strings.Split(name, ".")
	if obj := s.checks.Live()[parts[0]]; obj != nil {
		return s.ownDoc(obj, parts[1:])
	}
	pathOf := s.imports[parts[0]]
	if pathOf == "" {
		pathOf = PackagePath(parts[0])
	}
	if pathOf == "" {
		return Answer{Error: fmt.Sprintf("%s is nothing that is known here", parts[0])}
	}
	pkg, err := s.universe.Import(pathOf)
	if err != nil {
		return Answer{Error: err.Error()}
	}
	d := s.packageDoc(pathOf)
	if len(parts) == 1 {
		return Answer{Text: overview(pkg, pathOf, d)}
	}
	obj := pkg.Scope().Lookup(parts[1])
	if obj == nil {
		return Answer{Error: fmt.Sprintf("package %s has no %s", pathOf, parts[1])}
	}
	return describe(obj, parts[2:], d)
}

// ownDoc is about something that pieces declared.
func (s *Session) ownDoc(obj types.Object, rest []string) Answer {
	if len(rest) == 0 {
		for _, u := range s.units {
			for _, o := range u.objs {
				if o == obj {
					return Answer{Text: u.text + "\n\n(" + u.piece + ")"}
				}
			}
		}
		return Answer{Text: types.ObjectString(obj, brief)}
	}
	t := obj.Type()
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	if n, ok := types.Unalias(t).(*types.Named); ok && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() != "main" {
		return describe(n.Obj(), rest, s.packageDoc(n.Obj().Pkg().Path()))
	}
	return describe(obj, rest, nil)
}

// describe is about an object of a package, or about a field or method of it.
func describe(obj types.Object, rest []string, d *doc.Package) Answer {
	owner := obj.Name()
	if len(rest) > 0 {
		member, _, _ := types.LookupFieldOrMethod(types.NewPointer(obj.Type()), true, obj.Pkg(), rest[0])
		if member == nil {
			member, _, _ = types.LookupFieldOrMethod(obj.Type(), true, obj.Pkg(), rest[0])
		}
		if member == nil {
			return Answer{Error: fmt.Sprintf("%s has no field or method %s", obj.Name(), rest[0])}
		}
		obj = member
	}
	text := types.ObjectString(obj, brief)
	source, words := documented(d, owner, rest)
	if source != "" {
		text = source
	}
	if words != "" {
		text += "\n\n" + strings.TrimSpace(words)
	}
	return Answer{Text: text}
}

func overview(pkg *types.Package, path string, d *doc.Package) string {
	var b strings.Builder
	fmt.Fprintf(&b, "package %s // import %q\n", pkg.Name(), path)
	if d != nil && d.Doc != "" {
		b.WriteString("\n" + strings.TrimSpace(d.Doc) + "\n")
	}
	b.WriteByte('\n')
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			b.WriteString(firstLine(types.ObjectString(obj, brief)) + "\n")
		}
	}
	return strings.TrimSpace(b.String())
}

func firstLine(s string) string {
	line, _, more := strings.Cut(s, "\n")
	if i := strings.Index(line, "struct{"); i >= 0 {
		return line[:i] + "struct"
	}
	if more {
		return line + " …"
	}
	return line
}

// packageDoc reads the documentation of one of cogumi's packages from the source
// that the binary carries; nil where there is none.
func (s *Session) packageDoc(importPath string) *doc.Package {
	if d, known := s.docs[importPath]; known {
		return d
	}
	s.docs[importPath] = nil
	dir, ok := strings.CutPrefix(importPath, "cogumi/")
	if !ok || s.source == nil {
		return nil
	}
	names, err := fs.Glob(s.source, path.Join(dir, "*.go"))
	if err != nil || len(names) == 0 {
		return nil
	}
	sort.Strings(names)
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := fs.ReadFile(s.source, name)
		if err != nil {
			continue
		}
		if f, err := parser.ParseFile(fset, name, text, parser.ParseComments); err == nil && !ignored(f) {
			files = append(files, f)
		}
	}
	d, err := doc.NewFromFiles(fset, files, importPath)
	if err != nil {
		return nil
	}
	s.docs[importPath] = d
	return d
}

func ignored(f *ast.File) bool {
	for _, g := range f.Comments {
		for _, c := range g.List {
			if c.Pos() < f.Package && strings.HasPrefix(c.Text, "//go:build ignore") {
				return true
			}
		}
	}
	return false
}

// documented finds a name's declaration, as written, and its comment.
func documented(d *doc.Package, owner string, rest []string) (source, words string) {
	if d == nil {
		return "", ""
	}
	fn := func(list []*doc.Func, name string) (string, string, bool) {
		for _, f := range list {
			if f.Name == name {
				bare := *f.Decl
				bare.Body, bare.Doc = nil, nil
				return printed(&bare), f.Doc, true
			}
		}
		return "", "", false
	}
	if len(rest) == 0 {
		if s, w, ok := fn(d.Funcs, owner); ok {
			return s, w
		}
		for _, v := range append(append([]*doc.Value{}, d.Vars...), d.Consts...) {
			for _, n := range v.Names {
				if n == owner {
					return "", v.Doc
				}
			}
		}
	}
	for _, t := range d.Types {
		if len(rest) == 0 {
			if s, w, ok := fn(t.Funcs, owner); ok {
				return s, w
			}
			if t.Name == owner {
				return withMethods(t), t.Doc
			}
			continue
		}
		if t.Name == owner {
			if s, w, ok := fn(t.Methods, rest[0]); ok {
				return s, w
			}
		}
	}
	return "", ""
}

func withMethods(t *doc.Type) string {
	decl := *t.Decl
	decl.Doc = nil
	var b strings.Builder
	b.WriteString(printed(&decl))
	for i, m := range t.Methods {
		if i == 0 {
			b.WriteByte('\n')
		}
		bare := *m.Decl
		bare.Body, bare.Doc = nil, nil
		b.WriteString("\n" + printed(&bare))
	}
	return b.String()
}
