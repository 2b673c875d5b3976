package grade

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/sandbox"
)

const five = `["solve(2)==5", "solve(0)==1"]`

// traps are answers to the exercise "2x + 1", and what is to be said of them.
var traps = []struct {
	name, code      string
	verdict, reason string // reason: contained
}{
	{"right", "def solve(x):\n    return 2*x + 1", Right, ""},
	{"right in a fence", "Sure!\n```python\ndef solve(x):\n    return 2*x + 1\n```\nDone.", Right, ""},
	{"right and talkative", "print('FAILED')\ndef solve(x):\n    print('no')\n    return 2*x + 1", Right, ""},
	{"right with an unused main", "def solve(x):\n    return 2*x + 1\nif __name__ == '__main__':\n    print(solve(int(input())))", Right, ""},
	{"right as a lambda", "solve = lambda x: 2*x + 1", Right, ""},
	{"right as a class", "class S:\n    def __call__(self, x): return 2*x + 1\nsolve = S()", Right, ""},
	{"right as a dataclass", "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int\ndef solve(x):\n    return P(2*x+1).x", Right, ""},
	{"right with future annotations", "from __future__ import annotations\ndef solve(x: Unknown) -> Unknown:\n    return 2*x + 1", Right, ""},
	{"right and float", "def solve(x):\n    return 2.0*x + 1", Right, ""},
	{"right with a thread left", "import threading, time\nthreading.Thread(target=time.sleep, args=(1000,)).start()\ndef solve(x):\n    return 2*x + 1", Right, ""},
	{"right and says goodbye", "import atexit\natexit.register(lambda: 1/0)\ndef solve(x):\n    return 2*x + 1", Right, ""},
	{"right with standard output closed", "import sys, os\nsys.stdout.close(); os.close(1) if False else None\ndef solve(x):\n    return 2*x + 1", Right, ""},
	{"right with a global of its own", "found = token = jobs = 3\ndef solve(x):\n    return 2*x + 1", Right, ""},
	{"wrong", "def solve(x):\n    return 2*x", Wrong, "solve(2)==5 is false"},
	{"half wrong", "def solve(x):\n    return 5", Wrong, "solve(0)==1 is false"},
	{"stub", "def solve(x):\n    pass", Wrong, "is false"},
	{"raises inside", "def solve(x):\n    return x / 0", Wrong, "solve(2)==5 raised ZeroDivisionError: division by zero"},
	{"raises at once", "import nothing_like_this", Wrong, "the program raised ModuleNotFoundError"},
	{"other name", "def solved(x):\n    return 2*x + 1", Wrong, "raised NameError"},
	{"other arguments", "def solve():\n    return 5", Wrong, "raised TypeError"},
	{"no program", "The answer is 2x + 1.", Wrong, "does not compile: SyntaxError"},
	{"empty", "", Wrong, "raised NameError"},
	{"half a program", "def solve(x):\n    return (2*x", Wrong, "does not compile"},
	{"NUL", "def solve(x):\n    return 2*x + 1\x00", Wrong, "does not compile"},
	{"exits", "import sys\ndef solve(x):\n    sys.exit(0)", Wrong, "raised SystemExit"},
	{"exits at once", "import sys\nsys.exit(0)", Wrong, "the program raised SystemExit"},
	{"leaves", "import os\nos._exit(0)", Wrong, "ended before its checks, with exit code 0"},
	{"leaves inside", "import os\ndef solve(x):\n    os._exit(0)", Wrong, "ended before its checks, with exit code 0"},
	{"kills itself", "import os\nos.kill(os.getpid(), 9)", Wrong, "killed by SIGKILL"},
	{"crashes", "import ctypes\nctypes.string_at(0)", Wrong, "killed by SIGSEGV"},
	{"recursion", "def solve(x):\n    return solve(x)", Wrong, "raised RecursionError"},
	{"endless", "while True: pass", Wrong, "timed out"},
	{"endless inside", "def solve(x):\n    while True: pass", Wrong, "timed out"},
	{"memory", "def solve(x):\n    return [0] * (1 << 40)", Wrong, "raised MemoryError"},
	{"asks", "def solve(x):\n    return int(input())", Wrong, "raised EOFError"},
	{"prints a pass", "print('pass')\nprint('x 0 0 pass ')\nimport os\nfor fd in range(1, 64):\n    try: os.write(fd, b'x 0 0 pass \\nx 0 1 pass \\n')\n    except OSError: pass\nos._exit(0)", Wrong, ""},
	{"is equal to all", "class E:\n    def __eq__(self, other): return True\ndef solve(x): return E()", Wrong, "equal to everything"},
	{"a number equal to all", "class E(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef solve(x): return E()", Wrong, "equal to everything"},
	{"replaces builtins", "import builtins\nfor n in ('eval', 'exec', 'compile', 'bool', 'type', 'isinstance', 'len', 'str', 'list', 'enumerate'):\n    setattr(builtins, n, lambda *a, **k: True)\ndef solve(x): return 0", Wrong, ""},
	{"replaces posix", "import posix, os, sys\nposix._exit = os._exit = lambda n: None\nposix.write = os.write = lambda *a: 0\nsys.exit = None\ndef solve(x): return 2*x", Wrong, "is false"},
	{"looks around", "import sys\nf = sys._getframe()\nwhile f:\n    for k, v in list(f.f_locals.items()):\n        if isinstance(v, (str, bytes)) and len(v) == 26: solve = lambda x: 2*x+1\n    f = f.f_back", Wrong, "raised NameError"},
	{"traces", "import sys\ndef tracer(*a):\n    return tracer\nsys.settrace(tracer)\ndef solve(x): return 2*x", Wrong, "is false"},
	{"forks", "import os\nos.fork()\ndef solve(x): return 2*x + 1", Wrong, "raised"},
	{"network", "import socket\nsocket.create_connection(('127.0.0.1', 22))", Wrong, "raised"},
}

