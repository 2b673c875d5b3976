package lower

import (
	"go/ast"
	"go/types"
	"strings"
)

// What a host function that takes any does with a value of a script's type.
type treatment int

const (
	refuse treatment = iota
	keep             // prints it, encodes it as JSON, or stores it: gets the Box
	raw              // works on the memory behind it: gets the plain value
)

// treatments by function, method or package; a function's own entry comes first.
var treatments = map[string]treatment{
	"fmt": keep, "log": keep, "log/slog": keep, "errors": keep, "context": keep,
	"sync": keep, "sync/atomic": keep, "container/heap": keep, "container/list": keep, "container/ring": keep,

	"encoding/json.Marshal": keep, "encoding/json.MarshalIndent": keep, "(*encoding/json.Encoder).Encode": keep,
	"encoding/json.Unmarshal": raw, "(*encoding/json.Decoder).Decode": raw,
	"sort.Slice": raw, "sort.SliceStable": raw, "sort.SliceIsSorted": raw,
	"(*text/template.Template).Execute": raw, "(*text/template.Template).ExecuteTemplate": raw,
	"runtime.KeepAlive": keep,
}

func treatmentOf(f *types.Func) treatment {
	name := f.FullName()
	if f.Pkg() == nil {
		return keep
	}
	if strings.Contains(f.Name(), "Scan") && f.Pkg().Path() == "fmt" {
		return raw
	}
	if t, ok := treatments[name]; ok {
		return t
	}
	if strings.HasPrefix(f.Pkg().Path(), "cogumi/") {
		return keep
	}
	return treatments[f.Pkg().Path()]
}

// checkHostValue refuses host functions as values where calls get special care.
func (l *lowerer) checkHostValue(x ast.Node, f *types.Func) {
	for i := range f.Signature().Params().Len() {
		if isEmptyInterface(f.Signature().Params().At(i).Type()) && treatmentOf(f) == raw {
			l.reject(x, f.FullName()+" used as a value", "call it in a func literal")
		}
	}
}

func isEmptyInterface(t types.Type) bool {
	if s, ok := t.(*types.Slice); ok {
		t = s.Elem()
	}
	i, ok := t.Underlying().(*types.Interface)
	return ok && i.NumMethods() == 0
}

func (l *lowerer) callHost(x *ast.CallExpr, f *types.Func, sig *types.Signature) ast.Expr {
	if e := l.special(x, f); e != nil {
		return e
	}
	args := l.args(x, sig)
	args = l.hostArgs(x, f, sig, args, nil)
	return l.finishCall(x, l.call(&ast.SelectorExpr{X: l.id(x.Fun.(*ast.SelectorExpr).X.(*ast.Ident).Name), Sel: l.id(f.Name())}, args...))
}

// special are host calls that lose the script's type unless they are rewritten.
func (l *lowerer) special(x *ast.CallExpr, f *types.Func) ast.Expr {
	if f.FullName() == "errors.As" {
		anything := types.NewInterfaceType(nil, nil)
		if p, ok := l.info.TypeOf(x.Args[1]).Underlying().(*types.Pointer); ok {
			l.intern(p.Elem())
		}
		return l.host("ErrorAs", l.to(x.Args[0], types.Universe.Lookup("error").Type()), l.to(x.Args[1], anything))
	}
	return nil
}

// hostArgs prepares the arguments that the host takes as any.
func (l *lowerer) hostArgs(x *ast.CallExpr, f *types.Func, sig *types.Signature, args []ast.Expr, from *types.Tuple) []ast.Expr {
	for i := range args {
		p := paramType(sig, i, x.Ellipsis.IsValid())
		if _, isSlice := p.(*types.Slice); isSlice || !isEmptyInterface(p) {
			continue
		}
		var t types.Type
		if from != nil {
			t = from.At(i).Type()
		} else {
			t = l.info.TypeOf(x.Args[i])
		}
		args[i] = l.hostArg(x, f, args[i], t)
	}
	return args
}

func (l *lowerer) hostArg(x *ast.CallExpr, f *types.Func, arg ast.Expr, t types.Type) ast.Expr {
	if !types.IsInterface(t) && l.pure(t) || isNil(t) {
		return arg
	}
	switch treatmentOf(f) {
	case keep:
		if f.Pkg() != nil && f.Pkg().Path() == "fmt" {
			return arg // the runner's fmt does it
		}
		return l.host("Out", arg)
	case raw:
		return l.host("Raw", arg, l.str(f.FullName()))
	}
	if types.IsInterface(t) {
		return l.host("Pass", arg, l.str(f.FullName()))
	}
	l.reject(x, "a value of "+types.TypeString(t, types.RelativeTo(l.prog.Pkg))+" passed to "+f.FullName(),
		"the host cannot see a script's own types there; pass strings, numbers, slices or maps of them")
	return arg
}

// hostMethodArgs does the same for methods of host types.
func (l *lowerer) hostMethodArgs(f *types.Func, args []ast.Expr) []ast.Expr {
	sig := f.Signature()
	for i := range args {
		last := sig.Params().Len() - 1
		if sig.Variadic() && i >= last {
			break
		}
		p := sig.Params().At(i).Type()
		if _, isSlice := p.(*types.Slice); isSlice || !isEmptyInterface(p) {
			continue
		}
		switch treatmentOf(f) {
		case keep:
			args[i] = l.host("Out", args[i])
		case raw:
			args[i] = l.host("Raw", args[i], l.str(f.FullName()))
		default:
			args[i] = l.host("Pass", args[i], l.str(f.FullName()))
		}
	}
	return args
}
