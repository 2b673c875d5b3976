package dataset

import (
	"embed"
	"strings"
)

// tinyworld are procedural problems with checkable answers, made for cogumi; the
// built-in tiny model knows most of them.
//
//go:embed builtin
var builtin embed.FS

// builtinPrefix begins the names of data inside the program: tinyworld/pool,
// tinyworld/eval.
const builtinPrefix = "tinyworld/"

func openBuiltin(name string) ([]byte, bool) {
	if !strings.HasPrefix(name, builtinPrefix) {
		return nil, false
	}
	b, err := builtin.ReadFile("builtin/" + name + ".jsonl.gz")
	return b, err == nil
}
