package sandbox

import (
	"errors"
	"strconv"
	"strings"

	"cogumi/stdlib/sandbox/inside"
)

// parseOutcome reads the line of a sandbox process. The error is what it says is
// wrong, or that it said nothing that can be understood.
func parseOutcome(line string) (inside.Outcome, error) {
	line = strings.TrimSuffix(line, "\n")
	kind, rest, _ := strings.Cut(line, " ")
	if kind == "fail" {
		return inside.Outcome{}, errors.New(rest)
	}
	f := strings.Split(rest, " ")
	if (kind != "end" && kind != "killed") || len(f) != 3 {
		return inside.Outcome{}, errors.New("the sandbox process ended without a word")
	}
	status, err1 := strconv.Atoi(f[0])
	cpu, err2 := strconv.ParseInt(f[1], 10, 64)
	memory, err3 := strconv.ParseInt(f[2], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return inside.Outcome{}, errors.New("the sandbox process said " + strconv.Quote(line))
	}
	return inside.Outcome{Status: status, Killed: kind == "killed", CPU: cpu, Memory: memory}, nil
}
