package llm

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"cogumi/kernels/nf4"
	"cogumi/stdlib/llm/safetensors"
)

// readBitsandbytes reads a 4-bit weight as bitsandbytes saves it: P packed,
// P.absmax, P.quant_map, P.nested_absmax, P.nested_quant_map and the JSON text
// P.quant_state.bitsandbytes__nf4.
func readBitsandbytes(w Weights, name string, out, in int) (*nf4.Quantized, error) {
	part := func(suffix string) safetensors.Tensor { t, _ := w.Tensor(name + suffix); return t }
	state := part(".quant_state.bitsandbytes__nf4")
	var s quantState
	if err := json.Unmarshal(state.Data, &s); err != nil {
		return nil, fmt.Errorf("%s: quant_state: %w", name, err)
	}
	if s.Type != "nf4" || s.Block != nf4.Block {
		return nil, fmt.Errorf("%s: %s in blocks of %d is not supported, nf4 in blocks of %d is", name, s.Type, s.Block, nf4.Block)
	}
	if len(s.Shape) != 0 && !slices.Equal(s.Shape, []int{out, in}) {
		return nil, fmt.Errorf("tensor %s is %v, config.json wants [%d %d]", name, s.Shape, out, in)
	}
	if own := part(".quant_map"); own.Data != nil && !slices.Equal(floats(own.Data), nf4.Code[:]) {
		return nil, fmt.Errorf("%s: its quant_map is not that of nf4, which is not supported", name)
	}
	q := &nf4.Quantized{N: out * in, Packed: part("").Data}
	if part(".absmax").DType == "F32" {
		q.Absmax = floats(part(".absmax").Data)
		return q, nil
	}
	if s.Nested != nf4.NestedBlock {
		return nil, fmt.Errorf("%s: nested blocks of %d are not supported, %d are", name, s.Nested, nf4.NestedBlock)
	}
	q.Nested = &nf4.Nested{Codes: part(".absmax").Data, Map: floats(part(".nested_quant_map").Data),
		Absmax: floats(part(".nested_absmax").Data), Offset: s.Offset}
	return q, nil
}

// asBitsandbytes gives a weight [out, in] with double quantisation the tensors
// that readBitsandbytes reads.
func asBitsandbytes(name string, out, in int, q *nf4.Quantized) []safetensors.Tensor {
	state, _ := json.Marshal(quantState{"nf4", nf4.Block, nf4.NestedBlock, q.Nested.Offset, "bfloat16", "float32", []int{out, in}}) // plain fields: cannot fail
	part := func(suffix, dtype string, data []byte, shape ...int) safetensors.Tensor {
		return safetensors.Tensor{Name: name + suffix, DType: dtype, Shape: shape, Data: data}
	}
	return []safetensors.Tensor{
		part("", "U8", q.Packed, len(q.Packed), 1),
		part(".absmax", "U8", q.Nested.Codes, len(q.Nested.Codes)),
		part(".quant_map", "F32", floatBytes(nf4.Code[:]), len(nf4.Code)),
		part(".nested_absmax", "F32", floatBytes(q.Nested.Absmax), len(q.Nested.Absmax)),
		part(".nested_quant_map", "F32", floatBytes(q.Nested.Map), len(q.Nested.Map)),
		part(".quant_state.bitsandbytes__nf4", "U8", state, len(state)),
	}
}

// quantState is the text beside a 4-bit weight.
type quantState struct {
	Type        string  `json:"quant_type"`
	Block       int     `json:"blocksize"`
	Nested      int     `json:"nested_blocksize"`
	Offset      float32 `json:"nested_offset"`
	DType       string  `json:"dtype"`
	NestedDType string  `json:"nested_dtype"`
	Shape       []int   `json:"shape"`
}

func floats(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}
