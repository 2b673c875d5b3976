package cuda

import "cogumi/kernels"

func bindSwiGLU(c *compiler, op kernels.Op) bool {
	return false
}
