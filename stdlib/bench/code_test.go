package bench

import (
	"errors"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/experiment/experimenttest"
	"cogumi/stdlib/sandbox"
)

func needSandbox(t testing.TB) {
	t.Helper()
	if err := sandbox.Available(); errors.Is(err, sandbox.ErrUnsupported) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
}

// All of the data sets' own solutions pass, and no program that does nothing does:
// with -full all 164 and 499 of 500, a minute on 2 cores.
func TestGate(t *testing.T) {
	needSandbox(t)
	for _, name := range []string{"humaneval", "humaneval_instruct", "mbpp", "mbpp_instruct"} {
		task, _ := taskNamed(name)
		l := &loader{dir: golden.Dir(t, "data"), shots: task.shots}
		if !*full {
			l.limit = 30
		}
		questions, err := task.load(l)
		if err != nil {
			t.Fatal(err)
		}
		s := &suite{task: task, exp: experimenttest.Start(t), questions: questions}
		if err := s.gate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A gate that finds something says what, and there is no score.
func TestGateFails(t *testing.T) {
	needSandbox(t)
	task, _ := taskNamed("humaneval")
	good := question{task: "humaneval", before: "def f(x):\n", target: "def check(f):\n    assert f(1) == 2\ncheck(f)", canonical: "    return x + 1\n"}
	for _, c := range []struct {
		change func(q *question)
		want   string
	}{
		{func(q *question) {}, ""},
		{func(q *question) { q.canonical = "    return x\n" }, "known solution of humaneval row 0 fails: AssertionError"},
		{func(q *question) { q.target = "def check(f): pass\ncheck(f)" }, "does nothing passes humaneval row 0"},
	} {
		q := good
		c.change(&q)
		s := &suite{task: task, exp: experimenttest.Start(t), questions: []*question{&q}}
		if err := s.gate(); c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}

// What does not come to the end of its tests has not passed them.
func TestPrograms(t *testing.T) {
	needSandbox(t)
	const test = "\nassert f(1) == 2"
	for _, c := range []struct {
		name, code string
		right      bool
		reason     string
	}{
		{"right", "def f(x): return x + 1", true, ""},
		{"wrong", "def f(x): return x", false, "AssertionError"},
		{"exits", "def f(x): return x\nimport sys; sys.exit(0)", false, "ended before its tests"},
		{"exits hard", "import os; os._exit(0)", false, "ended before its tests"},
		{"writes to the report", "import os; os.write(3, b'word'); os._exit(0)", false, "ended before its tests"},
		{"is no Python", "def f(x) return", false, "SyntaxError"},
		{"unclosed", "'''", false, "SyntaxError"},
		{"a main part that does not run", "def f(x): return x + 1\nif __name__ == '__main__': 1/0", true, ""},
		{"takes input", "def f(x): return x + 1\ninput()", false, "EOFError"},
		{"carriage returns", "def f(x):\r\n  return x + 1\r\n", true, ""},
		{"future", "from __future__ import annotations\ndef f(x: int): return x + 1", true, ""},
		{"no UTF-8", "def f(x): return x + 1 # \xff", true, ""},
	} {
		got, err := runAll(t.Context(), []string{c.code + test})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Right != c.right || !strings.Contains(got[0].Reason, c.reason) {
			t.Errorf("%s: %+v", c.name, got[0])
		}
	}
}
