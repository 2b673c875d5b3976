package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/blas"
)

// ownProduct is the product where there is no cuBLASLt.
func (c *compiler) ownProduct(s blas.Shape, out, a, b matrix, alpha, beta float32) {
	c.fail(fmt.Errorf("%s: no cuBLASLt was found: %w", s, kernels.ErrUnsupported))
}
