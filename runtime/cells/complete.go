package cells

import (
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"sort"
	"strings"

	"cogumi/runtime/script/symbols"
)

func printed(n any) string {
	var b strings.Builder
	if err := format.Node(&b, token.NewFileSet(), n); err != nil {
		return ""
	}
	return b.String()
}

// Complete says how the word that ends at byte at of src may go on: names of the
// session, packages and what they export, fields and methods, and inside of a
// string the files that there are.
func (s *Session) Complete(src string, at int) Answer {
	at = max(0, min(at, len(src)))
	before := src[:at]
	if text, begin, ok := openString(before); ok {
		return files(text, begin)
	}
	chain, begin := lastChain(before)
	dot := strings.LastIndexByte(chain, '.')
	if dot < 0 {
		return s.completeName(chain, begin)
	}
	owner, word := chain[:dot], chain[dot+1:]
	from := begin + dot + 1
	if !strings.ContainsAny(owner, ".()[]") && s.checks.Live()[owner] == nil {
		if pkg := s.packageOf(owner); pkg != nil {
			return answer(from, word, exported(pkg))
		}
	}
	t := s.typeOf(owner)
	if t == nil {
		return Answer{From: from}
	}
	return answer(from, word, members(t))
}

func (s *Session) packageOf(name string) *types.Package {
	path := s.imports[name]
	if path == "" {
		path = PackagePath(name)
	}
	if path == "" {
		return nil
	}
	pkg, err := s.universe.Import(path)
	if err != nil {
		return nil
	}
	return pkg
}

func answer(from int, word string, all []Completion) Answer {
	a := Answer{From: from}
	for _, c := range all {
		if strings.HasPrefix(strings.ToLower(c.Text), strings.ToLower(word)) {
			a.Candidates = append(a.Candidates, c)
		}
	}
	sort.SliceStable(a.Candidates, func(i, j int) bool { return a.Candidates[i].Text < a.Candidates[j].Text })
	return a
}

func (s *Session) completeName(word string, from int) Answer {
	var all []Completion
	live := s.checks.Live()
	for name, obj := range live {
		all = append(all, completion(obj, name))
	}
	if word != "" {
		seen := map[string]bool{}
		for _, path := range append([]string{"slices", "maps", "cmp", "iter"}, symbols.Paths()...) {
			base := strings.TrimSuffix(path, "/v2")
			base = base[strings.LastIndex(base, "/")+1:]
			if !seen[base] && live[base] == nil {
				seen[base] = true
				all = append(all, Completion{Text: base, Kind: "package", Type: path})
			}
		}
		for _, name := range types.Universe.Names() {
			all = append(all, completion(types.Universe.Lookup(name), name))
		}
		for t := token.BREAK; t <= token.VAR; t++ {
			if t.IsKeyword() {
				all = append(all, Completion{Text: t.String(), Kind: "keyword"})
			}
		}
	}
	return answer(from, word, all)
}

func completion(obj types.Object, name string) Completion {
	c := Completion{Text: name, Kind: "const", Type: types.TypeString(obj.Type(), brief)}
	switch o := obj.(type) {
	case *types.Func:
		c.Kind = "func"
		if o.Signature().Recv() != nil {
			c.Kind = "method"
		}
	case *types.Var:
		c.Kind = "var"
		if o.IsField() {
			c.Kind = "field"
		}
	case *types.TypeName:
		c.Kind, c.Type = "type", ""
	case *types.Builtin:
		c.Kind, c.Type = "func", ""
	}
	return c
}

func exported(pkg *types.Package) (list []Completion) {
	for _, name := range pkg.Scope().Names() {
		if obj := pkg.Scope().Lookup(name); obj.Exported() {
			list = append(list, completion(obj, name))
		}
	}
	return list
}

// members are the fields and methods that can follow a value of type t.
func members(t types.Type) (list []Completion) {
	seen := map[string]bool{}
	add := func(obj types.Object) {
		own := obj.Pkg() == nil || obj.Pkg().Path() == "main"
		if (obj.Exported() || own) && !seen[obj.Name()] && obj.Name() != "_" {
			seen[obj.Name()] = true
			list = append(list, completion(obj, obj.Name()))
		}
	}
	var fields func(t types.Type, depth int)
	fields = func(t types.Type, depth int) {
		if p, ok := t.Underlying().(*types.Pointer); ok {
			t = p.Elem()
		}
		st, ok := t.Underlying().(*types.Struct)
		if !ok || depth > 4 {
			return
		}
		for i := range st.NumFields() {
			add(st.Field(i))
		}
		for i := range st.NumFields() {
			if st.Field(i).Embedded() {
				fields(st.Field(i).Type(), depth+1)
			}
		}
	}
	fields(t, 0)
	if _, isPtr := t.Underlying().(*types.Pointer); !isPtr && !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	set := types.NewMethodSet(t)
	for i := range set.Len() {
		add(set.At(i).Obj())
	}
	return list
}

