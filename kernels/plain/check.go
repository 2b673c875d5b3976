package plain

import (
	"math"

	"cogumi/kernels"
	"cogumi/kernels/host"
)

func nonFinite(v *host.View, o *kernels.NonFinite) func() {
	return func() {
		n := int32(0)
		if o.X.DType == kernels.BF16 {
			for _, h := range v.U16(o.X) {
				if h&0x7f80 == 0x7f80 {
					n++
				}
			}
		} else {
			for _, x := range v.F32(o.X) {
				if math.Float32bits(x)&0x7f800000 == 0x7f800000 {
					n++
				}
			}
		}
		v.I32(o.Count)[0] = n
	}
}
