//go:build amd64 || arm64

package sandbox

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// churn forks wherever it can, in every process, while parents end so that their
// children change hands: what counts processes sees few of them twice.
const churn = `
import os, random, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
main, end = os.getpid(), time.time() + 1.5
while time.time() < end:
    try:
        if os.fork() == 0: random.seed(os.getpid())
    except OSError:
        time.sleep(0.001)
    if os.getpid() != main and random.random() < 0.3:
        os._exit(0)
if os.getpid() == main: print('end', flush=True)
else: time.sleep(1000)
`

// A bomb never has many more processes than it may, and its end is the end of all.
func TestBombStaysSmall(t *testing.T) {
	inEveryWay(t, func(t *testing.T, tier string) {
		const tasks = 20
		over, most := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for {
				select {
				case <-over:
					most <- n
					return
				case <-time.After(5 * time.Millisecond):
					n = max(n, len(descendants(os.Getpid())))
				}
			}
		}()
		r, err := Run(t.Context(), Program{Code: churn, Limits: Limits{Tasks: tasks, Processes: true, Wall: 20 * time.Second}})
		close(over)
		n := <-most
		if err != nil || r.Stdout != "end\n" || !r.OK() {
			t.Errorf("%v: %s %q %s", err, r.String(), r.Stdout, r.Stderr)
		}
		if n > 2*tasks+2 || n < tasks/2 { // with the sandbox's own
			t.Errorf("%d processes at once, %d are allowed", n, tasks)
		}
		t.Logf("at most %d processes were seen at once", n)
		if left := sandboxes(t); left != "" {
			t.Errorf("still there: %s", left)
		}
	})
}

// A sandbox process that somebody kills is an error of the sandbox, within seconds, even
// when what the program started still holds its output open.
func TestKilledFromOutside(t *testing.T) {
	inEveryWay(t, func(t *testing.T, tier string) {
		done := make(chan error, 1)
		go func() {
			_, err := Run(t.Context(), Program{
				Code:   "import os, time\nif os.fork() == 0: os.setsid()\nprint('ready', flush=True)\ntime.sleep(60)",
				Limits: Limits{Processes: true, Wall: time.Minute},
			})
			done <- err
		}()
		var tree []string
		for began := time.Now(); len(tree) < 3 || tier == Namespaces && len(tree) < 4; time.Sleep(20 * time.Millisecond) {
			if tree = descendants(os.Getpid()); time.Since(began) > 20*time.Second {
				t.Fatalf("the program did not start: %v", tree)
			}
		}
		defer func() { // nobody is left to do it where there are no namespaces
			for _, pid := range tree {
				kill(t, pid)
			}
		}()
		if b, err := os.ReadFile("/proc/" + tree[1] + "/oom_score_adj"); tier == Confined && string(b) != "1000\n" {
			t.Errorf("the program is not the first to end when memory runs out: %q, %v", b, err)
		}
		began := time.Now()
		kill(t, tree[0])
		if err := <-done; err == nil || strings.Contains(err.Error(), "context") || time.Since(began) > 3*grace {
			t.Errorf("%v after %v", err, time.Since(began))
		}
	})
}

func kill(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil || n < 2 {
		t.Fatalf("process %q: %v", pid, err)
	}
	syscall.Kill(n, syscall.SIGKILL)
}
