package train

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/llm"
)

// peak keeps the process to its memory plan and compares the plan with what the
// process really took. It measures on the CPU alone, where the process's memory
// is the device's.
type peak struct {
	before  int64 // bytes resident before the training
	planned int64
	limit   int64 // of the collector, as it was
}

// slack is what garbage may take on top: with less the collector would run all
// the time.
const slack = 8 << 20

func beginPeak(base *llm.Model, plan llm.Memory) peak {
	if base.Device().Describe().Name != "cpu" {
		return peak{}
	}
	debug.FreeOSMemory() // what tokenising left is no part of the training
	if machine.ResetPeak() != nil {
		return peak{}
	}
	now, _ := machine.Resident()
	// A step allocates next to nothing. What little there is must not let the heap
	// grow to twice its size before the collector looks at it.
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	limit := debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + plan.New() + slack)
	return peak{before: now, planned: plan.New(), limit: limit}
}

// end gives the collector its old limit back.
func (p peak) end() {
	if p.limit > 0 {
		debug.SetMemoryLimit(p.limit)
	}
}

// measured is the largest size of the process since then, and what was planned
// for it; ok is false where that was not measured.
func (p peak) measured() (planned, got int64, ok bool) {
	_, got = machine.Resident()
	return p.before + p.planned, got, p.before > 0 && got > 0
}

func (p peak) report(r *experiment.Run) {
	planned, got, ok := p.measured()
	if !ok {
		return
	}
	r.Figure(run.Figure{Name: "peak memory of the training", Value: float64(got) / (1 << 20), Unit: "MiB",
		Note: fmt.Sprintf("planned: %.0f MiB", float64(planned)/(1<<20))})
	r.Logf("memory: the process took %s at most, %s were planned", experiment.Bytes(got), experiment.Bytes(planned))
}
