package cells

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cogumi/runtime/script"
)

// done is a piece's part that ran to its end, with what is needed to write it into
// a script.
type done struct {
	piece  string
	src    string
	offset func(token.Pos) int // of the piece's text
	stmts  []ast.Stmt
	info   *types.Info
	shown  map[ast.Stmt]bool
	vars   map[*types.Var]*types.Var // of a statement → of the session
}

// ErrNothing: the session has nothing that a script could hold.
var ErrNothing = errors.New("nothing was declared or run yet")

// saving is a session on its way to a script. What was typed in a row becomes
// main's body; variables that functions use become the package's.
type saving struct {
	s        *Session
	names    map[*types.Var]string // of all variables that ever were
	global   map[*types.Var]bool
	declared map[*types.Var]bool // while main is written
	used     map[string]bool     // variables of main that something reads, else _ = x is needed
	unused   map[string]bool
	imports  map[string]string
	left     map[string]string // what the script cannot hold → why

	lines []line
}

// line is a line of the script with what it is from.
type line struct{ text, from string }

// Script is the session so far as a script called name: it passes the checks and
// does what was done, with every function and type as declared last. What cannot
// be in it is named in a comment.
func (s *Session) Script(name string) (string, error) {
	if len(s.history) == 0 && len(s.units) <= 1 {
		return "", ErrNothing
	}
	v := &saving{s: s, names: map[*types.Var]string{}, unused: map[string]bool{}, left: map[string]string{}, imports: map[string]string{}}
	v.nameAll()
	v.chooseGlobals()
	for range 100 {
		text := v.write(name)
		wrong := script.Check(name, []byte(text))
		if len(wrong) == 0 {
			b, err := format.Source([]byte(text))
			if err != nil {
				return "", fmt.Errorf("write the script: %w", err)
			}
			return string(b), nil
		}
		if !v.learn(wrong) {
			return "", fmt.Errorf("the session does not make a script: %s", wrong[0].Message)
		}
	}
	return "", errors.New("the session does not make a script: too much of it does not fit together")
}

// nameAll gives every variable a name: those that were declared anew as something
// else get a number.
func (v *saving) nameAll() {
	taken := map[string]bool{}
	for name, obj := range v.s.checks.Live() {
		taken[name] = true
		if o, ok := obj.(*types.Var); ok {
			v.names[o] = name
		}
	}
	for _, d := range v.s.history {
		for _, o := range d.objects() {
			if v.names[o] != "" {
				continue
			}
			name := o.Name()
			for n := 1; taken[name]; n++ {
				name = o.Name() + strconv.Itoa(n)
			}
			taken[name] = true
			v.names[o] = name
		}
	}
}

// objects are the session's variables that the part declares, in order.
func (d *done) objects() (list []*types.Var) {
	for _, o := range d.vars {
		list = append(list, o)
	}
	slices.SortFunc(list, func(a, b *types.Var) int { return int(a.Pos() - b.Pos()) })
	return list
}

// chooseGlobals finds the variables that functions use.
func (v *saving) chooseGlobals() {
	v.global = map[*types.Var]bool{}
	for _, u := range v.s.units {
		if u.variables() {
			continue
		}
		for obj := range u.uses {
			if o, ok := obj.(*types.Var); ok {
				v.global[o] = true
			}
		}
	}
}

// learn takes out what is wrong, and marks what nobody reads.
func (v *saving) learn(wrong []script.Diagnostic) (learned bool) {
	for _, d := range wrong {
		if name, ok := strings.CutPrefix(d.Message, "declared and not used: "); ok {
			learned = learned || !v.unused[name]
			v.unused[name] = true
			continue
		}
		if learned || d.Line < 1 || d.Line > len(v.lines) {
			continue // what follows from what is left out is seen next time
		}
		from := v.lines[d.Line-1].from
		if from != "" && v.left[from] == "" {
			v.left[from] = d.Message
			learned = true
		}
	}
	return learned
}

func (v *saving) add(from, text string) {
	for _, t := range strings.Split(text, "\n") {
		v.lines = append(v.lines, line{t, from})
	}
}

// write writes the script as it is known to be possible.
func (v *saving) write(name string) string {
	v.lines, v.declared, v.used = nil, map[*types.Var]bool{}, map[string]bool{}
	v.imports = maps.Clone(v.s.imports)
	v.units()
	v.globals()
	v.add("", "func main() {\n\tdefer experiment.Start().Finish()\n")
	for i, d := range v.s.history {
		v.part(i, d)
	}
	v.add("", "}")
	body := v.lines
	v.lines = nil
	v.head(name, body)
	v.lines = append(v.lines, body...)
	return v.text(v.lines)
}

func (v *saving) text(lines []line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.text + "\n")
	}
	return b.String()
}

