package cuda

import "cogumi/kernels"

func bindRope(c *compiler, op kernels.Op) bool {
	return false
}
