// Package cpu is the device that every machine has: float32 on all cores, with
// AVX-512 or AVX2 where the processor has them.
//
// Results are bitwise the same for any number of threads; they differ between
// instruction sets, which is why Describe names it.
package cpu

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"cogumi/kernels"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
	"cogumi/kernels/plain"
)

// New returns the device.
func New() *host.Device {
	o := newOperands()
	bind := func(v *host.View, op kernels.Op) (func(), error) { return o.bind(v, op) }
	d := host.NewDevice(host.Config{Describe: describe, Bind: bind, Reuse: true, Freed: o.forget, Footprint: o.footprint})
	o.idle = d.Idle
	return d
}

// bind prefers the fast operations; the others are those of the plain device,
// which move few bytes.
func (o *operands) bind(v *host.View, op kernels.Op) (func(), error) {
	o.work.reserve(op)
	switch x := op.(type) {
	case *kernels.Linear:
		return o.linear(v, x), nil
	case *kernels.LinearBackward:
		return o.linearBackward(v, x), nil
	case *kernels.AdapterBackward:
		return o.adapterBackward(v, x), nil
	case *kernels.DoRANorm:
		return doraNorm(v, x), nil
	case *kernels.DoRA:
		return dora(v, x), nil
	case *kernels.DoRABackward:
		return doraBackward(v, x), nil
	case *kernels.AddNorm:
		return addNorm(v, x), nil
	case *kernels.AddNormBackward:
		return addNormBackward(v, x), nil
	case *kernels.HeadNorm:
		return headNorm(v, x), nil
	case *kernels.HeadNormBackward:
		return headNormBackward(v, x), nil
	case *kernels.Rope:
		return rope(v, x), nil
	case *kernels.Attention:
		return attention(v, x), nil
	case *kernels.AttentionBackward:
		return attentionBackward(v, x), nil
	case *kernels.CachedAttention:
		return cachedAttention(v, x), nil
	case *kernels.SwiGLU:
		return swiglu(v, x), nil
	case *kernels.SwiGLUBackward:
		return swigluBackward(v, x), nil
	case *kernels.CrossEntropy:
		return o.crossEntropy(v, x), nil
	case *kernels.Sample:
		return sample(v, x), nil
	case *kernels.GradNorm:
		return gradNorm(v, x), nil
	case *kernels.AdamW:
		return adamW(v, x), nil
	}
	return plain.Bind(v, op)
}

func describe() kernels.Description {
	total, free := hostMemory()
	return kernels.Description{Name: "cpu", Model: runtime.GOARCH, ISA: vec.ISA(), Memory: total, Free: free}
}

// hostMemory reads /proc/meminfo; it is 0, 0 where there is none.
func hostMemory() (total, free int64) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "MemTotal:":
			total = kib << 10
		case "MemAvailable:":
			free = kib << 10
		}
	}
	return total, free
}