// head is the header, the imports, and what was left out.
func (v *saving) head(name string, body []line) {
	title := strings.TrimSuffix(filepath.Base(name), ".go")
	v.add("", `//go:build ignore

// PURPOSE: `+title+`, saved from an interactive session.
// WHEN TO USE: to do again what was done there
// INPUT: none
// OUTPUT: runs/<id>/run.json | result
// PIPELINE STAGE: any
// TIME: unknown
// COST: unknown

package main
`)
	for _, from := range slices.Sorted(maps.Keys(v.left)) {
		what, _, _ := strings.Cut(from, "#")
		v.add("", fmt.Sprintf("// Left out: %s (%s).", what, strings.ReplaceAll(v.left[from], "\n", " ")))
	}
	v.add("", "")
	paths := map[string]string{"experiment": "cogumi/stdlib/experiment"}
	if f, _ := parser.ParseFile(token.NewFileSet(), "", "package main\n"+v.text(body), 0); f != nil {
		for _, id := range f.Unresolved {
			path := v.imports[id.Name]
			if path == "" {
				path = PackagePath(id.Name)
			}
			if path != "" {
				paths[id.Name] = path
			}
		}
	}
	byPath := map[string]string{}
	for name, path := range paths {
		byPath[path] = name
	}
	v.add("", "import (")
	for _, own := range []bool{false, true} {
		for _, path := range slices.Sorted(maps.Keys(byPath)) {
			if strings.HasPrefix(path, "cogumi/") != own {
				continue
			}
			alias := byPath[path] + " "
			if pkg, err := v.s.universe.Import(path); err == nil && pkg.Name()+" " == alias {
				alias = ""
			}
			v.add("", fmt.Sprintf("\t%s%q", alias, path))
		}
		if !own {
			v.add("", "")
		}
	}
	v.add("", ")\n")
}

// units writes types, constants and functions as they are now.
func (v *saving) units() {
	for _, u := range v.s.units {
		from := u.key()
		if u.piece == "" || u.variables() || v.left[from] != "" {
			continue
		}
		if from == "main" {
			v.left[from] = "the script's own main does what was typed"
			continue
		}
		v.add(from, u.text+"\n")
	}
}

// globals writes the variables that functions use.
func (v *saving) globals() {
	for _, o := range slices.SortedFunc(maps.Keys(v.global), func(a, b *types.Var) int { return int(a.Pos() - b.Pos()) }) {
		if v.names[o] != "" {
			v.add("var "+v.names[o], "var "+v.names[o]+" "+v.typeText(o.Type()))
			v.declared[o] = true
		}
	}
	v.add("", "")
}

func (v *saving) typeText(t types.Type) string {
	return types.TypeString(t, func(p *types.Package) string {
		if p.Path() == "main" {
			return ""
		}
		v.imports[p.Name()] = p.Path()
		return p.Name()
	})
}

// part writes one part of main.
func (v *saving) part(i int, d *done) {
	end := 0
	for n, stmt := range d.stmts {
		from := fmt.Sprintf("%s of piece %s#%d.%d", strings.TrimSpace(firstLine(d.text(stmt))), d.piece, i, n)
		if v.left[from] != "" {
			continue
		}
		if d.offset(stmt.Pos()) >= end {
			for _, l := range strings.Split(d.src[end:d.offset(stmt.Pos())], "\n") {
				if c := strings.TrimSpace(l); strings.HasPrefix(c, "//") {
					v.add(from, "\t"+c)
				}
			}
		}
		end = max(end, d.offset(stmt.End()))
		v.add(from, "\t"+v.statement(d, stmt))
		for o := range v.declared {
			if name := v.names[o]; v.unused[name] && !v.used[name] && !v.global[o] {
				v.used[name] = true
				v.add(from, "\t_ = "+name)
			}
		}
	}
}

func (d *done) text(n ast.Node) string { return d.src[d.offset(n.Pos()):d.offset(n.End())] }

// renamed is a node's text with the variables' names in the script.
func (v *saving) renamed(d *done, n ast.Node) string {
	start := d.offset(n.Pos())
	type edit struct {
		at, n int
		text  string
	}
	var edits []edit
	ast.Inspect(n, func(x ast.Node) bool {
		id, ok := x.(*ast.Ident)
		if !ok {
			return true
		}
		if o := d.object(id); o != nil && v.names[o] != "" && v.names[o] != id.Name {
			edits = append(edits, edit{d.offset(id.Pos()) - start, len(id.Name), v.names[o]})
		}
		return true
	})
	text := d.text(n)
	for _, e := range slices.Backward(edits) {
		text = text[:e.at] + e.text + text[e.at+e.n:]
	}
	return text
}

// object is the session's variable that a name stands for.
func (d *done) object(id *ast.Ident) *types.Var {
	o, _ := d.info.ObjectOf(id).(*types.Var)
	if outer := d.vars[o]; outer != nil {
		return outer
	}
	return o
}
