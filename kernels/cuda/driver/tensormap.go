package driver

import (
	"fmt"
	"unsafe"
)

// TensorMap describes a tile copy to the tensor memory accelerator (sm_90).
// CUDA wants it on a 64-byte boundary.
type TensorMap struct {
	raw [128 + 64]byte
}

func (m *TensorMap) aligned() unsafe.Pointer {
	p := unsafe.Pointer(&m.raw[0])
	return unsafe.Add(p, -uintptr(p)&63)
}

// Swizzle is how a tile's rows are spread over the banks of shared memory.
type Swizzle int

const (
	SwizzleNone Swizzle = iota
	Swizzle32
	Swizzle64
	Swizzle128
)

// ElementType is of CUtensorMapDataType.
type ElementType int

const (
	ElementU8   ElementType = 0
	ElementF32  ElementType = 7
	ElementBF16 ElementType = 9
)

const promoteL2To256 = 3

// NewTensorMap describes a row-major array at p, fastest dimension first:
// sizes in elements, strides in bytes of all dimensions but the first, and the
// box that one copy moves. What lies outside reads as zero and is not written.
func (x *Context) NewTensorMap(p Ptr, e ElementType, sizes, strides []int, box []int, s Swizzle) (*TensorMap, error) {
	n := len(sizes)
	if n == 0 || n > 5 || len(strides) != n-1 || len(box) != n {
		return nil, fmt.Errorf("tensor map: %d sizes, %d strides, %d box sizes", n, len(strides), len(box))
	}
	var size, stride [5]uint64
	var boxes, steps [5]uint32
	for i := range n {
		size[i], boxes[i], steps[i] = uint64(sizes[i]), uint32(box[i]), 1
		if i > 0 {
			stride[i-1] = uint64(strides[i-1])
		}
	}
	m := &TensorMap{}
	err := x.c.do("cuTensorMapEncodeTiled", uintptr(m.aligned()), uintptr(e), uintptr(n), uintptr(p),
		uintptr(unsafe.Pointer(&size[0])), uintptr(unsafe.Pointer(&stride[0])), uintptr(unsafe.Pointer(&boxes[0])),
		uintptr(unsafe.Pointer(&steps[0])), 0, uintptr(s), promoteL2To256, 0)
	return m, with(err, "address %#x, sizes %v, strides %v, box %v", uint64(p), sizes, strides, box)
}