// lastChain is the a.b(c).d that text ends with, and where it begins.
func lastChain(text string) (chain string, begin int) {
	i := len(text)
	for i > 0 {
		c := text[i-1]
		switch {
		case c == '.' || letter(c):
			i--
		case c == ')' || c == ']':
			open := matching(text, i-1)
			if open < 0 || i < len(text) && text[i] != '.' && text[i] != '(' && text[i] != '[' {
				return text[i:], i
			}
			i = open
		default:
			return text[i:], i
		}
	}
	return text, 0
}

func letter(c byte) bool {
	return c == '_' || c >= 0x80 || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// matching is where the bracket that text[at] closes was opened; -1: nowhere.
func matching(text string, at int) int {
	depth := 0
	for i := at; i >= 0; i-- {
		switch text[i] {
		case ')', ']', '}':
			depth++
		case '(', '[', '{':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// openString is the string literal that text ends inside of.
func openString(text string) (inside string, begin int, ok bool) {
	quote := byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote == 0 && (c == '"' || c == '`' || c == '\''):
			quote, begin = c, i+1
		case quote != 0 && c == '\\' && quote != '`':
			i++
		case quote != 0 && (c == quote || c == '\n' && quote != '`'):
			quote = 0
		}
	}
	if quote == 0 || quote == '\'' {
		return "", 0, false
	}
	return text[min(begin, len(text)):], begin, true
}

func files(text string, begin int) Answer {
	dir, base := filepath.Split(text)
	read := dir
	if read == "" {
		read = "."
	}
	entries, err := os.ReadDir(read)
	a := Answer{From: begin}
	if err != nil {
		return a
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || strings.HasPrefix(name, ".") && base == "" {
			continue
		}
		if e.IsDir() {
			name += "/"
		}
		a.Candidates = append(a.Candidates, Completion{Text: dir + name, Kind: "file"})
	}
	return a
}

// typeOf is the type of an expression that is not evaluated; nil when it has none.
func (s *Session) typeOf(expr string) types.Type {
	c := &compilation{s: s, name: "type", src: expr, declared: map[string]bool{}, used: map[string]bool{}}
	if e, err := parser.ParseExpr(expr); err != nil || e == nil {
		return nil
	}
	chunks, state := split(expr)
	if state != whole || len(chunks) != 1 {
		return nil
	}
	file, problems := c.parse("func "+bodyName+"(){ _ = ", segment{chunks: chunks}, "\n}")
	if problems != nil {
		return nil
	}
	c.imports(file, nil)
	prog, problems := s.checks.Check(s.fset(), file, nil, func(e types.Error) bool { return strings.HasSuffix(e.Msg, " and not used") })
	if problems != nil {
		return nil
	}
	body := file.Decls[len(file.Decls)-1].(*ast.FuncDecl).Body
	return prog.Info.TypeOf(body.List[0].(*ast.AssignStmt).Rhs[0])
}

// TypeOf is the type of an expression, which is not evaluated.
func (s *Session) TypeOf(expr string) Answer {
	t := s.typeOf(expr)
	if t == nil {
		out := &compilation{s: s, name: "type", src: expr, declared: map[string]bool{}, used: map[string]bool{}}
		s.sources["type"] = expr
		chunks, _ := split(expr)
		if file, problems := out.parse("func "+bodyName+"(){ _ = ", segment{chunks: chunks}, "\n}"); problems != nil {
			return Answer{Error: problems[0].Message}
		} else {
			out.imports(file, nil)
			if _, problems := s.checks.Check(s.fset(), file, nil, func(types.Error) bool { return false }); len(problems) > 0 {
				return Answer{Error: problems[0].Message}
			}
		}
		return Answer{Error: "this has no type"}
	}
	return Answer{Text: types.TypeString(t, brief)}
}
