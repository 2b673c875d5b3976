package toolchain

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment/machine"
)

// ErrNoGo: this machine has no Go toolchain.
var ErrNoGo = errors.New("there is no Go toolchain on this machine")

// Find is the go command: the one of PATH, else of GOROOT or of the usual place.
func Find() (string, error) {
	if path, err := exec.LookPath("go"); err == nil {
		return path, nil
	}
	for _, root := range []string{os.Getenv("GOROOT"), "/usr/local/go", "/usr/lib/go", "/opt/homebrew/opt/go/libexec"} {
		if path, err := exec.LookPath(filepath.Join(root, "bin", "go")); root != "" && err == nil {
			return path, nil
		}
	}
	return "", ErrNoGo
}

// CompileError is what the compiler says against a script.
type CompileError struct{ Output string }

func (e *CompileError) Error() string { return strings.TrimSpace(e.Output) }

// Build compiles a script and returns the program. path is what positions in
// traces say, text is what is compiled. The program is kept under the hash of
// all that it was made from. The error is a *CompileError when the compiler
// refused the script, ErrNoGo when there is no compiler.
func (s *Source) Build(ctx context.Context, path string, text []byte) (program string, err error) {
	goCommand, err := Find()
	if err != nil {
		return "", err
	}
	module, err := s.Unpack()
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", err
	}
	settings, err := output(ctx, module, goCommand, "env", "GOVERSION", "GOOS", "GOARCH", "GOAMD64", "GOARM64", "GOEXPERIMENT")
	if err != nil {
		return "", fmt.Errorf("compile %s: %w", path, err)
	}
	cache, err := machine.CacheDir()
	if err != nil {
		return "", fmt.Errorf("compile %s: %w", path, err)
	}
	b := building{ctx, goCommand, module, filepath.Join(cache, "compiled", key(s.hash, settings, path, string(text))), path, text}
	program = filepath.Join(b.dir, strings.TrimSuffix(filepath.Base(path), ".go")+executable)
	if _, err := os.Stat(program); err == nil {
		now := time.Now()
		_ = os.Chtimes(b.dir, now, now) // what was used last is kept longest
		return program, nil
	}
	if err := b.compile(program); err != nil {
		var refused *CompileError
		if errors.As(err, &refused) {
			return "", err
		}
		return "", fmt.Errorf("compile %s: %w", path, err)
	}
	return program, prune(filepath.Dir(b.dir), keptPrograms)
}

var executable = map[string]string{"windows": ".exe"}[runtime.GOOS]

type building struct {
	ctx       context.Context
	goCommand string
	module    string // folder of cogumi's source
	dir       string // of the program
	path      string
	text      []byte
}

func (b *building) compile(program string) error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(b.dir, ".build-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	overlay, err := b.overlay(work)
	if err != nil {
		return err
	}
	made := filepath.Join(work, "program"+executable)
	if _, err := output(b.ctx, b.module, b.goCommand, "build", "-overlay", overlay, "-o", made, b.path); err != nil {
		return err
	}
	return durable.Rename(made, program)
}

// overlay lets the compiler read exactly the text that was checked, whatever
// happens to the file meanwhile, or where there is none.
func (b *building) overlay(work string) (string, error) {
	text := filepath.Join(work, filepath.Base(b.path)) // the compiler names this one
	if err := os.WriteFile(text, b.text, 0o644); err != nil {
		return "", err
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {b.path: text}})
	if err != nil {
		return "", err
	}
	file := filepath.Join(work, "overlay.json")
	return file, os.WriteFile(file, list, 0o644)
}

// output runs the go command in the module's folder. What it says against the
// script is a *CompileError.
func output(ctx context.Context, module, goCommand string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, goCommand, args...)
	cmd.Dir = module
	// The module is complete as it is: a person's own workspace, vendor folder or
	// flags must not change what is built.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off", "PWD="+module)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.As(err, &exit) && strings.Contains(stderr.String(), "# command-line-arguments"):
		return "", &CompileError{stderr.String()}
	case err != nil:
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return string(out), nil
}

func key(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d %s\n", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// keptPrograms bounds the cache: a program takes about 30 MB.
const keptPrograms = 20

// prune removes all but the programs that were used last.
func prune(folder string, keep int) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	type used struct {
		name string
		at   time.Time
	}
	var all []used
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			all = append(all, used{e.Name(), info.ModTime()})
		}
	}
	slices.SortFunc(all, func(a, b used) int { return b.at.Compare(a.at) })
	for _, old := range all[min(keep, len(all)):] {
		if err := os.RemoveAll(filepath.Join(folder, old.name)); err != nil {
			return fmt.Errorf("remove an old program: %w", err)
		}
	}
	return nil
}
