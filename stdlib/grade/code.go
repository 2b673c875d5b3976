package grade

import (
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"cogumi/stdlib/sandbox"
)

//go:embed harness.py
var harness string

// job is a program with what is to be true of it. Equal jobs are run once.
type job struct {
	code   string
	checks string // JSON list, as the row has it
}

// How programs are run; tests put in machines without a sandbox.
var (
	runProgram = sandbox.Run
	available  = sandbox.Available
)

// The limits are far above what right answers need: slow is not wrong.
var limits = sandbox.Limits{CPU: 5 * time.Second, Wall: 30 * time.Second, Memory: 1 << 30, Output: 64 << 10}

// checksOf reads a row's list of Python expressions.
func checksOf(answer string) ([]string, error) {
	var list []string
	if err := json.Unmarshal([]byte(answer), &list); err != nil {
		return nil, fmt.Errorf("the row's answer is not a JSON list of Python expressions: %w", err)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("the row's answer has no expression to check")
	}
	return list, nil
}

// finding is what the harness says of one job.
type finding struct {
	kind   string // of the first check that did not pass, or pass; empty: nothing is known
	reason string // why it did not pass
}

// What a finding can be, beside what harness.py says of a check.
const (
	kindPass = "pass"
	kindLate = "late" // its time was up
	kindDied = "died" // the program ended before its checks
)

func (f finding) passed() bool { return f.kind == kindPass }

// runJobs runs jobs in one program, one after the other. With forkSeconds, each is
// a process of its own and has so many seconds; otherwise a job that ends the
// program or uses up its time spoils those after it. The error is the sandbox's.
func runJobs(ctx context.Context, jobs []job, l sandbox.Limits, forkSeconds int) ([]finding, sandbox.Result, error) {
	input, token, counts, err := harnessInput(jobs, forkSeconds)
	if err != nil {
		return nil, sandbox.Result{}, err
	}
	r, err := runProgram(ctx, sandbox.Program{Code: harness, Stdin: input, Limits: l})
	if err != nil {
		return nil, r, err
	}
	return readFindings(r.Report, token, jobs, counts), r, nil
}

// harnessInput is what the harness reads. JSON's lists of strings, as this package
// writes them, are Python's too.
func harnessInput(jobs []job, forkSeconds int) (input, token string, counts []int, err error) {
	list := make([][2]any, len(jobs))
	counts = make([]int, len(jobs))
	for i, j := range jobs {
		checks, err := checksOf(j.checks)
		if err != nil {
			return "", "", nil, err
		}
		list[i], counts[i] = [2]any{j.code, checks}, len(checks)
	}
	b, err := json.Marshal(list)
	if err != nil {
		return "", "", nil, err
	}
	token = rand.Text()
	return fmt.Sprintf("%-16d%-16d%-16d%s%s", len(b), len(token), forkSeconds, b, token), token, counts, nil
}

// readFindings gives what the lines with the token say. A job has passed when each
// of its checks has a line that says so, and no line says anything else.
func readFindings(report, token string, jobs []job, counts []int) []finding {
	found := make([]finding, len(jobs))
	passed := make([]int, len(jobs))
	for line := range strings.Lines(report) {
		f := strings.SplitN(strings.TrimSuffix(line, "\n"), " ", 5)
		if len(f) != 5 || f[0] != token {
			continue
		}
		n, err1 := strconv.Atoi(f[1])
		check, err2 := strconv.Atoi(f[2])
		if err1 != nil || err2 != nil || n < 0 || n >= len(jobs) || check < 0 || check >= counts[n] {
			continue
		}
		kind := f[3]
		if kind == kindDied && ofCPU(f[4]) {
			kind = kindLate
		}
		if kind == kindPass {
			passed[n]++
		} else if found[n].kind == "" {
			found[n] = finding{kind, explain(kind, f[4], check, jobs[n].checks)}
		}
	}
	for i := range found {
		if found[i].kind == "" && passed[i] == counts[i] {
			found[i].kind = kindPass
		}
	}
	return found
}

// ofCPU says whether a wait status, as Linux writes it, is that of the limit on CPU.
func ofCPU(status string) bool {
	const sigXCPU = 24
	n, err := strconv.Atoi(status)
	return err == nil && n&0x7f == sigXCPU
}

// explain is the reason in words, the same every time.
func explain(kind, text string, check int, checks string) string {
	switch kind {
	case "syntax":
		return "the program does not compile: " + text
	case "raised":
		return "the program raised " + text
	case kindLate:
		return timedOut
	case kindDied:
		return "the program died"
	}
	list, err := checksOf(checks)
	if err != nil {
		return err.Error()
	}
	expression := shorten(list[check])
	switch kind {
	case "false":
		return expression + " is false"
	case "trick":
		return expression + " is true of a value that is equal to everything"
	}
	return expression + " raised " + text
}

var timedOut = fmt.Sprintf("timed out (limits: %g s of CPU, %g s)", limits.CPU.Seconds(), limits.Wall.Seconds())

// runJob runs one program in a sandbox of its own and says what came of it.
func runJob(ctx context.Context, j job) (finding, error) {
	found, r, err := runJobs(ctx, []job{j}, limits, 0)
	if err != nil {
		return finding{}, err
	}
	f := found[0]
	switch {
	case f.kind != "":
		return f, nil
	case r.TimedOut:
		return finding{kindLate, timedOut}, nil
	case r.MemoryExceeded:
		return finding{kindDied, fmt.Sprintf("ran out of memory (limit: %d MiB)", limits.Memory>>20)}, nil
	case r.Signal != "":
		return finding{kindDied, "the program was killed by " + r.Signal}, nil
	}
	return finding{kindDied, fmt.Sprintf("the program ended before its checks, with exit code %d", r.ExitCode)}, nil
}

// passOnNothing says for each list of checks whether an empty program passes it:
// then it checks nothing.
func passOnNothing(ctx context.Context, checks []string) (map[string]bool, error) {
	passes := map[string]bool{}
	const most = 200
	for len(checks) > 0 {
		n := min(most, len(checks))
		if err := emptyProgram(ctx, checks[:n], passes); err != nil {
			return nil, err
		}
		checks = checks[n:]
	}
	return passes, nil
}

// emptyProgram checks a batch at once, and in halves if one of them breaks it.
func emptyProgram(ctx context.Context, checks []string, passes map[string]bool) error {
	jobs := make([]job, len(checks))
	for i, c := range checks {
		jobs[i] = job{checks: c}
	}
	found, r, err := runJobs(ctx, jobs, limits, 0)
	switch {
	case err != nil:
		return err
	case r.OK():
		for i, f := range found {
			passes[checks[i]] = f.passed()
		}
		return nil
	case len(checks) == 1:
		return nil
	}
	half := len(checks) / 2
	if err := emptyProgram(ctx, checks[:half], passes); err != nil {
		return err
	}
	return emptyProgram(ctx, checks[half:], passes)
}

// gate runs a program that is right and one that is not. Where they do not come
// out as that, no verdict of the sandbox is worth anything.
func gate(ctx context.Context) error {
	const checks = `["solve(2)==5", "solve(0)==1"]`
	for _, g := range []struct {
		code string
		want bool
	}{
		{"def solve(x):\n    return x * 2 + 1", true},
		{"def solve(x):\n    pass", false},
	} {
		f, err := runJob(ctx, job{g.code, checks})
		if err != nil {
			return err
		}
		if f.passed() != g.want {
			return fmt.Errorf("the gate failed, a right program must pass and a stub must not: %q: %s", g.code, orElse(f.reason, "passed"))
		}
	}
	return nil
}
