// Package generic holds the source of the standard packages that are generic
// throughout (slices, maps, cmp, iter) as scripts get them: an interpreter
// cannot call a generic function of the host, so their functions are
// instantiated for the script's types and interpreted with it. Each folder is
// an ordinary Go package too, and is tested against the standard one.
package generic

import (
	_ "embed"
	"reflect"

	"cogumi/runtime/script/generic/order"
	"cogumi/runtime/script/symbols"
)

//go:embed slices/slices.go
var slicesSource string

//go:embed maps/maps.go
var mapsSource string

//go:embed cmp/cmp.go
var cmpSource string

//go:embed iter/iter.go
var iterSource string

//go:embed errors/errors.go
var errorsSource string

//go:embed rand/rand.go
var randSource string

//go:embed sync/sync.go
var syncSource string

//go:embed atomic/atomic.go
var atomicSource string

// OrderPath is the host package that the embedded sources sort with.
const OrderPath = "cogumi/runtime/script/generic/order"

// Source is the source of a package, empty if the path is not one of them.
func Source(path string) string {
	switch path {
	case "slices":
		return slicesSource
	case "maps":
		return mapsSource
	case "cmp":
		return cmpSource
	case "iter":
		return iterSource
	}
	return ""
}

// Part is the source of what is generic in a package of which the host has the
// rest, and the path of that source.
func Part(path string) (source, sourcePath string) {
	source = map[string]string{"errors": errorsSource, "math/rand/v2": randSource, "sync": syncSource, "sync/atomic": atomicSource}[path]
	return source, "cogumi/runtime/script/generic/" + path
}

// Order is the table of package order.
func Order() *symbols.Package {
	return &symbols.Package{Path: OrderPath, Name: "order", Values: map[string]reflect.Value{
		"Permutation": reflect.ValueOf(order.Permutation),
		"Stable":      reflect.ValueOf(order.Stable),
	}}
}
