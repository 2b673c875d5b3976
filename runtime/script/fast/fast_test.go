package fast

import (
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// compiler type-checks a file of package main.
func compiler(t *testing.T, src string) (*Compiler, *ast.File) {
	t.Helper()
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "x.go", src, 0)
	if err != nil {
		t.Fatal(err)
	}
	info := &types.Info{Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{},
		Uses: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}
	conf := types.Config{Importer: importer.ForCompiler(fset, "source", nil)}
	if _, err := conf.Check("main", fset, []*ast.File{file}, info); err != nil {
		t.Fatal(err)
	}
	return New(info, file.Decls, func(pos token.Pos) int { return fset.Position(pos).Line }), file
}

// TestWhatFits: what runs here, and what stays with the interpreter.
func TestWhatFits(t *testing.T) {
	for body, want := range map[string]bool{
		"for i := 0; i < n; i++ { n -= i }":                                 true,
		"for i := range n { s += t[i:i+1] }":                                true,
		"for i, x := range xs { xs[i] = x * x }":                            true,
		"for _, row := range rows { for _, f := range row { g += f } }":     true,
		"for n > 0 { n = half(n) }":                                         true,
		"for n > 0 { n = write(xs) }":                                       true,
		"for n > 0 { n = n + write(xs) }":                                   false, // which is read first?
		"for n > 0 { n = write(xs) + xs[0] }":                               false,
		"for n > 0 { xs = append(xs, n); n-- }":                             true,
		"for n > 0 { m[s]++; n-- }":                                         false,
		"for n > 0 { p := &n; *p-- }":                                       false,
		"for n > 0 { n = call() }":                                          false,
		"for n > 0 { func() { n-- }() }":                                    false,
		"for n > 0 { print(n); n-- }":                                       false,
		"for n > 0 { if n == 3 { return }; n-- }":                           false,
		"for n > 0 { var a any = n; _ = a; n-- }":                           false,
		"for n > 0 { n = several(n) }":                                      false,
		"for _, c := range t { if c > 'z' { break } }":                      true,
		"for i := range arr { arr[i] = i }":                                 false,
		"for xs == nil { n++ }":                                             false,
		"for n > 0 { switch n { case 1, 2: n--; default: n -= 2 } }":        true,
		"for n > 0 { switch n { case 1: n--; fallthrough; default: n-- } }": false,
		"for n > 0 { c := complex(1, 2); n -= int(real(c)) }":               false,
		"for n > 0 { defer half(n); n-- }":                                  false,
	} {
		c, file := compiler(t, `package main
var call func() int
func half(n int) int { return n / 2 }
func write(xs []int) int { xs[0]--; return xs[0] }
func several(n int) int { a, b := two(n); return a + b }
func two(n int) (int, int) { return n, n }
func f(n int, s, t string, xs []int, rows [][]float64, g float64, m map[string]int, arr [3]int) {
	`+body+`
	_ = s
}`)
		var loop ast.Stmt
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ForStmt:
				loop = n
			case *ast.RangeStmt:
				loop = n
			}
			return loop == nil
		})
		if code, _ := c.Loop(loop, ""); (code != nil) != want {
			t.Errorf("%s: fits %v, want %v", body, code != nil, want)
		}
	}
}

func function(t *testing.T, src, name string) *Code {
	t.Helper()
	c, file := compiler(t, src)
	for _, d := range file.Decls {
		if fd, ok := d.(*ast.FuncDecl); ok && fd.Name.Name == name {
			return c.Func(c.info.Defs[fd.Name].(*types.Func))
		}
	}
	t.Fatal("there is no function " + name)
	return nil
}

func TestFunctionsFitTogether(t *testing.T) {
	const src = `package main
import "os"
func a(n int) int { if n == 0 { return 0 }; return b(n-1) }
func b(n int) int { if n == 0 { return 1 }; return a(n-1) }
func c(n int) int { if n == 0 { return 0 }; return d(n-1) }
func d(n int) int { if n == 0 { os.Exit(1) }; return c(n-1) }
func main() {}
`
	for name, want := range map[string]bool{"a": true, "b": true, "c": false, "d": false} {
		if code := function(t, src, name); (code != nil) != want {
			t.Errorf("%s fits: %v", name, code != nil)
		}
	}
}

func TestPanicsSayWhere(t *testing.T) {
	code := function(t, `package main
func inner(xs []int, i int) int {
	return xs[i]
}
func outer(xs []int, i int) int {
	total := 0
	for k := range i {
		total += inner(xs, k)
	}
	return total
}
func main() {}
`, "outer")
	xs, n, total := []int{1, 2}, 2, 0
	var stop atomic.Bool
	line := 0
	code.Run(&stop, func(at int) { line = at }, []any{&xs, &n, &total})
	if total != 3 || line != 0 {
		t.Errorf("total %d, line %d", total, line)
	}
	defer func() {
		err, _ := recover().(error)
		if err == nil || !strings.Contains(err.Error(), "index out of range [2] with length 2") || line != 3 {
			t.Errorf("%v at line %d", err, line)
		}
	}()
	n = 3
	code.Run(&stop, func(at int) { line = at }, []any{&xs, &n, &total})
}

func TestStops(t *testing.T) {
	for _, name := range []string{"spin", "dive"} {
		code := function(t, `package main
func spin(n int) int { for { n++ }; return n }
func dive(n int) int { if dive2(n) > 0 { return dive(n) }; return 0 }
func dive2(n int) int { if n == 0 { return 1 }; return dive2(n-1) + dive2(n-1) }
func main() {}
`, name)
		var stop atomic.Bool
		time.AfterFunc(20*time.Millisecond, func() { stop.Store(true) })
		n, result := 60, 0
		code.Run(&stop, func(int) { t.Error("a stop is no panic") }, []any{&n, &result})
	}
}
