package script

import (
	"bytes"
	"go/build/constraint"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// minGoRight is how many of the Go distribution's own test programs must be
// interpreted right. The others are rejected, with a line and a reason.
const minGoRight = 700

// TestGoDistribution runs the programs of the Go distribution's test folder
// that begin with `// run`: they check themselves, and print what the file
// NAME.out holds, or nothing. It takes minutes, and is asked for with
// COGUMI_GO_TESTS=1 or, to have one folder or file of it, =GLOB.
func TestGoDistribution(t *testing.T) {
	which := os.Getenv("COGUMI_GO_TESTS")
	if which == "" {
		t.Skip("takes minutes: set COGUMI_GO_TESTS=1")
	}
	dir := distribution(t)
	count := map[string]int{}
	for _, file := range runnable(t, dir) {
		if ok, err := filepath.Match(which, file); which != "1" && !ok {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(file, ".go")+".out"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		began := time.Now()
		o := child(t, filepath.Dir(filepath.Join(dir, file)), filepath.Base(file), time.Minute)
		v := distributionVerdict(string(want), o)
		count[v]++
		switch v {
		case "different", "timeout":
			t.Errorf("%s: %s (exit %d, %v)\nwant %.2000q\ngot  %.2000q\n%.2000s", file, v, o.code, time.Since(began).Round(time.Millisecond), want, o.stdout, o.stderr)
		case "rejected":
			t.Logf("%s: rejected: %s", file, o.stderr)
		}
	}
	t.Logf("right %d, rejected %d, different %d, timeout %d", count["right"], count["rejected"], count["different"], count["timeout"])
	if which == "1" && count["right"] < minGoRight {
		t.Errorf("%d right, want at least %d", count["right"], minGoRight)
	}
}

func distributionVerdict(want string, o outcome) string {
	unsupported := strings.Contains(o.stderr, "cannot do here what compiled Go does")
	switch {
	case o.timeout:
		return "timeout"
	case o.code == exitRejected && o.stdout == "", o.code == exitFailed && unsupported:
		return "rejected"
	case o.code == 0 && o.stdout+o.stderr == want:
		return "right"
	}
	return "different"
}

// distribution is the test folder of the toolchain's source.
func distribution(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skip("no Go toolchain")
	}
	dir := filepath.Join(strings.TrimSpace(string(out)), "test")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("this Go toolchain came without its test folder")
	}
	return dir
}

// runnable are the programs of one file that run on this machine and import
// nothing but what scripts may.
func runnable(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || !strings.HasSuffix(path, ".go") {
			return err
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err == nil && wanted(src) && importable(path, src) {
			files = append(files, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func wanted(src []byte) bool {
	header, _, _ := bytes.Cut(src, []byte("\npackage "))
	run := false
	for i, line := range strings.Split(string(header), "\n") {
		if i == 0 {
			run = line == "// run"
		}
		if expr, err := constraint.Parse(line); err == nil && !expr.Eval(tag) {
			return false
		}
	}
	return run
}

func tag(s string) bool {
	return s == runtime.GOOS || s == runtime.GOARCH || s == "unix" || s == "gc" || strings.HasPrefix(s, "go1.")
}

func importable(path string, src []byte) bool {
	for _, d := range Check(path, src) {
		if strings.HasPrefix(d.Message, "import ") {
			return false
		}
	}
	return true
}
