// Package host is what devices that compute in the host's own memory share:
// the memory of tensors, views of it as Go slices, and the running of a
// compiled program operation by operation.
package host

import (
	"errors"
	"fmt"
	"unsafe"

	"cogumi/kernels"
)

// memory keeps the bytes of persistent tensors: its own, 64-byte aligned, or a
// file's.
type memory map[*kernels.Tensor]bytes

type bytes struct {
	data  []byte
	fixed bool // mapped: never written
}

// aligned makes n zero bytes whose address is a multiple of 64.
func aligned(n int64) []byte {
	b := make([]byte, n+64)
	skip := int64(-uintptr(unsafe.Pointer(&b[0])) & 63)
	return b[skip : skip+n : skip+n]
}

func (m memory) alloc(ts ...*kernels.Tensor) error {
	for _, t := range ts {
		if err := m.fits(t); err != nil {
			return fmt.Errorf("allocate %s: %w", t, err)
		}
		m[t] = bytes{data: aligned(t.Bytes())}
	}
	return nil
}

// fits refuses a tensor that cannot be given memory.
func (m memory) fits(t *kernels.Tensor) error {
	if t.Role != kernels.Persistent {
		return errors.New("an activation lives in its program")
	}
	if _, ok := m[t]; ok {
		return errors.New("it is there already")
	}
	return nil
}

// use makes data a tensor's memory.
func (m memory) use(t *kernels.Tensor, data []byte) error {
	if err := m.fits(t); err != nil {
		return fmt.Errorf("map %s: %w", t, err)
	}
	if int64(len(data)) != t.Bytes() {
		return fmt.Errorf("map %s: %d bytes, want %d", t, len(data), t.Bytes())
	}
	if size := t.DType.Size(); size > 1 && len(data) > 0 && uintptr(unsafe.Pointer(&data[0]))%uintptr(size) != 0 {
		return fmt.Errorf("map %s: its bytes do not begin at a multiple of %d", t, size)
	}
	m[t] = bytes{data, true}
	return nil
}

// span returns bytes offset…offset+n of a tensor.
func (m memory) span(t *kernels.Tensor, offset int64, n int) ([]byte, error) {
	b, ok := m[t]
	if !ok {
		return nil, fmt.Errorf("%s is not allocated", t)
	}
	if offset < 0 || offset+int64(n) > int64(len(b.data)) {
		return nil, fmt.Errorf("%s: bytes %d…%d are outside", t, offset, offset+int64(n))
	}
	return b.data[offset : offset+int64(n)], nil
}

// View gives a program's tensors as Go slices.
type View struct {
	memory memory
	arena  []byte
	away   []byte
	plan   *kernels.Plan
}

func (v *View) bytes(t *kernels.Tensor) []byte {
	if t.Role == kernels.Persistent {
		b, ok := v.memory[t]
		if !ok {
			panic(fmt.Sprintf("%s is not allocated", t))
		}
		return b.data
	}
	at, ok := v.plan.Offsets[t]
	if !ok {
		panic(fmt.Sprintf("%s is not part of the program", t))
	}
	if t.Role == kernels.Away {
		return v.away[at : at+t.Bytes()]
	}
	return v.arena[at : at+t.Bytes()]
}

// F32 is the tensor's elements; nil for a nil tensor.
func (v *View) F32(t *kernels.Tensor) []float32 {
	if t == nil || t.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*float32)(unsafe.Pointer(&v.bytes(t)[0])), t.Len())
}

// I32 is the tensor's elements; nil for a nil tensor.
func (v *View) I32(t *kernels.Tensor) []int32 {
	if t == nil || t.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*int32)(unsafe.Pointer(&v.bytes(t)[0])), t.Len())
}

// U16 is the tensor's elements as bits of bf16; nil for a nil tensor.
func (v *View) U16(t *kernels.Tensor) []uint16 {
	if t == nil || t.Len() == 0 {
		return nil
	}
	return unsafe.Slice((*uint16)(unsafe.Pointer(&v.bytes(t)[0])), t.Len())
}

// U8 is the tensor's elements; nil for a nil tensor.
func (v *View) U8(t *kernels.Tensor) []byte {
	if t == nil {
		return nil
	}
	return v.bytes(t)
}

// Seed reads an i32 [2] tensor as 64 bits.
func (v *View) Seed(t *kernels.Tensor) uint64 {
	s := v.I32(t)
	return uint64(uint32(s[0])) | uint64(uint32(s[1]))<<32
}
