//go:build !amd64

package gemm

func choose(string) *kernels { return &plainKernels }

func (s *kernels) run(t *tile) { runPlain(t) }

// Peak is known on amd64 only.
func Peak() float64 { return 0 }
