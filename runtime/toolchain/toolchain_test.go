package toolchain

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var module = os.DirFS("../..")

func mustRead(t *testing.T) *Source {
	t.Helper()
	s, err := ReadSource(module)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func needGo(t *testing.T) string {
	t.Helper()
	path, err := Find()
	if err != nil {
		t.Skip(err)
	}
	return path
}

// TestSourceIsWhole: every file that the packages for scripts are built from is
// carried, so that they compile from what is unpacked.
func TestSourceIsWhole(t *testing.T) {
	goCommand := needGo(t)
	const list = `{{if and (not .Standard) .Module.Main}}{{range .GoFiles}}{{$.ImportPath}}/{{.}}
{{end}}{{range .SFiles}}{{$.ImportPath}}/{{.}}
{{end}}{{range .HFiles}}{{$.ImportPath}}/{{.}}
{{end}}{{range .EmbedFiles}}{{$.ImportPath}}/{{.}}
{{end}}{{end}}`
	cmd := exec.Command(goCommand, "list", "-deps", "-f", list, "./stdlib/...")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	s := mustRead(t)
	files := strings.Fields(string(out))
	if len(files) < 200 {
		t.Fatalf("only %d files", len(files))
	}
	for _, f := range files {
		if name := strings.TrimPrefix(f, "cogumi/"); s.files[name] == nil {
			t.Errorf("%s is not carried", name)
		}
	}
}

// TestSourceIsWhatMainEmbeds: the patterns of main.go take in all that is read from a checkout.
func TestSourceIsWhatMainEmbeds(t *testing.T) {
	goCommand := needGo(t)
	cmd := exec.Command(goCommand, "list", "-f", "{{range .EmbedFiles}}{{.}}\n{{end}}", ".")
	cmd.Dir = "../.."
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	embedded := map[string]bool{}
	for _, f := range strings.Fields(string(out)) {
		embedded[f] = true
	}
	for name := range mustRead(t).files {
		ext := filepath.Ext(name)
		if (ext == ".go" || ext == ".s" || ext == ".h") && !embedded[name] && !strings.HasPrefix(name, "kernels/cuda/src") {
			t.Errorf("main.go does not embed %s", name)
		}
	}
}

func TestBuildIsCached(t *testing.T) {
	needGo(t)
	t.Setenv("COGUMI_CACHE", t.TempDir())
	s := mustRead(t)
	path := filepath.Join(t.TempDir(), "hello.go")
	text := []byte("package main\n\nimport (\n\t_ \"cogumi/stdlib/model\"\n\n\t\"cogumi/stdlib/stats\"\n)\n\nfunc main() { low, _ := stats.Wilson(1, 2, 0.95); println(low < 0.5) }\n")
	program, err := s.Build(context.Background(), path, text)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(program).CombinedOutput()
	if err != nil || string(out) != "true\n" {
		t.Fatalf("%s %v", out, err)
	}
	before, _ := os.Stat(program)
	again, err := s.Build(context.Background(), path, text)
	if err != nil || again != program {
		t.Fatal(again, err)
	}
	if after, _ := os.Stat(program); after.ModTime() != before.ModTime() {
		t.Error("the same script was compiled twice")
	}
	_, err = s.Build(context.Background(), path, []byte("package main\n\nfunc main() { x := 1 }\n"))
	var refused *CompileError
	if !errors.As(err, &refused) || !strings.Contains(refused.Output, "hello.go:3:15: declared and not used: x") {
		t.Errorf("%v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Build(cancelled, path, []byte("package main\n")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestNoGo(t *testing.T) {
	if _, err := os.Stat("/usr/local/go/bin/go"); err == nil {
		t.Skip("Go lies where it is always found")
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv("GOROOT", "")
	if _, err := mustRead(t).Build(context.Background(), "x.go", nil); !errors.Is(err, ErrNoGo) {
		t.Errorf("%v", err)
	}
}

func TestMakeModule(t *testing.T) {
	goCommand := needGo(t)
	t.Setenv("COGUMI_CACHE", filepath.Join(t.TempDir(), "with space"))
	dir := t.TempDir()
	s := mustRead(t)
	if err := s.MakeModule(dir); err != nil {
		t.Fatal(err)
	}
	script, err := fs.ReadFile(module, "experiments/dedup.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "my.go"), script, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(goCommand, "vet", "my.go")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := s.MakeModule(dir); err != nil {
		t.Errorf("a second time: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module mine\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := s.MakeModule(dir); err == nil {
		t.Error("a go.mod of somebody else was replaced")
	}
}

func TestPruneKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := prune(dir, 2); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("%d left", len(entries))
	}
}