func codeRows(codes ...string) *dataset.Answers {
	a := &dataset.Answers{Set: &dataset.Set{Name: "traps"}, Model: "m"}
	for _, c := range codes {
		a.Set.Rows = append(a.Set.Rows, dataset.Row{Category: "code", Answer: five, Output: "def solve(x):\n    return x*2 + 1"})
		a.List = append(a.List, dataset.Answer{Text: c})
	}
	return a
}

func mustCheck(t *testing.T, a *dataset.Answers) *Sheet {
	t.Helper()
	s, err := check(experiment.Current(), a)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTraps(t *testing.T) {
	needSandbox(t)
	var codes []string
	for _, c := range traps {
		codes = append(codes, c.code)
	}
	s := mustCheck(t, codeRows(codes...))
	for i, c := range traps {
		it := s.Items[i]
		if it.Verdict != c.verdict || !strings.Contains(it.Reason, c.reason) || (it.Reason == "") != (c.verdict == Right) {
			t.Errorf("%s: %s because %q; want %s because %q", c.name, it.Verdict, it.Reason, c.verdict, c.reason)
		}
	}
}

// Rows that cannot tell right from wrong have no verdict.
func TestRowsThatCannotBeGraded(t *testing.T) {
	needSandbox(t)
	right := "def solve(x):\n    return 2*x + 1"
	for _, c := range []struct{ name, answer, output, text, reason string }{
		{"no checks", "", right, right, "not a JSON list"},
		{"no list", "solve(2)==5", right, right, "not a JSON list"},
		{"numbers", "[1]", right, right, "not a JSON list"},
		{"empty list", "[]", right, right, "no expression"},
		{"checks nothing", `["1 == 1", "True"]`, right, right, "pass without any program"},
		{"own solution fails", five, "def solve(x):\n    return 0", "def solve(x):\n    return 1", "own solution fails: solve(2)==5 is false"},
		{"own solution hangs", five, "while True: pass", "def solve(x):\n    return 1", "own solution fails: timed out"},
	} {
		a := codeRows(c.text)
		a.Set.Rows[0].Answer, a.Set.Rows[0].Output = c.answer, c.output
		if it := mustCheck(t, a).Items[0]; it.Verdict != Unsupported || !strings.Contains(it.Reason, c.reason) {
			t.Errorf("%s: %s because %q", c.name, it.Verdict, it.Reason)
		}
	}
	a := codeRows(right, "def solve(x):\n    return 1", right)
	a.Set.Rows[0].Output, a.Set.Rows[1].Output = "def solve(x):\n    return 0", ""
	a.Set.Rows[2].Answer = `["import math\nassert solve(math.floor(2.5)) == 5", "assert solve(0) == 1, 'no'"]`
	s := mustCheck(t, a)
	if s.Items[0].Verdict != Right || s.Items[1].Verdict != Wrong || s.Items[2].Verdict != Right {
		t.Errorf("right in spite of a bad solution: %+v; wrong without one: %+v; statements: %+v", s.Items[0], s.Items[1], s.Items[2])
	}
}

// The 164 solutions of HumanEval pass their tests, and 164 stubs fail.
func TestHumanEval(t *testing.T) {
	needSandbox(t)
	f, err := os.Open(filepath.Join(golden.Dir(t, "data/humaneval"), "HumanEval.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	a := &dataset.Answers{Set: &dataset.Set{Name: "HumanEval"}, Model: "solutions and stubs"}
	in := bufio.NewScanner(z)
	in.Buffer(nil, 1<<20)
	for in.Scan() {
		var r struct {
			Prompt, Test, Entry, Solution string
			EntryPoint                    string `json:"entry_point"`
			Canonical                     string `json:"canonical_solution"`
		}
		if err := json.Unmarshal(in.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		answer, err := json.Marshal([]string{r.Test + "\ncheck(" + r.EntryPoint + ")"})
		if err != nil {
			t.Fatal(err)
		}
		for _, body := range []string{r.Canonical, "    pass\n"} {
			a.Set.Rows = append(a.Set.Rows, dataset.Row{Category: "code", Answer: string(answer), Output: r.Prompt + r.Canonical})
			a.List = append(a.List, dataset.Answer{Text: "```python\n" + r.Prompt + body + "```"})
		}
	}
	s := mustCheck(t, a)
	if len(s.Items) != 328 || s.Right() != 164 || s.Wrong() != 164 {
		t.Errorf("%d items, %d right, %d wrong", len(s.Items), s.Right(), s.Wrong())
	}
	for i, it := range s.Items {
		if want := []string{Right, Wrong}[i%2]; it.Verdict != want {
			t.Errorf("item %d: %s because %s", i, it.Verdict, it.Reason)
		}
	}
}

// swap puts a sandbox in for a test.
func swap(t *testing.T, run func(context.Context, sandbox.Program) (sandbox.Result, error), can func() error) {
	t.Helper()
	oldRun, oldCan := runProgram, available
	runProgram, available = run, can
	t.Cleanup(func() { runProgram, available = oldRun, oldCan })
}

func TestWithoutSandbox(t *testing.T) {
	no := &sandbox.UnsupportedError{Reason: "no python3 found"}
	swap(t, func(context.Context, sandbox.Program) (sandbox.Result, error) { return sandbox.Result{}, no }, func() error { return no })
	a := codeRows("def solve(x):\n    return 2*x + 1", "nonsense")
	a.Set.Rows = append(a.Set.Rows, dataset.Row{Category: "math", Answer: "3", Output: "#### 3"})
	a.List = append(a.List, dataset.Answer{Text: "#### 3"})
	s := mustCheck(t, a)
	if s.Unsupported() != 2 || s.Right() != 1 || s.Wrong() != 0 || s.Accuracy() != 1 {
		t.Errorf("%+v", s.Total())
	}
	if !strings.Contains(s.Items[0].Reason, "no python3 found") {
		t.Errorf("reason %q", s.Items[0].Reason)
	}
}

// A sandbox that fails now and then says nothing about answers, and its verdicts
// are not kept.
func TestSandboxThatFails(t *testing.T) {
	needSandbox(t)
	a := codeRows("def solve(x):\n    return 2*x + 1 # the one", "def solve(x):\n    return 3 # another")
	swap(t, func(ctx context.Context, p sandbox.Program) (sandbox.Result, error) {
		if strings.Contains(p.Stdin, "the one") {
			return sandbox.Result{}, errors.New("no more processes")
		}
		return sandbox.Run(ctx, p)
	}, sandbox.Available)
	s := mustCheck(t, a)
	if s.Items[0].Verdict != Unsupported || !strings.Contains(s.Items[0].Reason, "no more processes") || s.Items[1].Verdict != Wrong {
		t.Errorf("%+v", s.Items)
	}
	runProgram = sandbox.Run
	if s := mustCheck(t, a); s.Items[0].Verdict != Right || s.Items[1].Verdict != Wrong {
		t.Errorf("with a sandbox that works again: %+v", s.Items)
	}
}

// A gate that does not open leaves no verdict.
func TestGate(t *testing.T) {
	swap(t, func(context.Context, sandbox.Program) (sandbox.Result, error) { return sandbox.Result{}, nil }, func() error { return nil })
	s := mustCheck(t, codeRows("def solve(x):\n    return 2*x + 1 # gate"))
	if s.Unsupported() != 1 || !strings.Contains(s.Items[0].Reason, "the gate failed") {
		t.Errorf("%+v", s.Items)
	}
}

// Equal answers run once, and what was graded is not graded again.
func TestProgramsRunOnce(t *testing.T) {
	needSandbox(t)
	runs := 0
	swap(t, func(ctx context.Context, p sandbox.Program) (sandbox.Result, error) {
		if strings.Contains(p.Stdin, "only once") {
			runs += strings.Count(p.Stdin, "only once")
		}
		return sandbox.Run(ctx, p)
	}, sandbox.Available)
	code := "def solve(x):\n    return 2*x + 1 # only once"
	a := codeRows(code, code, "```\n"+code+"\n```", code)
	for range 2 {
		if s := mustCheck(t, a); s.Right() != 4 {
			t.Errorf("%+v", s.Items)
		}
	}
	if runs > 2 { // with and without the fence's line end
		t.Errorf("%d runs", runs)
	}
}
