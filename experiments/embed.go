// Package experiments holds the scripts: one for a stage of the pipeline, each
// a program of its own (hence their "//go:build ignore"). The cogumi binary
// carries them.
package experiments

import "embed"

// Scripts are the sources of the scripts, and this file.
//
//go:embed *.go
var Scripts embed.FS
