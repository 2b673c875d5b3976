package cli

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"cogumi/runtime/stage"
	"cogumi/runtime/toolchain"
)

// program is what runs the script: this binary, which interprets it, or the
// script itself, compiled.
func (a *app) program(script found, line *runLine) (program string, args []string, err error) {
	if line.compiled {
		program, err = a.compile(script)
		return program, nil, err
	}
	if program, err = os.Executable(); err != nil {
		return "", nil, failed("", "find this program: %v", err)
	}
	return program, []string{childCommand}, nil
}

func (a *app) compile(script found) (string, error) {
	source, err := toolchain.ReadSource(a.source)
	if err != nil {
		return "", failed("", "%v", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	a.tell("compiled: the script is trusted with all that a Go program may do")
	path := script.file
	if path == "" {
		path = filepath.Join("experiments", script.Name+".go") // the binary's own: the file need not exist
	}
	program, err := source.Build(ctx, path, script.Source)
	var refused *toolchain.CompileError
	switch {
	case errors.As(err, &refused):
		return "", &problemsFault{compilerProblems(refused.Output, script)}
	case errors.Is(err, toolchain.ErrNoGo):
		return "", failed("without --compiled the script is interpreted and needs none; Go is at https://go.dev/dl", "%v", err)
	case errors.Is(err, context.Canceled):
		return "", ended(130)
	case err != nil:
		return "", failed("compiling needs Go 1.26 or later, and once the modules of go.mod from a Go proxy", "%v", err)
	}
	return program, nil
}

// compilerLine is how the compiler names a place: file:line:column: message.
var compilerLine = regexp.MustCompile(`^(.+\.go):(\d+):(?:(\d+):)? (.+)$`)

// compilerProblems are the compiler's messages as problems of the script.
func compilerProblems(text string, script found) []stage.Problem {
	lines := strings.Split(string(script.Source), "\n")
	var list []stage.Problem
	for _, said := range strings.Split(text, "\n") {
		m := compilerLine.FindStringSubmatch(said)
		if m == nil {
			continue
		}
		p := stage.Problem{File: script.Path, Message: m[4]}
		p.Line, _ = strconv.Atoi(m[2])
		p.Column, _ = strconv.Atoi(m[3])
		if p.Line >= 1 && p.Line <= len(lines) {
			p.Source = strings.TrimRight(lines[p.Line-1], "\r")
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		list = []stage.Problem{{File: script.Path, Line: 1, Message: strings.TrimSpace(text)}}
	}
	return list
}
