package cells

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cogumi/reports/run"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment"
)

// The test binary is its own child.
const childArg = "__cells"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		if err := launch.RecordCrashes(); err != nil {
			os.Exit(9)
		}
		experiment.SetArgs(nil)
		err := Serve(os.NewFile(launch.SessionIn, "in"), os.NewFile(launch.SessionOut, "out"), Options{
			Grace: func(d time.Duration) bool { return d < 300*time.Millisecond },
			Begin: func() error { _, err := experiment.StartScript(""); return err },
		})
		if err != nil {
			os.Exit(8)
		}
		os.Exit(experiment.Close(nil))
	}
	os.Exit(m.Run())
}

// hosted is a session in a process, and what it said.
type hosted struct {
	*Host
	t    *testing.T
	mu   sync.Mutex
	late []Event
}

func begin(t *testing.T) *hosted {
	h := &hosted{t: t}
	var err error
	h.Host, err = Begin(launch.Config{Script: &stage.Script{Name: "repl"}, Root: t.TempDir(), Program: os.Args[0], ProgramArgs: []string{childArg}, Quiet: true},
		func(e Event) { h.mu.Lock(); h.late = append(h.late, e); h.mu.Unlock() })
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// do runs a piece and tells in one line how it went.
func (h *hosted) do(ctx context.Context, src string) string {
	h.t.Helper()
	var parts []string
	out, err := h.Eval(ctx, "In[1]", src, func(e Event) {
		switch e.Kind {
		case "value":
			parts = append(parts, "= "+e.Value.Text)
		default: // a stream comes in pieces of any size
			if n := len(parts) - 1; n >= 0 && strings.HasPrefix(parts[n], e.Kind) {
				parts[n] += e.Text
				return
			}
			parts = append(parts, e.Kind+" "+e.Text)
		}
	})
	var died *ErrDied
	if errors.As(err, &died) {
		parts = append(parts, "died: "+died.Failure.Message)
	} else if err != nil {
		h.t.Fatal(err)
	}
	for _, d := range out.Diagnostics {
		parts = append(parts, d.Message)
	}
	if out.Interrupted {
		parts = append(parts, "interrupted")
	}
	if out.Busy {
		parts = append(parts, "and still busy")
	}
	if out.Exit != nil {
		parts = append(parts, fmt.Sprint("exit ", *out.Exit))
	}
	return strings.Join(parts, " | ")
}

// TestProcess is one session that things are done to.
func TestProcess(t *testing.T) {
	h := begin(t)
	for _, step := range []struct{ src, want string }{
		{"x := 40", ""},
		{`fmt.Println("a"); x + 2`, "stdout a\n | = 42"},
		{`fmt.Fprintln(os.Stderr, "e"); xs := []int{}`, "stderr e\n"},
		{`fmt.Print("ü", "\xc3"); fmt.Print("\xbc")`, "stdout üü"},
		{`panic("no")`, "no"},
		{"os.Exit(3)", "exit 3"},
		{"x", "= 40"},
		{`os.Stdout.Close(); fmt.Println("lost")`, ""},
		{`fmt.Println("back")`, "stdout back\n"},
		{`experiment.Current().Dir() != ""`, "= true"},
		{"x + y", "undefined: y"},
	} {
		if got := h.do(t.Context(), step.src); got != step.want {
			t.Errorf("%s\n got %q\nwant %q", step.src, got, step.want)
		}
	}
	for _, hang := range []string{"for {}", "select {}", "time.Sleep(time.Hour)"} {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if got := h.do(ctx, hang); got != "interrupted" {
			t.Errorf("%s: %q", hang, got)
		}
		cancel()
		if got := h.do(t.Context(), "x"); got != "= 40" {
			t.Errorf("after %s: %q", hang, got)
		}
	}
	never, cancel := context.WithCancel(t.Context())
	cancel()
	if got := h.do(never, "x = 0"); got != "interrupted" {
		t.Errorf("a piece that was given up before it began: %q", got)
	}
	if got := h.do(t.Context(), "x"); got != "= 40" {
		t.Errorf("x = %q: the piece ran all the same", got)
	}
	out, err := h.Close()
	if err != nil || out.Run.State() != run.Done || out.Code != 0 {
		t.Errorf("closed: %+v, %v", out, err)
	}
}

// TestProcessDies: pieces that take the process with them cost the values, not the
// run; the next piece runs.
func TestProcessDies(t *testing.T) {
	h := begin(t)
	h.do(t.Context(), "x := 1")
	got := h.do(t.Context(), `time.AfterFunc(0, func() { panic("boom") }); select {}`)
	if got != "died: panic: boom" {
		t.Errorf("a panic on a goroutine of the host's: %q", got)
	}
	done := make(chan string)
	go func() { done <- h.do(t.Context(), `fmt.Println("on"); select {}`) }()
	time.Sleep(200 * time.Millisecond)
	h.Kill()
	if got := <-done; !strings.Contains(got, "died: ended at once, with all values") {
		t.Errorf("killed: %q", got)
	}
	if got := h.do(t.Context(), "x"); got != "undefined: x" {
		t.Errorf("in the new process x is %q", got)
	}
	if got := h.do(t.Context(), "x := 2; x"); got != "= 2" {
		t.Errorf("the new process: %q", got)
	}
	out, err := h.Close()
	if err != nil || out.Run.State() != run.Done {
		t.Errorf("closed: %+v, %v", out, err)
	}
}

// TestInterruptRaces interrupts pieces at every moment of their lives; the session
// answers the next one each time.
func TestInterruptRaces(t *testing.T) {
	h := begin(t)
	h.do(t.Context(), "n := 0")
	for i := range 40 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*300*time.Microsecond)
		h.do(ctx, "for range 2000 { n++ }")
		cancel()
		if got := h.do(t.Context(), "7"); got != "= 7" {
			t.Fatalf("after interrupt %d: %q", i, got)
		}
	}
	if _, err := h.Close(); err != nil {
		t.Error(err)
	}
}
