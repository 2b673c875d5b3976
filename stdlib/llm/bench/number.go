package bench

import (
	"encoding/binary"
	"math"

	"cogumi/kernels"
)

func appendNumber(b []byte, dtype kernels.DType, x float32) []byte {
	if dtype == kernels.BF16 {
		return binary.LittleEndian.AppendUint16(b, uint16(math.Float32bits(x)>>16))
	}
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
}
