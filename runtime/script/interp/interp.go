// Package interp runs lowered scripts with yaegi.
package interp

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path"

	"github.com/traefik/yaegi/interp"

	"cogumi/runtime/script/lower"
	"cogumi/runtime/script/symbols"
)

// Machine interprets one script once.
type Machine struct {
	yaegi *interp.Interpreter
}

// ExitError is an os.Exit of the script.
type ExitError struct{ Code int }

func (e ExitError) Error() string { return fmt.Sprintf("exit status %d", e.Code) }

// Failure is how a script failed.
type Failure struct {
	Pos     token.Position
	Kind    string // runtime, panic
	Message string
	Hint    string
	Cause   error
}

// New makes a machine; the script sees path and args as os.Args.
func New(path string, args []string) *Machine {
	os.Args = append([]string{path}, args...)
	return &Machine{yaegi: interp.New(interp.Options{Unrestricted: true})}
}

// FileSet is where the script must be parsed.
func (m *Machine) FileSet() *token.FileSet { return m.yaegi.FileSet() }

// Run interprets the script.
func (m *Machine) Run(ctx context.Context, l *lower.Lowered) (*Failure, error) {
	for _, p := range symbols.Paths() {
		t := symbols.Get(p)
		if err := m.yaegi.Use(interp.Exports{path.Join(p, t.Name): t.Values}); err != nil {
			return nil, err
		}
	}
	prog, err := m.yaegi.CompileAST(l.File)
	if err != nil {
		return nil, err
	}
	_, err = m.yaegi.ExecuteWithContext(ctx, prog)
	var p interp.Panic
	if errors.As(err, &p) {
		return &Failure{Kind: "panic", Message: fmt.Sprint(p.Value)}, nil
	}
	return nil, err
}
