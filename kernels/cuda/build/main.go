// Command build compiles kernels/cuda/src/*.cu into the archives that package
// objects embeds. The compiler comes from PyPI, in pinned versions, into .nvcc/
// of the repository.
//
//	go run ./kernels/cuda/build              what changed
//	go run ./kernels/cuda/build -f norm rope these, changed or not
//	go run ./kernels/cuda/build -v norm      with registers, spills, shared memory
//
// nvcc 13.0 makes PTX, ptxas 12.9 makes machine code of it: by CUDA's rules
// drivers from 525 on load that, while those before 580 refuse what ptxas 13 makes.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"cogumi/kernels/cuda/objects"
)

const (
	sources = "kernels/cuda/src"
	target  = "kernels/cuda/objects"
)

func main() {
	force := flag.Bool("f", false, "compile what is up to date, too")
	verbose := flag.Bool("v", false, "print what ptxas says of each kernel")
	flag.Parse()
	if err := build(flag.Args(), *force, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func build(families []string, force, verbose bool) error {
	tools, err := installed(".nvcc")
	if err != nil {
		return err
	}
	if len(families) == 0 {
		files, err := filepath.Glob(sources + "/*.cu")
		if err != nil {
			return err
		}
		for _, f := range files {
			families = append(families, strings.TrimSuffix(filepath.Base(f), ".cu"))
		}
	}
	gate := make(chan struct{}, runtime.NumCPU())
	errs := make([]error, len(families))
	var wg sync.WaitGroup
	for i, f := range families {
		hash, err := objects.SourceHash(os.DirFS(sources), f+".cu")
		if err != nil {
			return err
		}
		if have, err := recorded(f); !force && !verbose && err == nil && have == hash {
			continue
		}
		wg.Add(1)
		gate <- struct{}{}
		go func() {
			defer wg.Done()
			errs[i] = tools.family(f, hash, verbose)
			<-gate
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
