package check

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// Cells type-checks pieces of code one after another: each sees what the former
// ones declared, may declare it anew, and leaves it alone when it is wrong.
type Cells struct {
	u    *Universe
	pkg  *types.Package
	live map[string]types.Object
}

// Cells starts a package that grows piece by piece.
func (u *Universe) Cells() *Cells {
	return &Cells{u: u, pkg: types.NewPackage("main", "main"), live: map[string]types.Object{}}
}

// Package is the package that all the pieces belong to.
func (c *Cells) Package() *types.Package { return c.pkg }

// Live is what the pieces have declared so far, by name; the caller keeps it.
func (c *Cells) Live() map[string]types.Object { return c.live }

// SetLive says what the next piece sees.
func (c *Cells) SetLive(live map[string]types.Object) { c.live = live }

// Check type-checks a piece. hide are names that it does not see, because it
// declares them. Messages for which ignore returns true are no problems.
func (c *Cells) Check(fset *token.FileSet, file *ast.File, hide map[string]bool, ignore func(types.Error) bool) (*Program, []Problem) {
	// The package stays the same, so that types of former pieces stay its own;
	// only what its scope holds is put together anew.
	*c.pkg.Scope() = *types.NewScope(types.Universe, token.NoPos, token.NoPos, "package main")
	for name, obj := range c.live {
		if !hide[name] {
			c.pkg.Scope().Insert(obj)
		}
	}
	return c.u.checkInto(c.pkg, fset, file, ignore)
}

// CheckInto type-checks a flattened piece into the package of the former ones:
// all their names differ.
func (u *Universe) CheckInto(pkg *types.Package, fset *token.FileSet, file *ast.File) (*Program, []Problem) {
	return u.checkInto(pkg, fset, file, func(e types.Error) bool { return pointless(e.Msg) })
}

func (u *Universe) checkInto(pkg *types.Package, fset *token.FileSet, file *ast.File, ignore func(types.Error) bool) (prog *Program, problems []Problem) {
	info := newInfo()
	conf := types.Config{Importer: u, GoVersion: GoVersion, Sizes: types.SizesFor("gc", "amd64"), Error: func(err error) {
		var te types.Error
		if !errors.As(err, &te) || len(problems) >= maxProblems || strings.HasPrefix(te.Msg, "\t") || ignore(te) {
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
	_ = types.NewChecker(&conf, fset, pkg, info).Files([]*ast.File{file}) // its errors went to conf.Error
	if len(problems) > 0 {
		return nil, problems
	}
	return &Program{Universe: u, Fset: fset, File: file, Pkg: pkg, Info: info}, nil
}
