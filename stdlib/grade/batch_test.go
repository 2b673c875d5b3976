package grade

import (
	"strings"
	"testing"

	"cogumi/stdlib/experiment"
)

// Programs that share a sandbox come out as they do alone, whatever their
// neighbours do.
func TestNeighbours(t *testing.T) {
	needSandbox(t)
	const right = "def solve(x):\n    return 2*x + 1"
	for _, c := range []struct{ name, code, verdict, reason string }{
		{"kills its parent", "import os\nos.kill(os.getppid(), 9)\n" + right, Wrong, "raised PermissionError"},
		{"stops its parent's time", "import os, signal\nos.kill(os.getppid(), signal.SIGALRM)\n" + right, Wrong, "raised PermissionError"},
		{"leaves a module", "with open('fractions.py', 'w') as f: f.write('1/0')\n" + right, Right, ""},
		{"hides a module", "import os\nos.makedirs('decimal')\n" + right, Right, ""},
		{"changes the folder", "import os\nos.mkdir('x')\nos.chdir('x')\n" + right, Right, ""},
		{"takes the processor", "while True: pass", Wrong, "timed out"},
		{"is killed", "import os\nos.kill(0, 9)", Wrong, "killed by SIGKILL"},
		{"floods the report", "import os\nfor fd in range(3, 64):\n    try: os.write(fd, b'0 pass \\n1 pass \\n' * 100)\n    except OSError: pass\ndef solve(x): return 0", Wrong, "is false"},
		{"wants threads", "import threading\nr = []\ndef solve(x):\n    t = threading.Thread(target=lambda: r.append(2*x + 1))\n    t.start(); t.join()\n    return r.pop()", Right, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			codes := []string{c.code}
			for i := range 6 {
				codes = append(codes, "from fractions import Fraction\nfrom decimal import Decimal\ndef solve(x):\n    return int(Fraction(2*x) + int(Decimal(1))) # "+c.name+strings.Repeat("#", i))
			}
			s := mustCheck(t, codeRows(codes...))
			if it := s.Items[0]; it.Verdict != c.verdict || !strings.Contains(it.Reason, c.reason) {
				t.Errorf("it: %s because %q; want %s because %q", it.Verdict, it.Reason, c.verdict, c.reason)
			}
			for i, it := range s.Items[1:] {
				if it.Verdict != Right {
					t.Errorf("neighbour %d: %s because %q", i, it.Verdict, it.Reason)
				}
			}
		})
	}
}

func TestSettled(t *testing.T) {
	for _, c := range []struct {
		code, kind string
		want       bool
	}{
		{"import os", kindPass, true},
		{"x = 1", "false", true},
		{"x = 1", "raised", true},
		{"while True: pass", kindLate, true},
		{"import threading", "raised", false},
		{"open('x')", "false", false},
		{"x = 1", kindDied, false},
		{"x = 1", "", false},
	} {
		if got := settled(c.code, finding{kind: c.kind}); got != c.want {
			t.Errorf("%q of %q: %t", c.kind, c.code, got)
		}
	}
}

// BenchmarkCode is what grading a program costs, one fresh program an operation.
func BenchmarkCode(b *testing.B) {
	needSandbox(b)
	var jobs []job
	for i := range b.N {
		jobs = append(jobs, job{"def solve(x):\n    return 2*x + 1" + strings.Repeat(" ", i), five})
	}
	p := &programs{ctx: b.Context(), run: experiment.Current(), findings: map[job]finding{}, broken: map[job]error{}}
	b.ResetTimer()
	if err := p.do("running programs", jobs); err != nil {
		b.Fatal(err)
	}
	for _, j := range jobs {
		if !p.findings[j].passed() {
			b.Fatal(p.findings[j])
		}
	}
}
