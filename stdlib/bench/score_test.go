package bench

import (
	"math"
	"testing"
)

// The figures of lm-evaluation-harness 0.4.13: mean_stderr, pooled_sample_stderr and
// unweighted_mean_stderr (lm_eval/api/metrics.py) on these counts.
func TestStandardErrors(t *testing.T) {
	parts := []tally{{10, 3}, {20, 15}, {7, 7}, {100, 26}}
	near := func(name string, got, want float64) {
		if math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	near("stderr", parts[0].stderr(), 0.15275252316519466)
	near("pooled", pooled(parts), 0.037107716212287)
	b := whole(Score{}, parts)
	near("score", b.Score, 51.0/137)
	near("its error", b.StdErr, 0.037107716212287)
	m := macro(Score{}, parts)
	near("macro", m.Score, (0.3+0.75+1+0.26)/4)
	near("its error", m.StdErr, 0.04686762523947051)
	if !(b.Low < b.Score && b.Score < b.High && b.Low >= 0 && b.High <= 1) {
		t.Errorf("%+v", b)
	}
	one := whole(Score{}, []tally{{1, 1}})
	if one.StdErr != 0 || one.Score != 1 || one.Low < 0.05 || one.Low > 0.06 || one.High != 1 {
		t.Errorf("one item: %+v", one)
	}
}

func TestBBHAnswer(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"So the answer is False.", "False"},
		{"So the answer is (A).\nmore the answer is B.", "(A)"},
		{"the answer is ", invalid},
		{"the answer is \nthe answer is yes!", "yes"},
		{"the answer is x", ""},
		{"The answer is 3.", invalid},
		{"so the answer is  [ ] .", "[ ]"},
		{"the answer is é€", "é"},
		{"the answer is the answer is 5.", "the answer is 5"},
		{"", invalid},
	} {
		if got := bbhAnswer(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFencedCode(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"def f(): pass\n```\nIt works.", " f(): pass"},
		{"python\nx = 1\n```", "x = 1"},
		{"x = 1", ""},
		{"```python\ny = 2\n```", ""},
		{"\nz = 3\n\n```python\nw\n```", "z = 3\n"},
	} {
		if got := fencedCode(c.text); got != c.want {
			t.Errorf("%q: %q, want %q", c.text, got, c.want)
		}
	}
}
