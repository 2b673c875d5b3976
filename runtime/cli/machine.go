package cli

import (
	"fmt"

	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/sandbox"
)

// machineFacts is what reports say about the machine, as facts.
func machineFacts() []fact {
	m := machine.Detect(".")
	gpus := gpuText(m.GPUs)
	return []fact{
		{"cpu", m.CPU},
		{"cores", fmt.Sprint(m.Cores)},
		{"memory", fmt.Sprintf("%.1f GB", float64(m.Memory)/1e9)},
		{"isa", m.ISA},
		{"device", m.Device},
		{"gpu", gpus},
		{"place", m.Place},
	}
}

// sandboxState says whether programs of models can be run here.
func sandboxState() string {
	if err := sandbox.Available(); err != nil {
		return "not available: " + err.Error()
	}
	return "available (" + sandbox.Version() + ")"
}
