// Package devices chooses what this process computes on: a GPU where there is
// one, the processor elsewhere. COGUMI_GPU ("off", or the GPU's number) decides
// otherwise; CUDA_VISIBLE_DEVICES says which GPUs there are, and numbers them.
package devices

import (
	"fmt"
	"os"
	"strconv"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/cuda"
	"cogumi/kernels/cuda/driver"
)

// Env is the variable that --gpu sets; EnvMemory limits what is taken of the
// GPU's memory, in GiB.
const (
	Env       = "COGUMI_GPU"
	EnvMemory = "COGUMI_GPU_MEMORY"
)

// Choice is what computes; GPU is nil for the processor.
type Choice struct {
	GPU *driver.Device
}

// Name is "cpu", or "cuda" with the GPU's name.
func (c Choice) Name() string {
	if c.GPU == nil {
		return "cpu"
	}
	return "cuda " + c.GPU.Name
}

// ISA is the instruction set: avx512, sm_90.
func (c Choice) ISA() string {
	if c.GPU == nil {
		return vec.ISA()
	}
	return fmt.Sprintf("sm_%d", c.GPU.Capability())
}

// Choose reads the environment and looks at the machine. A GPU that was asked
// for and is not there is an error; without a wish, the first that serves is
// taken. It takes no memory of the GPU.
func Choose() (Choice, error) {
	wish := os.Getenv(Env)
	switch wish {
	case "off", "cpu":
		return Choice{}, nil
	case "":
		usable, _, err := cuda.List()
		if err != nil || len(usable) == 0 {
			return Choice{}, nil // no driver, or nothing that it can use: cogumi env says why
		}
		return Choice{GPU: &usable[0]}, nil
	}
	n, err := strconv.Atoi(wish)
	if err != nil || n < 0 {
		return Choice{}, fmt.Errorf(`GPU %q: it is a number, from 0 on, or "off"`, wish)
	}
	usable, refused, err := cuda.List()
	if err != nil {
		return Choice{}, fmt.Errorf("GPU %d: %w", n, err)
	}
	for i := range usable {
		if usable[i].Ordinal == n {
			return Choice{GPU: &usable[i]}, nil
		}
	}
	if len(refused) > 0 {
		return Choice{}, fmt.Errorf("GPU %d cannot be used (%s): %w", n, refused[0], kernels.ErrUnsupported)
	}
	return Choice{}, fmt.Errorf("GPU %d: there are %d, numbered from 0: %w", n, len(usable), kernels.ErrUnsupported)
}

// Limit is how many bytes of the GPU's memory may be taken; 0: what is free.
func Limit() (int64, error) {
	limit := os.Getenv(EnvMemory)
	if limit == "" {
		return 0, nil
	}
	gib, err := strconv.ParseFloat(limit, 64)
	if err != nil || !(gib > 0 && gib < 1e6) {
		return 0, fmt.Errorf("memory of the GPU %q (--gpu-memory, %s): it is a number of GiB, above 0", limit, EnvMemory)
	}
	return int64(gib * (1 << 30)), nil
}

// Open opens the chosen device.
func Open() (kernels.Device, error) {
	c, err := Choose()
	if err != nil {
		return nil, err
	}
	if c.GPU == nil {
		return cpu.New(), nil
	}
	limit, err := Limit()
	if err != nil {
		return nil, err
	}
	d, err := cuda.New(c.GPU.Ordinal, cuda.Options{Memory: limit})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w (%s=off computes on the processor)", c.GPU.Name, err, Env)
	}
	return d, nil
}
