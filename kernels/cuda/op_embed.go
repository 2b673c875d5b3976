package cuda

import "cogumi/kernels"

func bindEmbed(c *compiler, op kernels.Op) bool {
	return false
}
