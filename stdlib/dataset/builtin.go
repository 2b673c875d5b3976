package dataset

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"

	"cogumi/stdlib/experiment"
)

// tinyworld are procedural problems with checkable answers in six categories,
// made for cogumi; the built-in tiny model knows most of them.
//
//go:embed builtin
var builtin embed.FS

// builtinNames are what Read takes instead of a path.
func builtinNames() []string { return []string{"tinyworld/eval", "tinyworld/pool"} }

// openBuiltin is the gzipped JSONL behind a name.
func openBuiltin(name string) ([]byte, bool) {
	for _, known := range builtinNames() {
		if name == known {
			b, err := builtin.ReadFile("builtin/" + name + ".jsonl.gz")
			return b, err == nil
		}
	}
	return nil, false
}

func init() {
	for _, name := range builtinNames() {
		b, _ := openBuiltin(name)
		sum := sha256.Sum256(b)
		experiment.Builtin(name, hex.EncodeToString(sum[:]))
	}
}
