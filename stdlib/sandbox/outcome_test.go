package sandbox

import (
	"testing"

	"cogumi/stdlib/sandbox/inside"
)

func TestParseOutcome(t *testing.T) {
	for line, want := range map[string]inside.Outcome{
		"end 256 1500 4096\n": {Status: 256, CPU: 1500, Memory: 4096},
		"killed 0 1 2":        {Killed: true, CPU: 1, Memory: 2},
	} {
		if got, err := parseOutcome(line); err != nil || got != want {
			t.Errorf("%q: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"":             "the sandbox process ended without a word",
		"end 1 2":      "the sandbox process ended without a word",
		"end 1 2 3 4":  "the sandbox process ended without a word",
		"end a 2 3":    `the sandbox process said "end a 2 3"`,
		"fail mount x": "mount x",
	} {
		if _, err := parseOutcome(line); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
}

func FuzzParseOutcome(f *testing.F) {
	f.Add("end 256 1500 4096\n")
	f.Add("fail x")
	f.Fuzz(func(t *testing.T, line string) {
		if o, err := parseOutcome(line); err != nil && o != (inside.Outcome{}) {
			t.Errorf("%q: %+v and %v", line, o, err)
		}
	})
}
