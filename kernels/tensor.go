// Package kernels is arithmetic on a device: tensors, the operations on them,
// the program that a step is recorded as, and the Device that runs it.
//
// A program is a list of operations over tensors with known shapes. Every
// operation says what it reads and writes and brings its own backward, so
// that from the one list follow the gradients (Grads), the memory plan (Plan)
// and, on devices that have them, streams and graphs: the order that counts is
// the partial order of reads and writes, not the order of the list.
//
// Counts that change from step to step (packed tokens, labels) are device data:
// tensors keep their full shape, and operations look at an I32[1] tensor to see
// how many rows are in use. Rows beyond it are neither read nor written.
//
// Where an operation's comment says f32 of an activation [T, …], a device whose
// Description.Compute is BF16 stores it as bf16 and computes in f32.
package kernels

import "fmt"

// DType is the storage type of a tensor's elements.
type DType uint8

const (
	F32 DType = iota
	BF16
	I32
	U8
	// Of frozen weights only, on devices that are InPlace. All but F16 are the
	// block formats of package ggml; a row holds whole blocks.
	F16
	Q4_0
	Q4_1
	Q5_0
	Q5_1
	Q8_0
	Q2_K
	Q3_K
	Q4_K
	Q5_K
	Q6_K
	IQ4_NL
	IQ4_XS
)

// dtypes says how many bytes a block of how many elements takes.
var dtypes = [...]struct {
	name         string
	block, bytes int
}{
	F32: {"f32", 1, 4}, BF16: {"bf16", 1, 2}, I32: {"i32", 1, 4}, U8: {"u8", 1, 1}, F16: {"f16", 1, 2},
	Q4_0: {"q4_0", 32, 18}, Q4_1: {"q4_1", 32, 20}, Q5_0: {"q5_0", 32, 22}, Q5_1: {"q5_1", 32, 24}, Q8_0: {"q8_0", 32, 34},
	Q2_K: {"q2_k", 256, 84}, Q3_K: {"q3_k", 256, 110}, Q4_K: {"q4_k", 256, 144}, Q5_K: {"q5_k", 256, 176}, Q6_K: {"q6_k", 256, 210},
	IQ4_NL: {"iq4_nl", 32, 18}, IQ4_XS: {"iq4_xs", 256, 136},
}

// Size is the bytes of one element; 0 where elements share the bytes of a block.
func (d DType) Size() int {
	if dtypes[d].block > 1 {
		return 0
	}
	return dtypes[d].bytes
}

// Block is how many elements share a block, and its bytes.
func (d DType) Block() (elements, bytes int) { return dtypes[d].block, dtypes[d].bytes }

func (d DType) String() string { return dtypes[d].name }

// Role says how long a tensor lives and who writes it.
type Role uint8

const (
	// Persistent tensors are allocated by the caller (Device.Alloc) and outlive
	// programs: weights, adapters, gradients, optimiser state, caches, inputs,
	// outputs.
	Persistent Role = iota
	// Activation tensors belong to one program and live in its arena, from the
	// first operation that writes them to the last that reads them.
	Activation
	// Away tensors belong to one program as well, and live in the host's memory:
	// Store writes them, Fetch reads them, nothing else does.
	Away
)

// Tensor is a row-major array on a device. It is a name for memory: the device
// keeps the memory itself.
type Tensor struct {
	Name  string
	DType DType
	Shape []int
	Role  Role
}

// NewTensor returns a persistent tensor.
func NewTensor(name string, dtype DType, shape ...int) *Tensor {
	return &Tensor{Name: name, DType: dtype, Shape: shape}
}

// NewActivation returns a tensor that lives within one program.
func NewActivation(name string, dtype DType, shape ...int) *Tensor {
	return &Tensor{Name: name, DType: dtype, Shape: shape, Role: Activation}
}

// Len is the number of elements.
func (t *Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes is the size in memory.
func (t *Tensor) Bytes() int64 {
	elements, bytes := t.DType.Block()
	return int64(t.Len()) / int64(elements) * int64(bytes)
}

// Cols is the length of the last dimension.
func (t *Tensor) Cols() int {
	if len(t.Shape) == 0 {
		return 1
	}
	return t.Shape[len(t.Shape)-1]
}

// Rows is the product of all dimensions but the last.
func (t *Tensor) Rows() int {
	if c := t.Cols(); c > 0 {
		return t.Len() / c
	}
	return 0
}

func (t *Tensor) String() string {
	return fmt.Sprintf("%s %s%v", t.Name, t.DType, t.Shape)
}

// Matrix is a frozen weight [Out, In] in one of the storage formats: Dense
// (f32 or bf16, on devices that are InPlace any other DType as well) or NF4.
type Matrix struct {
	Name    string
	Out, In int
	Dense   *Tensor // [Out, In]; nil when quantised
	NF4     *NF4    // nil when dense
	Bias    *Tensor // f32 [Out]; nil without
}

// NF4 is a weight as bitsandbytes stores it: blocks of 64 along the flat
// row-major [Out, In], first element in the high nibble. With double
// quantisation Absmax holds codes into AbsmaxMap in blocks of 256:
// absmax = AbsmaxMap[code]·NestedAbsmax + Offset. Dequantised values are
// rounded to bf16.
type NF4 struct {
	Codes        *Tensor // u8 [Out·In/2]
	Absmax       *Tensor // u8 [blocks], or f32 [blocks] without double quantisation
	AbsmaxMap    *Tensor // f32 [256]; nil without double quantisation
	NestedAbsmax *Tensor // f32 [⌈blocks/256⌉]; nil without
	Offset       *Tensor // f32 [1]; nil without
}

// Tensors lists what the matrix keeps in memory.
func (m *Matrix) Tensors() []*Tensor {
	var ts []*Tensor
	add := func(t *Tensor) {
		if t != nil {
			ts = append(ts, t)
		}
	}
	add(m.Dense)
	if m.NF4 != nil {
		add(m.NF4.Codes)
		add(m.NF4.Absmax)
		add(m.NF4.AbsmaxMap)
		add(m.NF4.NestedAbsmax)
		add(m.NF4.Offset)
	}
	add(m.Bias)
	return ts
}
