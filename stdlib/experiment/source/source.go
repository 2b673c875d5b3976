// Package source reads a script: which flags it defines, which steps it has, and
// which of its text decides what a step does.
package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"strconv"
	"strings"
)

// Script is a parsed script.
type Script struct {
	Path string

	text  []byte
	fset  *token.FileSet
	file  *ast.File
	info  *types.Info
	pkg   *types.Package
	decls map[types.Object]ast.Node // of the package: what each name stands for
	funcs []*ast.FuncDecl
	runs  map[types.Object]bool // what holds the run
}

// Read reads and parses the script at path.
func Read(path string) (*Script, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read script: %w", err)
	}
	return Parse(path, text)
}

// Parse parses a script. Imports are not followed: names of other packages stay
// unresolved, which is enough to tell the script's own names apart.
func Parse(path string, text []byte) (*Script, error) {
	s := &Script{Path: path, text: text, fset: token.NewFileSet(), decls: map[types.Object]ast.Node{}, runs: map[types.Object]bool{}}
	file, err := parser.ParseFile(s.fset, path, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse script: %w", err)
	}
	s.file = file
	s.info = &types.Info{
		Types:      map[ast.Expr]types.TypeAndValue{},
		Defs:       map[*ast.Ident]types.Object{},
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
	}
	conf := types.Config{Importer: noImports{}, Error: func(error) {}, FakeImportC: true}
	s.pkg, _ = conf.Check("main", s.fset, []*ast.File{file}, s.info)
	s.collect()
	s.findRuns()
	return s, nil
}

// noImports lets the type checker see that nothing is known of other packages.
type noImports struct{}

func (noImports) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("package %s is not loaded", path)
}

// collect remembers what every package-level name and every method stands for.
func (s *Script) collect() {
	for _, d := range s.file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.funcs = append(s.funcs, d)
			if obj := s.info.Defs[d.Name]; obj != nil {
				s.decls[obj] = d
			}
		case *ast.GenDecl:
			s.collectSpecs(d)
		}
	}
}

func (s *Script) collectSpecs(d *ast.GenDecl) {
	iota := false
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			s.decls[s.info.Defs[spec.Name]] = spec
		case *ast.ValueSpec:
			// A constant without a value of its own repeats the one above it.
			iota = iota || d.Tok == token.CONST && len(spec.Values) == 0
			for _, name := range spec.Names {
				s.decls[s.info.Defs[name]] = spec
			}
		}
	}
	if !iota {
		return
	}
	for _, spec := range d.Specs {
		for _, name := range spec.(*ast.ValueSpec).Names {
			s.decls[s.info.Defs[name]] = d
		}
	}
}

// Header is the comment before the package clause, without comment signs.
func (s *Script) Header() string {
	f, err := parser.ParseFile(token.NewFileSet(), s.Path, s.text, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return ""
	}
	var parts []string
	for _, c := range f.Comments {
		if t := strings.TrimSpace(c.Text()); t != "" && c.Pos() < f.Package {
			parts = append(parts, t)
		}
	}
	return strings.Join(parts, "\n\n")
}

// Line gives line n (from 1) without its newline.
func (s *Script) Line(n int) string { return Line(s.text, n) }

// Line gives line n (from 1) of text, or "".
func Line(text []byte, n int) string {
	i := 0
	for line := range strings.Lines(string(text)) {
		if i++; i == n {
			return strings.TrimRight(line, "\r\n")
		}
	}
	return ""
}

// Hash is the SHA-256 of the whole script without comments and layout.
func (s *Script) Hash() string { return hashTokens(s.text) }

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}

// literal is the value of a string literal, or of a constant of the script.
func (s *Script) literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			v, err := strconv.Unquote(e.Value)
			return v, err == nil
		}
	case *ast.ParenExpr:
		return s.literal(e.X)
	case *ast.BinaryExpr:
		a, ok1 := s.literal(e.X)
		b, ok2 := s.literal(e.Y)
		if e.Op == token.ADD && ok1 && ok2 {
			return a + b, true
		}
	case *ast.Ident:
		c, ok := s.info.Uses[e].(*types.Const)
		if ok && c.Val() != nil && c.Val().Kind().String() == "String" {
			return constantString(c), true
		}
	}
	return "", false
}
