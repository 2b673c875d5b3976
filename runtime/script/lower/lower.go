// Package lower rewrites a type-checked script into the part of Go that the
// interpreter gets right.
package lower

import (
	"go/ast"

	"cogumi/runtime/script/check"
)

// Lowered is a script ready for the interpreter.
type Lowered struct {
	File *ast.File
}

// Lower rewrites a program; the problems are constructs that are rejected.
func Lower(p *check.Program) (*Lowered, []check.Problem) {
	return &Lowered{File: p.File}, nil
}
