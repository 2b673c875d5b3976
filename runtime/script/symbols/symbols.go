// Package symbols holds what scripts may import: one table a package, generated
// by the command in gen from the packages' own exported names.
//
// A table is made when a script imports its package, not at start: a script
// that imports five packages pays for five. Packages that would open a way
// around the runner (os/exec, net, syscall, unsafe, plugin, runtime/debug …) or
// whose meaning hangs on type names that an interpreter does not have (reflect,
// encoding/gob, encoding/xml) have no table; gen/list.go says which have one and why.
package symbols

//go:generate go run ./gen .

import (
	"reflect"
	"sort"
	"sync"
)

// Package is one importable package as reflection sees it.
type Package struct {
	Path string
	Name string
	// Values holds, by exported name, a constant (constant.Value when untyped,
	// else its value), a function, the addressable value of a variable, or a nil
	// pointer to a type. A name with "_" before it belongs to an interface type:
	// func(any) I, which makes an I out of a script's value.
	Values map[string]reflect.Value
	// Generic names what is exported, generic, and therefore not in Values.
	Generic []string
}

var (
	mu      sync.Mutex
	loaders = map[string]func() *Package{}
	loaded  = map[string]*Package{}
)

func register(path string, load func() *Package) { loaders[path] = load }

// Get returns the table of an import path, nil if scripts cannot import it.
func Get(path string) *Package {
	mu.Lock()
	defer mu.Unlock()
	if p := loaded[path]; p != nil {
		return p
	}
	load := loaders[path]
	if load == nil {
		return nil
	}
	p := load()
	loaded[path] = p
	return p
}

// Paths lists the import paths that have a table, sorted.
func Paths() []string {
	paths := make([]string, 0, len(loaders))
	for p := range loaders {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	return paths
}
