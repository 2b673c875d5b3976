package inside

import (
	"errors"
	"strconv"
	"strings"
)

// Outcome is how a program ended, as the one line that a sandbox process writes:
//
//	end STATUS CPU MEMORY
//	killed 0 CPU MEMORY
//	fail TEXT
type Outcome struct {
	Status int   // as wait reports it
	Killed bool  // because the parent wanted no more
	CPU    int64 // nanoseconds, user and system
	Memory int64 // largest resident set, bytes
}

func (o Outcome) line() string {
	kind := "end"
	if o.Killed {
		kind = "killed"
	}
	return kind + " " + strconv.Itoa(o.Status) + " " + strconv.FormatInt(o.CPU, 10) + " " + strconv.FormatInt(o.Memory, 10)
}

// ParseOutcome reads the line. The error is what the sandbox process says is
// wrong, or that it said nothing that can be understood.
func ParseOutcome(line string) (Outcome, error) {
	line = strings.TrimSuffix(line, "\n")
	kind, rest, _ := strings.Cut(line, " ")
	if kind == "fail" {
		return Outcome{}, errors.New(rest)
	}
	f := strings.Split(rest, " ")
	if (kind != "end" && kind != "killed") || len(f) != 3 {
		return Outcome{}, errors.New("the sandbox process ended without a word")
	}
	status, err1 := strconv.Atoi(f[0])
	cpu, err2 := strconv.ParseInt(f[1], 10, 64)
	memory, err3 := strconv.ParseInt(f[2], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		return Outcome{}, errors.New("the sandbox process said " + strconv.Quote(line))
	}
	return Outcome{Status: status, Killed: kind == "killed", CPU: cpu, Memory: memory}, nil
}
