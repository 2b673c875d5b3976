package gemm

import "fmt"

// Width is how many columns a panel has on this machine.
func Width() int { return active.nr }

// View is a K×N operand whose panels lie in data already, `stride` floats apart,
// each K rows of Width columns; what is in columns beyond N does not matter.
func View(data []float32, k, n, stride int) Packed {
	p := Packed{K: k, N: n, set: active, data: data, stride: stride}
	if need := (p.panels()-1)*stride + k*active.nr; n > 0 && (stride < k*active.nr || need > len(data)) {
		panic(fmt.Sprintf("gemm: a view of %d×%d with stride %d needs %d values, has %d", k, n, stride, need, len(data)))
	}
	return p
}
