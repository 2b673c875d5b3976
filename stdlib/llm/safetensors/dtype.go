package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// sizes are the bytes of one element. Types smaller than a byte (F4, F6) are
// not here: no tool that writes checkpoints for training uses them.
var sizes = map[string]int{
	"BOOL": 1, "U8": 1, "I8": 1, "F8_E4M3": 1, "F8_E5M2": 1, "F8_E8M0": 1,
	"U16": 2, "I16": 2, "F16": 2, "BF16": 2,
	"U32": 4, "I32": 4, "F32": 4,
	"U64": 8, "I64": 8, "F64": 8, "C64": 8,
}

// Size returns the bytes of one element of a type ("F32" → 4), 0 for a type
// this package does not know.
func Size(dtype string) int { return sizes[dtype] }

// Float32s returns the tensor's values as float32, row-major. F32 keeps its
// bits, BF16 and F16 are widened exactly; any other type is an error.
func Float32s(t Tensor) ([]float32, error) {
	size := sizes[t.DType]
	if size == 0 || len(t.Data)%size != 0 {
		return nil, fmt.Errorf("safetensors: tensor %q: %d bytes of type %q", t.Name, len(t.Data), t.DType)
	}
	out := make([]float32, len(t.Data)/size)
	switch t.DType {
	case "F32":
		for i := range out {
			out[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
		}
	case "BF16":
		for i := range out {
			out[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(t.Data[2*i:])) << 16)
		}
	case "F16":
		for i := range out {
			out[i] = halfToFloat(binary.LittleEndian.Uint16(t.Data[2*i:]))
		}
	default:
		return nil, fmt.Errorf("safetensors: tensor %q has type %s: want F32, BF16 or F16", t.Name, t.DType)
	}
	return out, nil
}

// FromFloat32s makes an F32 tensor of values in row-major order.
func FromFloat32s(name string, shape []int, values []float32) Tensor {
	data := make([]byte, 4*len(values))
	for i, v := range values {
		binary.LittleEndian.PutUint32(data[4*i:], math.Float32bits(v))
	}
	return Tensor{Name: name, DType: "F32", Shape: shape, Data: data}
}

// halfToFloat widens IEEE 754 binary16: 1 sign bit, 5 of exponent, 10 of fraction.
func halfToFloat(h uint16) float32 {
	sign := uint32(h>>15) << 31
	exp := uint32(h>>10) & 0x1f
	frac := uint32(h) & 0x3ff
	switch {
	case exp == 0x1f: // infinity, or NaN with its payload
		return math.Float32frombits(sign | 0xff<<23 | frac<<13)
	case exp != 0:
		return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
	}
	// A denormal half is frac·2⁻²⁴, a normal float32.
	v := float32(frac) * (1.0 / (1 << 24))
	return math.Float32frombits(math.Float32bits(v) | sign)
}
