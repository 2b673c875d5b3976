package script

import (
	"bytes"
	"context"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cogumi/runtime/script/generic"
	"cogumi/runtime/script/symbols"
)

// minGoRight is how many of the Go distribution's own test programs must be
// interpreted right. The others are rejected, with a line and a reason.
const minGoRight = 775

// slow names programs that compute for longer than the test waits, with what
// they do; they print nothing before they end.
var slow = map[string]string{
	"abi/fibish.go":           "fib(40), recursive: 331 million calls",
	"abi/uglyfib.go":          "fib(40), recursive: 331 million calls",
	"divmod.go":               "divisions of all 64-bit numbers with two bits set, in pairs",
	"copy.go":                 "a billion comparisons of bytes in slices",
	"fixedbugs/issue13169.go": "a million recursions 32 deep, each with an array of 1 KB",
	"fixedbugs/issue16249.go": "two million calls with a defer each, up to 1000 deep",
	"fixedbugs/issue79186.go": "51 million locked map accesses in 256 goroutines",
	"stack.go":                "a recursion 100,000 deep with a defer in each call",
}

// every says which programs belong to the part that runs with all tests.
const every = 7

// TestGoDistribution runs the programs of the Go distribution's test folder
// that begin with `// run`: they check themselves, and print what the file
// NAME.out holds, or nothing. All of them take minutes, and are asked for with
// COGUMI_GO_TESTS=1 or, to have one folder or file of it, =GLOB.
func TestGoDistribution(t *testing.T) {
	which := os.Getenv("COGUMI_GO_TESTS")
	if which == "" && testing.Short() {
		t.Skip("takes seconds")
	}
	dir := distribution(t)
	var files []string
	for i, file := range runnable(t, dir) {
		fits, err := filepath.Match(which, file)
		if err != nil {
			t.Fatalf("COGUMI_GO_TESTS: %v", err)
		}
		if which == "1" || fits || which == "" && i%every == 0 && slow[file] == "" {
			files = append(files, file)
		}
	}
	count := runDistribution(t, dir, files)
	t.Logf("%d programs: right %d, rejected %d, different %d, slow %d", len(files), count["right"], count["rejected"], count["different"], count["slow"])
	if which == "1" && count["right"] < minGoRight {
		t.Errorf("%d right, want at least %d", count["right"], minGoRight)
	}
}

func runDistribution(t *testing.T, dir string, files []string) map[string]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := map[string]int{}
	queue := make(chan string)
	for range min(runtime.GOMAXPROCS(0), 4) {
		wg.Go(func() {
			for file := range queue {
				v := runOne(t, dir, file)
				mu.Lock()
				count[v]++
				mu.Unlock()
			}
		})
	}
	for _, file := range files {
		queue <- file
	}
	close(queue)
	wg.Wait()
	return count
}

func runOne(t *testing.T, dir, file string) string {
	want, err := os.ReadFile(filepath.Join(dir, strings.TrimSuffix(file, ".go")+".out"))
	if err != nil && !os.IsNotExist(err) {
		t.Error(err)
	}
	began := time.Now()
	limit := 10 * time.Minute
	if slow[file] != "" {
		limit = 20 * time.Second
	}
	o := together(filepath.Dir(filepath.Join(dir, file)), filepath.Base(file), limit)
	v := distributionVerdict(file, string(want), o)
	switch v {
	case "different":
		t.Errorf("%s: different (exit %d, %v)\nwant %.2000q\ngot  %.4000q", file, o.code, time.Since(began).Round(time.Millisecond), want, o.stdout)
	case "rejected":
		t.Logf("%s: rejected: %.1000s", file, o.stdout)
	case "slow":
		t.Logf("%s: slow: %s", file, slow[file])
	}
	return v
}

// together runs a program with both outputs in one, as the recorded ones are.
func together(dir, file string, limit time.Duration) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, os.Args[0], file)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "SCRIPT_TEST_CHILD=1")
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	o := outcome{stdout: out.String(), timeout: ctx.Err() != nil}
	if err != nil {
		o.code = cmd.ProcessState.ExitCode()
	}
	return o
}

// rejection is how a rejected program's output begins: FILE:LINE:COLUMN: reason.
var rejection = regexp.MustCompile(`^[^\s:]+\.go:[1-9]\d*:[1-9]\d*: \S`)

func distributionVerdict(file, want string, o outcome) string {
	unsupported := strings.Contains(o.stdout, "cannot do here what compiled Go does")
	switch {
	case o.timeout && slow[file] != "" && o.stdout == "":
		return "slow"
	case o.timeout:
		return "different"
	case o.code == exitRejected && rejection.MatchString(o.stdout), o.code == exitFailed && unsupported:
		return "rejected"
	case o.code == 0 && o.stdout == want:
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
		if err == nil && wanted(src) && importable(src) {
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

func importable(src []byte) bool {
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.ImportsOnly)
	if err != nil {
		return false
	}
	for _, spec := range f.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil || symbols.Get(path) == nil && generic.Source(path) == "" {
			return false
		}
	}
	return true
}
