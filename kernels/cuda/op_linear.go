package cuda

import "cogumi/kernels"

func bindLinear(c *compiler, op kernels.Op) bool {
	return false
}
