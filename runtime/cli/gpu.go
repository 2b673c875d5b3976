package cli

import (
	"fmt"
	"os"

	"cogumi/kernels/cuda"
	"cogumi/runtime/launch"
	"cogumi/stdlib/llm/devices"
)

// chooseDevice makes --gpu and --gpu-memory known to this process and its
// children, and refuses a GPU that is not there before there is a run.
func chooseDevice(gpu, memory string) error {
	for name, value := range map[string]string{devices.Env: gpu, devices.EnvMemory: memory} {
		if value == "" {
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return failed("", "choose the GPU: %v", err)
		}
	}
	if _, err := devices.Limit(); err != nil {
		return usage("8 lets it take 8 GiB", "%v", err)
	}
	if _, err := devices.Choose(); err != nil {
		return &fault{launch.Preflight, err, "cogumi env shows the GPUs; --gpu off computes on the processor"}
	}
	return nil
}

// gpuFacts is what cogumi sees of the GPUs and of what it needs to use them.
func gpuFacts() []fact {
	usable, refused, err := cuda.List()
	if err != nil {
		return []fact{{"cuda", err.Error()}}
	}
	facts := []fact{{"cuda", cuda.DriverVersion()}}
	for _, g := range usable {
		facts = append(facts, fact{fmt.Sprintf("cuda:%d", g.Ordinal), fmt.Sprintf("%s, %.1f GB, sm_%d, %d multiprocessors, %s",
			g.Name, float64(g.Memory)/1e9, g.Capability(), g.Multiprocessors, g.UUID)})
	}
	for _, r := range refused {
		facts = append(facts, fact{"cuda refused", r})
	}
	if len(usable) > 0 {
		facts = append(facts, fact{"cuda products", productLibrary(usable[0].Ordinal)})
	}
	return facts
}

func productLibrary(ordinal int) string {
	d, err := cuda.New(ordinal, cuda.Options{})
	if err != nil {
		return "not available: " + err.Error()
	}
	defer d.Close()
	return d.Library()
}
