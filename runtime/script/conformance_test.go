package script

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cogumi/kernels/golden"
)

// minRight is how many of the conformance programs must be interpreted right.
const minRight = 111

// knownDifferent names programs that are interpreted differently, with the reason.
var knownDifferent = map[string]string{}

// verdict of one conformance program: right, rejected, or different.
func verdict(want string, o outcome) string {
	failed := strings.HasPrefix(want, "# ")
	rejected := o.code == exitRejected && o.stdout == ""
	switch {
	case o.timeout:
		return "different"
	case failed && rejected:
		return "right" // the compiler rejects it too
	case failed:
		return "different"
	case rejected:
		return "rejected"
	}
	out, panicked, isPanic := strings.Cut(want, "panic: ")
	if isPanic && out == "" {
		message, _, _ := strings.Cut(panicked, "\n")
		// Where no recover can see it, the interpreter's message has no numbers.
		message, _, _ = strings.Cut(message, " [")
		if o.code == exitFailed && strings.Contains(o.stderr, message) {
			return "right"
		}
		return "different"
	}
	if o.code == 0 && strings.TrimRight(o.stdout, "\n") == strings.TrimRight(want, "\n") {
		return "right"
	}
	return "different"
}

func TestConformance(t *testing.T) {
	dir := golden.Dir(t, "conformance/scripts")
	names, err := filepath.Glob(filepath.Join(dir, "*", "main.go"))
	if err != nil || len(names) == 0 {
		t.Fatalf("no programs below %s: %v", dir, err)
	}
	count := map[string]int{}
	for _, file := range names {
		name := filepath.Base(filepath.Dir(file))
		want, err := os.ReadFile(filepath.Join(filepath.Dir(file), "want.txt"))
		if err != nil {
			t.Fatal(err)
		}
		o := child(t, filepath.Dir(file), "main.go", 20*time.Second)
		v := verdict(string(want), o)
		count[v]++
		switch {
		case v == "different" && knownDifferent[name] == "":
			t.Errorf("%s: different\nwant %q\ngot  %q (exit %d)\n%s", name, want, o.stdout, o.code, o.stderr)
		case v == "rejected":
			t.Logf("%s: rejected: %s", name, o.stderr)
		}
	}
	t.Logf("%d programs: %d right, %d rejected, %d different", len(names), count["right"], count["rejected"], count["different"])
	if count["right"] < minRight {
		t.Errorf("%d right, want at least %d", count["right"], minRight)
	}
}
