// Cogumi runs experiments that are plain Go scripts.
package main

import (
	"embed"
	"os"

	"cogumi/runtime/cli"
)

// source is what a script needs to be compiled where there is a Go toolchain but
// no copy of cogumi (cogumi run --compiled, cogumi new --dir). What packages
// embed themselves is taken from them.
//
//go:embed go.mod go.sum LICENSE
//go:embed kernels/*.go kernels/*/*.go kernels/*/*/*.go kernels/*/*/*.s kernels/*/*/*.h
//go:embed stdlib/*/*.go stdlib/*/*/*.go stdlib/*/*/*/*.go stdlib/*/*/*/*/*.go stdlib/*/*/*.s
//go:embed stdlib/dataset/builtin stdlib/grade/harness.py stdlib/judge/prices.json stdlib/curate/language/table.bin.zst stdlib/curate/words/words.txt
//go:embed reports/run
var source embed.FS

func main() { os.Exit(cli.Main(os.Args[1:], source)) }
