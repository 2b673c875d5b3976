package cuda

import "cogumi/kernels"

func bindSample(c *compiler, op kernels.Op) bool {
	return false
}
