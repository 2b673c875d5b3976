// Package plain is the twin: every operation as its formula reads, in plain Go
// and in the order of the indices. Other devices are compared with it, and it
// is compared with recorded vectors. Sums run in float64, results are float32.
package plain

import (
	"fmt"
	"runtime"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

// New returns the device. Activations keep places of their own, so that all of
// them can be looked at after a run.
func New() *host.Device {
	describe := func() kernels.Description {
		return kernels.Description{Name: "plain", Model: runtime.GOARCH, ISA: "plain"}
	}
	return host.NewDevice(host.Config{Describe: describe, Bind: Bind})
}

// Bind knows every operation.
func Bind(v *host.View, op kernels.Op) (func(), error) {
	switch o := op.(type) {
	case *kernels.Embed:
		return embed(v, o), nil
	case *kernels.Linear:
		return linear(v, o), nil
	case *kernels.LinearBackward:
		return linearBackward(v, o), nil
	case *kernels.AdapterBackward:
		return adapterBackward(v, o), nil
	case *kernels.DoRANorm:
		return doraNorm(v, o), nil
	case *kernels.DoRA:
		return dora(v, o), nil
	case *kernels.DoRABackward:
		return doraBackward(v, o), nil
	case *kernels.AddNorm:
		return addNorm(v, o), nil
	case *kernels.AddNormBackward:
		return addNormBackward(v, o), nil
	case *kernels.HeadNorm:
		return headNorm(v, o), nil
	case *kernels.HeadNormBackward:
		return headNormBackward(v, o), nil
	case *kernels.Rope:
		return rope(v, o), nil
	case *kernels.Attention:
		return attention(v, o), nil
	case *kernels.AttentionBackward:
		return attentionBackward(v, o), nil
	case *kernels.CachedAttention:
		return cachedAttention(v, o), nil
	case *kernels.SwiGLU:
		return swiglu(v, o), nil
	case *kernels.SwiGLUBackward:
		return swigluBackward(v, o), nil
	case *kernels.Gather:
		return gather(v, o), nil
	case *kernels.Scatter:
		return scatter(v, o), nil
	case *kernels.CrossEntropy:
		return crossEntropy(v, o), nil
	case *kernels.Argmax:
		return argmax(v, o), nil
	case *kernels.Sample:
		return sample(v, o), nil
	case *kernels.NonFinite:
		return nonFinite(v, o), nil
	case *kernels.Zero:
		return zero(v, o), nil
	case *kernels.GradNorm:
		return gradNorm(v, o), nil
	case *kernels.AdamW:
		return adamW(v, o), nil
	}
	return nil, fmt.Errorf("plain device: %T: %w", op, kernels.ErrUnsupported)
}

func rows(v *host.View, t *kernels.Tensor) int { return int(v.I32(t)[0]) }

// row is row i of a matrix with n columns.
func row(x []float32, i, n int) []float32 { return x[i*n : (i+1)*n] }

func dot(a, b []float32) float64 {
	var s float64
	for i := range a {
		s += float64(a[i]) * float64(b[i])
	}
	return s
}
