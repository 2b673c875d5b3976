// Cogumi runs experiments that are plain Go scripts.
package main

import (
	"os"

	"cogumi/runtime/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
