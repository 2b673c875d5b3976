package source

import (
	"go/ast"
	"go/types"
	"slices"
	"sort"
)

// Closure is what decides the outcome of a step that a script defines.
type Closure struct {
	// Parts are hashes of the script's text by name: "func" for the step's own
	// function, and every function, type, constant and variable that it reaches.
	Parts map[string]string
	// Flags are the flags whose values it uses.
	Flags []string
	// Outside are variables around the function whose content the text does not
	// decide and that the step's inputs and params do not name.
	Outside []string
}

// Step finds what the step of that name depends on. When no call with that name
// is written out, the whole script counts.
func (s *Script) Step(name string) Closure {
	w := walker{s: s, parts: map[string][]string{}, seen: map[ast.Node]bool{}, vars: map[types.Object]bool{}, flags: map[string]bool{}, outside: map[string]bool{}}
	found := false
	for _, fn := range s.funcs {
		ast.Inspect(fn, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !isStepCall(call) {
				return true
			}
			if v, ok := s.literal(call.Args[0]); ok && v == name {
				found = true
				w.step(fn, call)
			}
			return true
		})
	}
	if !found {
		flags, _ := s.Flags()
		c := Closure{Parts: map[string]string{"script": s.Hash()[:16]}}
		for _, f := range flags {
			c.Flags = append(c.Flags, f.Name)
		}
		return c
	}
	return w.closure()
}

// walker follows names from a step's function through the script.
type walker struct {
	s     *Script
	parts map[string][]string // name → normal texts
	seen  map[ast.Node]bool
	vars  map[types.Object]bool // captured variables followed already

	flags, outside map[string]bool

	around *ast.FuncDecl         // the function that the step is called in
	inside ast.Node              // the step's function
	named  map[types.Object]bool // variables that inputs and params name
}

func (w *walker) closure() Closure {
	c := Closure{Parts: map[string]string{}}
	for name, texts := range w.parts {
		sort.Strings(texts)
		all := ""
		for _, t := range slices.Compact(texts) {
			all += t + "\x00"
		}
		c.Parts[name] = shortHash(all)
	}
	c.Flags, c.Outside = sortedKeys(w.flags), sortedKeys(w.outside)
	return c
}

func (w *walker) step(around *ast.FuncDecl, call *ast.CallExpr) {
	w.around, w.inside, w.named = around, call.Args[3], map[types.Object]bool{}
	w.vars = map[types.Object]bool{}
	for _, arg := range call.Args[1:3] {
		ast.Inspect(arg, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				if obj := w.s.info.Uses[id]; obj != nil {
					w.named[obj] = true
				}
			}
			return true
		})
	}
	w.add("func", w.inside)
	w.follow(w.inside)
}

func (w *walker) add(name string, n ast.Node) {
	file := w.s.fset.File(n.Pos())
	w.parts[name] = append(w.parts[name], normal(w.s.text[file.Offset(n.Pos()):file.Offset(n.End())]))
}

// follow visits every name used in n.
func (w *walker) follow(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if f, ok := w.s.flagCall(n); ok && f.Name != "" {
				w.flags[f.Name] = true
			}
		case *ast.SelectorExpr:
			w.selector(n)
		case *ast.Ident:
			w.ident(n)
		}
		return true
	})
}

// selector follows methods. Of a value whose type comes from another package
// nothing is known: a method of the script with that name may be meant.
func (w *walker) selector(sel *ast.SelectorExpr) {
	if w.s.info.Uses[sel.Sel] != nil {
		return // resolved: ident does it
	}
	for _, fn := range w.s.funcs {
		if fn.Recv != nil && fn.Name.Name == sel.Sel.Name {
			w.decl(w.s.info.Defs[fn.Name])
		}
	}
}

func (w *walker) ident(id *ast.Ident) {
	obj := w.s.info.Uses[id]
	if obj == nil {
		return
	}
	if f, ok := obj.(*types.Func); ok {
		obj = f.Origin()
	}
	if _, ok := w.s.decls[obj]; ok {
		w.decl(obj)
		return
	}
	if v, ok := obj.(*types.Var); ok && !v.IsField() {
		w.variable(v)
	}
}

// decl adds a package-level declaration and what it refers to.
func (w *walker) decl(obj types.Object) {
	n := w.s.decls[obj]
	if n == nil || w.seen[n] {
		return
	}
	w.seen[n] = true
	w.add(declName(obj), n)
	w.follow(n)
	if _, ok := obj.(*types.Var); ok {
		w.assignments(obj)
	}
	if _, ok := n.(*ast.TypeSpec); ok {
		w.methods(obj)
	}
}

// assignments adds every place of the script that writes a package variable.
func (w *walker) assignments(obj types.Object) {
	for _, fn := range w.s.funcs {
		for _, def := range w.definitions(fn, obj) {
			w.add(declName(obj), def)
			w.follow(def)
		}
	}
}

func (w *walker) methods(obj types.Object) {
	for _, fn := range w.s.funcs {
		if fn.Recv == nil || len(fn.Recv.List) == 0 {
			continue
		}
		ast.Inspect(fn.Recv.List[0].Type, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && w.s.info.Uses[id] == obj {
				w.decl(w.s.info.Defs[fn.Name])
			}
			return true
		})
	}
}

func declName(obj types.Object) string {
	kind := "var "
	switch o := obj.(type) {
	case *types.Func:
		kind = "func "
		if r := o.Signature().Recv(); r != nil {
			kind += types.TypeString(r.Type(), func(*types.Package) string { return "" }) + "."
		}
	case *types.TypeName:
		kind = "type "
	case *types.Const:
		kind = "const "
	}
	return kind + obj.Name()
}

func sortedKeys(m map[string]bool) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
