package experiment

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"cogumi/reports/run"
)

func TestBarFitsItsWidth(t *testing.T) {
	s := barState{name: "train", unit: "steps", note: "loss 0.431", done: 120, total: 266, rate: 3.14159, eta: 46 * time.Second, elapsed: 40 * time.Second}
	for width, want := range map[int][]string{
		120: {"train", "━", "45 %", "120/266 steps", "ETA 46 s", "3.14 steps/s", "loss 0.431"},
		80:  {"train", "45 %", "120/266 steps", "ETA 46 s", "3.14 steps/s", "loss 0.431"},
		50:  {"train", "45 %", "120/266 steps", "ETA 46 s"},
		38:  {"train", "45 %", "120/266 steps"},
	} {
		line := s.bar(width, false)
		if n := utf8.RuneCountInString(line); n > width-1 {
			t.Errorf("width %d: %d columns: %q", width, n, line)
		}
		for _, w := range want {
			if !strings.Contains(line, w) {
				t.Errorf("width %d lacks %q: %q", width, w, line)
			}
		}
		colours := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(s.bar(width, true), "")
		if colours != line {
			t.Errorf("width %d: colours change the text: %q, %q", width, colours, line)
		}
	}
	for width := range 200 {
		for done := range 12 {
			for _, total := range []int{0, 10} {
				s.done, s.total = done, total // also more than the total
				if n := utf8.RuneCountInString(s.bar(width, false)); n > max(width-1, 45) {
					t.Fatalf("width %d, %d of %d: %d columns", width, done, total, n)
				}
			}
		}
	}
}

