package script

import (
	"bytes"
	"context"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cogumi/kernels/golden"
	"cogumi/reports/run"
)

// quick holds, by experiment, arguments with which it takes seconds. An
// experiment that is not here is only checked. "@shared/…" is replaced by shared
// data, "@out" by a folder that is new for each of the two runs.
var quick = map[string][]string{
	"phase0_curate.go":            {"--in", "@shared/eval", "--balance", "even"},
	"judge_replay.go":             {"--annotations", "@shared/data/alpaca_eval/vicuna-7b/annotations.json.gz"},
	"phase1b_benchmark.go":        {"--rows", "@shared/eval", "--limit", "20"},
	"phase1b_extract.go":          {"--records", "@shared/data/cogumi-phase1b", "--out", "@out"},
	"phase1c_self_consistency.go": {"--rows", "@shared/eval", "--limit", "24", "--samples", "3"},
	"benchmarks.go":               {"--data", "@shared/data", "--tasks", "gsm8k,mmlu", "--shots", "-1", "--limit", "1"},
	"quick_check.go":              {},
	"phase1b_scaleup.go":          {"--pool", "@shared/pool", "--eval", "@shared/eval", "--epochs", "1", "--rank", "4"},
}

// TestExperiments runs each experiment interpreted and compiled and compares
// what they print.
func TestExperiments(t *testing.T) {
	root := repository(t)
	files, err := filepath.Glob(filepath.Join(root, "experiments", "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(src, []byte("//go:build ignore")) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			for _, d := range Check(file, src) {
				t.Errorf("%v", d)
			}
			args, ok := quick[name]
			if !ok || t.Failed() {
				return
			}
			if testing.Short() {
				t.Skip("takes seconds")
			}
			compare(t, root, file, args)
		})
	}
}

// TestScripts runs the scripts of testdata interpreted and compiled.
func TestScripts(t *testing.T) {
	root := repository(t)
	files, err := filepath.Glob(filepath.Join("testdata", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			abs, err := filepath.Abs(file)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, root, abs, scriptArgs[filepath.Base(file)])
		})
	}
}

// scriptArgs are the arguments of testdata's scripts that want some.
var scriptArgs = map[string][]string{
	"steps.go": {"--rows", "7", "--name=seven", "--loud", "rest"},
}

// compare runs a script both ways in the same state of the world.
func compare(t *testing.T, root, file string, args []string) {
	t.Helper()
	interpreted := hosted(t, root, file, fill(t, args))
	compiled := goRun(t, root, file, fill(t, args))
	if interpreted.code != compiled.code || somewhere(interpreted.stdout) != somewhere(compiled.stdout) {
		t.Errorf("interpreted: exit %d\n%s\n%s\ncompiled: exit %d\n%s\n%s", interpreted.code, interpreted.stdout, interpreted.stderr,
			compiled.code, compiled.stdout, compiled.stderr)
	}
}

// somewhere is a text whose paths in temporary folders are all the same.
func somewhere(text string) string {
	return regexp.MustCompile(regexp.QuoteMeta(os.TempDir())+`\S*`).ReplaceAllString(text, "PATH")
}

// hosted runs a script interpreted, in a prepared run folder.
func hosted(t *testing.T, root, file string, args []string) outcome {
	t.Helper()
	runs := t.TempDir()
	w, err := run.Create(runs, run.Info{Script: strings.TrimSuffix(filepath.Base(file), ".go"), Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	dir := w.Dir()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	env := []string{"COGUMI_RUNS=" + runs, "COGUMI_RUN_DIR=" + dir, "COGUMI_SCRIPT=" + file}
	return childIn(t, env, root, file, 5*time.Minute, args...)
}

func goRun(t *testing.T, root, file string, args []string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	bin := filepath.Join(t.TempDir(), "script")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, file)
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", file, err, out)
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "COGUMI_RUNS="+t.TempDir())
	return finish(ctx, cmd)
}

func fill(t *testing.T, args []string) []string {
	t.Helper()
	out := make([]string, len(args))
	for i, a := range args {
		switch {
		case a == "@out":
			a = t.TempDir()
		case a == "@shared/pool" || a == "@shared/eval":
			a = sample(t, golden.Dir(t, "data/tinyworld"), strings.TrimPrefix(a, "@shared/"))
		case strings.HasPrefix(a, "@shared/"):
			a = golden.Dir(t, strings.TrimPrefix(a, "@shared/"))
		}
		out[i] = a
	}
	return out
}

// sample writes the first rows of one of tinyworld's files, enough for the header's rows>=50.
func sample(t *testing.T, dir, which string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, which+"*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Skipf("no %s rows in %s", which, dir)
	}
	src, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(src, []byte("\n"))
	path := filepath.Join(t.TempDir(), which+".jsonl")
	if err := os.WriteFile(path, bytes.Join(lines[:min(len(lines), 60)], nil), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// repository is the root of the source tree, where scripts can be compiled.
func repository(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no Go toolchain")
	}
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestEditorsAccept holds every experiment to what editors and their tools say
// of it as it stands: gofmt, go vet, and the compiler's type check, which gopls shares.
func TestEditorsAccept(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	root := repository(t)
	files, err := filepath.Glob(filepath.Join(root, "experiments", "*.go"))
	if err != nil || len(files) < 5 {
		t.Fatalf("%v in %s: %v", files, root, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		formatted, err := format.Source(src)
		if err != nil || !bytes.Equal(formatted, src) {
			t.Errorf("gofmt would change %s: %v", name, err)
		}
		if out, err := tool(root, "go", "vet", file); err != nil || out != "" {
			t.Errorf("go vet %s: %v\n%s", name, err, out)
		}
		if gopls, err := exec.LookPath("gopls"); err == nil {
			if out, err := tool(root, gopls, "check", file); err != nil || out != "" {
				t.Errorf("gopls check %s: %v\n%s", name, err, out)
			}
		}
	}
}

func tool(dir, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}
