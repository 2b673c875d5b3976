package check

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"strings"
)

// Problem is one thing that is wrong with a script.
type Problem struct {
	Pos     token.Position
	Kind    string // syntax, type, unsupported
	Message string
	Hint    string
}

// Program is a type-checked script.
type Program struct {
	Universe *Universe
	Fset     *token.FileSet
	File     *ast.File
	Pkg      *types.Package
	Info     *types.Info
}

// maxProblems is how many problems one check reports; the rest rarely helps.
const maxProblems = 20

// Check parses and type-checks a script. The program is nil when there are problems.
func (u *Universe) Check(fset *token.FileSet, name string, src []byte) (*Program, []Problem) {
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		return nil, syntax(fset, name, err)
	}
	if file.Name.Name != "main" {
		return nil, []Problem{{Pos: fset.Position(file.Name.Pos()), Kind: "type",
			Message: fmt.Sprintf("package %s: a script is package main", file.Name.Name), Hint: "write package main"}}
	}
	return u.CheckFile(fset, file)
}

// CheckFile type-checks a parsed file; function main must be there.
func (u *Universe) CheckFile(fset *token.FileSet, file *ast.File) (prog *Program, problems []Problem) {
	return u.checkFile(fset, file, nil)
}

// CheckFlat type-checks a file whose generics were instantiated. What is legal in
// generic code and pointless in one of its instances is no problem.
func (u *Universe) CheckFlat(fset *token.FileSet, file *ast.File) (prog *Program, problems []Problem) {
	return u.checkFile(fset, file, pointless)
}

func pointless(msg string) bool {
	return strings.HasPrefix(msg, "impossible type ") || strings.HasPrefix(msg, "duplicate case ") || strings.HasPrefix(msg, "declared and not used")
}

func (u *Universe) checkFile(fset *token.FileSet, file *ast.File, ignore func(string) bool) (prog *Program, problems []Problem) {
	info := newInfo()
	conf := types.Config{Importer: u, GoVersion: GoVersion, Sizes: types.SizesFor("gc", "amd64"), Error: func(err error) {
		var te types.Error
		if !errors.As(err, &te) || len(problems) >= maxProblems || strings.HasPrefix(te.Msg, "\t") || ignore != nil && ignore(te.Msg) {
			return
		}
		problems = append(problems, Problem{Pos: fset.Position(te.Pos), Kind: "type", Message: message(te.Msg), Hint: u.hint(te.Msg)})
	}}
	defer func() {
		if r := recover(); r != nil {
			prog = nil
			problems = append(problems, Problem{Pos: fset.Position(file.Package), Kind: "type", Message: fmt.Sprintf("the type checker failed: %v", r)})
		}
	}()
	pkg, _ := conf.Check("main", fset, []*ast.File{file}, info)
	if len(problems) > 0 {
		return nil, problems
	}
	if _, ok := pkg.Scope().Lookup("main").(*types.Func); !ok {
		return nil, []Problem{{Pos: fset.Position(file.Name.Pos()), Kind: "type", Message: "function main is undeclared in the main package", Hint: "a script starts in func main()"}}
	}
	return &Program{Universe: u, Fset: fset, File: file, Pkg: pkg, Info: info}, nil
}

func syntax(fset *token.FileSet, name string, err error) []Problem {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		return []Problem{{Pos: token.Position{Filename: name}, Kind: "syntax", Message: err.Error()}}
	}
	list.RemoveMultiples()
	var problems []Problem
	for _, e := range list {
		if len(problems) == maxProblems {
			break
		}
		problems = append(problems, Problem{Pos: e.Pos, Kind: "syntax", Message: e.Msg})
	}
	return problems
}

func message(msg string) string {
	if _, after, ok := strings.Cut(msg, "could not import "); ok {
		if path, why, ok := strings.Cut(after, " ("); ok {
			return "import " + path + ": " + strings.TrimSuffix(why, ")")
		}
	}
	return strings.TrimSuffix(msg, "\n")
}
