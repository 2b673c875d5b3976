package model

import (
	"embed"
	"io/fs"
)

// The built-in tiny model: a Llama of 6.4 million parameters made for cogumi,
// trained on procedural tasks. It lets every script run offline on a CPU.
//
//go:embed builtin/tiny
var builtin embed.FS

// builtins maps names to folders of the binary.
func builtinFolder(name string) (fs.FS, bool) {
	folder, err := fs.Sub(builtin, "builtin/"+name)
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(folder, "config.json"); err != nil {
		return nil, false
	}
	return folder, true
}
