package cuda

import "cogumi/kernels"

func bindOptim(c *compiler, op kernels.Op) bool {
	return false
}
