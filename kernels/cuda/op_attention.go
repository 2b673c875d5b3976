package cuda

import "cogumi/kernels"

func bindAttention(c *compiler, op kernels.Op) bool {
	return false
}
