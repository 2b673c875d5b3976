package model

import (
	"io/fs"

	"cogumi/stdlib/model/builtin"
)

// builtinFolder is the folder of a model that the binary brings along.
func builtinFolder(name string) (fs.FS, bool) {
	folder, err := fs.Sub(builtin.Files, name)
	if err != nil {
		return nil, false
	}
	if _, err := fs.Stat(folder, "config.json"); err != nil {
		return nil, false
	}
	return folder, true
}
