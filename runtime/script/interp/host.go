package interp

import (
	"fmt"
	"log"
	"maps"
	"path"
	"reflect"
	"strings"
	"time"

	"cogumi/runtime/script/dyn"
	"cogumi/runtime/script/generic"
	"cogumi/runtime/script/lower"
	"cogumi/runtime/script/symbols"
)

// pkg is a package's name and values as the interpreter takes them.
func (m *Machine) pkg(l *lower.Lowered, p string) (string, map[string]reflect.Value, error) {
	if p == lower.HostPath {
		return path.Base(p), m.host(l), nil
	}
	p = strings.TrimPrefix(p, lower.ImportPrefix)
	table := symbols.Get(p)
	if p == generic.OrderPath {
		table = generic.Order()
	}
	if table == nil {
		return "", nil, fmt.Errorf("import %q: not available to scripts", p)
	}
	values := make(map[string]reflect.Value, len(table.Values))
	for name, v := range table.Values {
		if name[0] == '_' {
			continue
		}
		if c, ok := v.Interface().(symbols.Untyped); ok && !v.CanAddr() {
			v = reflect.ValueOf(c.Value)
		}
		values[name] = v
	}
	maps.Copy(values, m.instead(l, p))
	return table.Name, values, nil
}

// instead is what scripts get in place of a host package's own functions.
func (m *Machine) instead(l *lower.Lowered, p string) map[string]reflect.Value {
	switch p {
	case "fmt":
		return l.Table.Fmt()
	case "os":
		return map[string]reflect.Value{"Exit": reflect.ValueOf(m.leave)}
	case "log":
		return m.logFatal()
	case "errors":
		return map[string]reflect.Value{"Is": reflect.ValueOf(l.Table.ErrorIs), "As": reflect.ValueOf(l.Table.ErrorAs)}
	case "time":
		return map[string]reflect.Value{"Sleep": reflect.ValueOf(m.sleep)}
	}
	return nil
}

func (m *Machine) logFatal() map[string]reflect.Value {
	return map[string]reflect.Value{
		"Fatal":   reflect.ValueOf(func(a ...any) { log.Print(a...); m.leave(1) }),
		"Fatalf":  reflect.ValueOf(func(f string, a ...any) { log.Printf(f, a...); m.leave(1) }),
		"Fatalln": reflect.ValueOf(func(a ...any) { log.Println(a...); m.leave(1) }),
	}
}

// sleep is time.Sleep; a Ctrl-C ends it.
func (m *Machine) sleep(d time.Duration) {
	if m.cells != nil {
		m.cells.sleep(d)
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-m.ctx.Done():
	}
}

// host is the functions that lowered scripts call.
func (m *Machine) host(l *lower.Lowered) map[string]reflect.Value {
	t, r := l.Table, m.runner
	fns := map[string]any{
		"Box": t.Box, "Is": t.Is, "Case": t.Case, "Into": t.Into, "Method": t.Method, "Assert": t.Assert,
		"AddMethod": t.AddMethod, "Key": t.Key, "NilReceiver": t.NilReceiver, "ErrorAs": t.ErrorAs, "Raw": t.Raw, "Pass": t.Pass,
		"Inner": dyn.Inner, "Plain": dyn.Plain, "Erase": dyn.Erase, "Equal": dyn.Equal, "ToError": dyn.ToError, "Out": dyn.Out,
		"Clear": dyn.Clear, "Min": dyn.Min, "Max": dyn.Max, "Index": dyn.Index, "Bound": dyn.Bound,
		"Exhausted": dyn.Exhausted, "Complex": dyn.Complex, "SameChannel": dyn.SameChannel,
		"NewSelect": dyn.NewSelect, "SelectRecv": dyn.SelectRecv, "SelectSend": dyn.SelectSend, "Select": r.Select, "Received": dyn.Received, "Open": dyn.Open,
		"IndexUnsigned": dyn.IndexUnsigned, "Runes": dyn.Runes, "Shift": dyn.Shift, "Print": dyn.Print, "Println": dyn.Println,
		"Defers": r.Defers, "Push": r.Push, "Run": r.Run, "Recover": r.Recover, "Arm": r.Arm, "Claim": r.Claim, "Disarm": r.Disarm, "Panic": r.Panic, "Go": r.Go, "Main": r.Main,
		"Fast": func(n int, variables ...any) { l.Fast[n].Run(&m.stop, m.setPosition, variables) },
		"At":   r.Position.At, "Here": r.Position.Here,
		"Track": func(p *int) { r.Position.Now = p },
	}
	if m.cells != nil {
		maps.Copy(fns, m.cells.host(l))
	}
	values := map[string]reflect.Value{}
	for name, f := range fns {
		values[name] = reflect.ValueOf(f)
	}
	for key := range l.Wrappers {
		dot := strings.LastIndex(key, ".")
		p, name := key[:dot], key[dot+1:]
		values[lower.WrapperName(p, name)] = symbols.Get(p).Values["_"+name]
	}
	return values
}
