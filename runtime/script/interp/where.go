package interp

import (
	"fmt"
	"go/token"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Where is the statement that the script began last, in whatever goroutine.
func (m *Machine) Where() token.Position {
	if m.script == nil || m.runner.Position.Now == nil {
		return token.Position{}
	}
	return m.script.At(*m.runner.Position.Now)
}

// Asleep says whether no goroutine of the script can ever go on: each waits for
// another one. It knows nothing of timers: a script that has some must not be asked.
func (m *Machine) Asleep() bool {
	script, idle := goroutines()
	return idle && len(script) > 0
}

// EndAsleep ends a script that is asleep as Go ends such a program, where its first
// goroutine waits.
func (m *Machine) EndAsleep() {
	f := Failure{Pos: m.Where(), Kind: "runtime", Message: "fatal error: all goroutines are asleep - deadlock!"}
	script, _ := goroutines()
	slices.Sort(script)
	var at []string
	for i, g := range script {
		pos := m.script.At(m.runner.Position.Of(g))
		if line := pos.Line; line > 0 {
			if len(at) == 0 {
				f.Pos = pos
			}
			at = append(at, fmt.Sprintf("goroutine %d in line %d or after", i+1, line))
		}
	}
	f.Hint = "every goroutine waits for another one"
	if len(at) > 1 {
		f.Hint += ": " + strings.Join(at[:min(len(at), 8)], ", ")
	}
	select {
	case m.fatal <- f:
	default:
	}
}

// waits are the states of a goroutine that only another goroutine can end.
var waits = []string{"chan receive", "chan send", "select", "sync.", "semacquire"}

// own are goroutines of cogumi that are always there and wake no script.
var own = []string{"cogumi/reports/run.", "cogumi/stdlib/experiment.(*Run).watchSignals", "cogumi/stdlib/broker.lines", "cogumi/runtime/"}

// goroutines are the numbers of the script's own; idle: all of them wait, and
// no primitive is at work.
func goroutines() (script []int, idle bool) {
	idle = true
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	if n == len(buf) {
		return nil, false // too many to look at
	}
	for block := range strings.SplitSeq(string(buf[:n]), "\n\n") {
		header, _, _ := strings.Cut(block, "\n")
		if !strings.Contains(block, "yaegi/interp.runCfg") {
			if strings.Contains(block, "cogumi/stdlib/") && !slices.ContainsFunc(own, func(o string) bool { return strings.Contains(block, o) }) {
				idle = false
			}
			continue
		}
		number, state, _ := strings.Cut(strings.TrimPrefix(header, "goroutine "), " [")
		id, err := strconv.Atoi(number)
		if err != nil {
			return nil, false
		}
		script = append(script, id)
		if strings.Contains(block, "cogumi/stdlib/") || !slices.ContainsFunc(waits, func(w string) bool { return strings.HasPrefix(state, w) }) {
			idle = false
		}
	}
	return script, idle
}