func TestNumbersAndTimes(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.0 s", 320 * time.Millisecond: "0.3 s", 9960 * time.Millisecond: "10 s", 59 * time.Second: "59 s", 59600 * time.Millisecond: "1 min 00 s",
		72 * time.Second: "1 min 12 s", time.Hour - time.Millisecond: "1 h 00 min", 125 * time.Minute: "2 h 05 min", 75 * time.Hour: "3 d 03 h",
	} {
		if got := duration(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for v, want := range map[float64]string{0.0312: "0.031", 3.14159: "3.14", 31.4: "31.4", 314.9: "315", 1234567: "1,234,567", 0: "0"} {
		if got := number(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1000: "-1,000", -100: "-100", 1234567: "1,234,567"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func TestWrap(t *testing.T) {
	got := wrap("one two three four five six seven\n\nnext", 20)
	want := []string{"one two three four", "five six seven", "", "next"}
	if strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("%q", got)
	}
	if got := wrap("a/very/long/path/that/has/no/space/at/all.jsonl", 20); len(got) != 1 {
		t.Errorf("a path was broken: %q", got)
	}
}

func testConsole(tty bool) (*console, *bytes.Buffer) {
	var b bytes.Buffer
	return &console{out: &b, tty: tty, width: func() int { return 80 }}, &b
}

// screen replays what a terminal shows of the output: lines, "\r" and
// erase-to-end-of-line.
func screen(t *testing.T, out string) []string {
	t.Helper()
	var lines []string
	line, col := []rune{}, 0
	for i := 0; i < len(out); {
		switch {
		case strings.HasPrefix(out[i:], "\x1b[K"):
			line = line[:min(col, len(line))]
			i += 3
		case out[i] == '\r':
			col = 0
			i++
		case out[i] == '\n':
			lines = append(lines, string(line))
			line, col = nil, 0
			i++
		default:
			r, n := utf8.DecodeRuneInString(out[i:])
			if r == '\x1b' {
				t.Fatalf("a sequence that this screen does not know: %q", out[i:min(i+10, len(out))])
			}
			line = append(line[:min(col, len(line))], append([]rune{r}, line[min(col+1, len(line)):]...)...)
			col++
			i += n
		}
	}
	return append(lines, string(line))
}

func TestTheLiveLineLeavesNoTrace(t *testing.T) {
	c, b := testConsole(true)
	r := newRun()
	r.con = c
	step := c.stepBegins("train", false)
	p := r.Progress("train", "steps", 10)
	p.step = "train"
	p.Add(4)
	c.mu.Lock()
	c.redraw(time.Now())
	c.mu.Unlock()
	c.warn("data: 3 rows were set aside", "see bad.jsonl")
	if got := screen(t, b.String()); !strings.Contains(got[len(got)-1], "4/10 steps") {
		t.Errorf("the bar is not below the warning: %q", got)
	}
	p.Add(6)
	p.Done()
	c.stepEnds(step, run.Done, 3200*time.Millisecond)
	c.reused("answer", 12)
	c.stop()
	got := screen(t, b.String())
	want := []string{
		"  ! data: 3 rows were set aside",
		"    see bad.jsonl",
		"  ✓ train               3.2 s  10 steps",
		"  ↺ answer              reused, saved 12 s",
		"",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("screen:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPlainLines(t *testing.T) {
	c, b := testConsole(false)
	r := newRun()
	r.con = c
	p := r.Progress("answer", "rows", 1500)
	now := time.Now()
	p.mu.Lock()
	p.began, p.done = now.Add(-30*time.Second), 750
	p.window = []mark{{now.Add(-10 * time.Second), 250}}
	p.mu.Unlock()
	for _, after := range []time.Duration{0, time.Second, 4 * time.Second, 6 * time.Second} {
		c.mu.Lock()
		c.plainLines(now.Add(after))
		c.mu.Unlock()
	}
	p.Done()
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "… answer: 750/1,500 rows (50 %), 50.0 rows/s, ETA 15 s") || !strings.Contains(lines[2], "‖ answer") {
		t.Errorf("%q", lines)
	}
	if strings.ContainsAny(b.String(), "\r\x1b") {
		t.Errorf("control characters in a log: %q", b.String())
	}
}

func TestQuietShowsOnlyWhatMatters(t *testing.T) {
	c, b := testConsole(false)
	c.quiet = true
	r := newRun()
	r.con = c
	c.title("x", "y")
	s := c.stepBegins("a", false)
	r.Progress("p", "rows", 3).Done()
	c.stepEnds(s, run.Done, time.Hour)
	c.info("hello")
	c.busy("a", "b")()
	c.farewell("bye")
	if b.Len() > 0 {
		t.Errorf("%q", b.String())
	}
	c.warn("careful")
	if !strings.Contains(b.String(), "careful") {
		t.Error("a warning is not shown")
	}
}

func TestRateIgnoresWhatWasDoneBefore(t *testing.T) {
	r := newRun()
	r.con, _ = testConsole(false)
	p := r.Progress("train", "steps", 1000)
	defer p.Done()
	p.Skip(900)
	p.mu.Lock()
	p.window[0].at = p.window[0].at.Add(-10 * time.Second)
	p.mu.Unlock()
	p.Add(50)
	s := p.state(time.Now())
	if s.done != 950 || s.rate < 4.5 || s.rate > 5.5 || s.eta < 9*time.Second || s.eta > 11*time.Second {
		t.Errorf("%+v", s)
	}
}

func TestFailureText(t *testing.T) {
	f := &run.Failure{Message: "pool.jsonl:12: no answer", Hint: "add one", File: "x.go", Line: 8, Column: 3, Source: "\tfoo(bar)"}
	want := "\nerror  pool.jsonl:12: no answer\n\n  at x.go:8:3\n  8 │ foo(bar)\n\nhint   add one\n\n"
	if got := failureText(f, 80, false); got != want {
		t.Errorf("%q\nwant %q", got, want)
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 bytes", 999: "999 bytes", 1000: "1.00 kB", 98_362_432: "98.4 MB", 999_499: "999 kB", 999_600: "1.00 MB", 4_920_000_000: "4.92 GB", 123_400_000_000: "123 GB",
	} {
		if got := Bytes(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	s := barState{name: "get", unit: "bytes", done: 1_500_000, total: 3_000_000, rate: 2e6}
	if got := s.plain(); got != "get: 1.50 MB of 3.00 MB (50 %), 2.00 MB/s" {
		t.Errorf("%q", got)
	}
}
