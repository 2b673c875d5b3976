package llm

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"strings"

	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/nf4"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/llm/safetensors"
)

// MergeInto says what an adapter is merged into.
type MergeInto string

const (
	// MergeBF16: the weights of the files, in 16 bits: R(W + scale·B·A) with the sum
	// in f32 and one rounding. f16 files stay f16, f32 files become bf16.
	MergeBF16 MergeInto = "bf16"
	// MergeDequantised: the values that the adapter was trained on, NF4 widened to
	// bf16, with the adapter added, one rounding. Every projection is widened.
	MergeDequantised MergeInto = "dequantised"
	// MergeNF4: the same, quantised again: a bitsandbytes checkpoint. It loses most.
	MergeNF4 MergeInto = "nf4"
)

// ErrUnchanged is a merge after which no weight differs from the base's.
var ErrUnchanged = errors.New("the merged model is identical to its base")

// Merged counts what a merge did.
type Merged struct {
	Weights int64 // of the projections that the adapter sits on
	Changed int64 // that differ from the base's in the same format
	Bytes   int64 // of the written weights
	Files   int
}

// merger makes the tensors of a merged model.
type merger struct {
	w      Weights
	c      *hfconfig.Config
	a      *peft.Adapter
	into   MergeInto
	dtype  string // of the written floats: BF16 or F16
	shapes map[string][2]int
}

type count struct{ weights, changed int64 }

// newMerger checks that the adapter sits on this base and that the base can be
// merged into that.
func newMerger(folder fs.FS, w Weights, a *peft.Adapter, into MergeInto) (*merger, error) {
	c, err := hfconfig.Read(folder)
	if err != nil {
		return nil, err
	}
	g := &merger{w: w, c: c, a: a, into: into, dtype: "BF16", shapes: map[string][2]int{}}
	if !slices.Contains([]MergeInto{MergeBF16, MergeDequantised, MergeNF4}, into) {
		return nil, fmt.Errorf("merge into %q: it is %s, %s or %s", into, MergeBF16, MergeDequantised, MergeNF4)
	}
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	for i := range c.Layers {
		for name, shape := range map[string][2]int{
			"self_attn.q_proj": {q, c.Hidden}, "self_attn.k_proj": {kv, c.Hidden}, "self_attn.v_proj": {kv, c.Hidden}, "self_attn.o_proj": {c.Hidden, q},
			"mlp.gate_proj": {c.Intermediate, c.Hidden}, "mlp.up_proj": {c.Intermediate, c.Hidden}, "mlp.down_proj": {c.Hidden, c.Intermediate},
		} {
			g.shapes[fmt.Sprintf("model.layers.%d.%s", i, name)] = shape
		}
	}
	for name, p := range a.Tensors {
		if shape, ok := g.shapes[name]; !ok {
			return nil, fmt.Errorf("the adapter has a projection %s, the model has none: it was made for another model", name)
		} else if shape != [2]int{p.Out, p.In} {
			return nil, fmt.Errorf("the adapter was made for another model: its %s is for a weight of [%d, %d], the model's is %v", name, p.Out, p.In, shape)
		}
	}
	for name := range g.shapes {
		t, ok := w.Tensor(name + ".weight")
		_, packed := w.Tensor(name + ".weight.absmax")
		switch {
		case !ok:
			return nil, fmt.Errorf("the model's files have no tensor %s.weight", name)
		case packed && into == MergeBF16:
			return nil, errors.New("the base is in 4 bits: it has no 16-bit weights to merge into; take the original model, or dequantised or nf4")
		case !packed && t.DType != "F32" && t.DType != "F16" && t.DType != "BF16":
			return nil, fmt.Errorf("tensor %s is %s: a base in a format of GGUF cannot be merged into; take the original model", t.Name, t.DType)
		case t.DType == "F16" && into == MergeBF16:
			g.dtype = "F16"
		}
	}
	return g, nil
}

// base is a projection's weight as the adapter is added to it; q is its 4-bit
// form where it has one.
func (g *merger) base(name string) (x []float32, q *nf4.Quantized, err error) {
	shape := g.shapes[name]
	key := name + ".weight"
	if _, packed := g.w.Tensor(key + ".absmax"); packed {
		if q, err = readBitsandbytes(g.w, key, shape[0], shape[1]); err == nil {
			err = q.Check()
		}
	} else {
		t, _ := g.w.Tensor(key)
		if !slices.Equal(t.Shape, shape[:]) {
			return nil, nil, fmt.Errorf("tensor %s is %v, config.json wants %v", key, t.Shape, shape)
		}
		if x, err = values(t); err == nil && g.into != MergeBF16 {
			q = nf4.Quantize(x, true)
		}
	}
	if err == nil && q != nil {
		x = q.Dequantize(true)
	}
	return x, q, err
}

// add puts the adapter on x, the rows of one projection.
func (g *merger) add(name string, x []float32) {
	p, ok := g.a.Tensors[name]
	if !ok {
		return
	}
	r, scale := g.a.Rank(name), float32(g.a.Scale(name))
	delta := make([]float32, p.In)
	for i := range p.Out {
		clear(delta)
		for k := range r {
			vec.Axpy(p.B[i*r+k], p.A[k*p.In:(k+1)*p.In], delta)
		}
		row := x[i*p.In : (i+1)*p.In]
		vec.Axpy(scale, delta, row)
		if p.Magnitude != nil {
			vec.Scale(p.Magnitude[i]/float32(math.Sqrt(vec.SumSquares(row))), row)
		}
	}
}

// projection makes the tensors of one projection and counts what changed.
func (g *merger) projection(name string) ([]safetensors.Tensor, count, error) {
	x, q, err := g.base(name)
	if err != nil {
		return nil, count{}, err
	}
	shape, key := g.shapes[name], name+".weight"
	_, adapted := g.a.Tensors[name]
	before := slices.Clone(x)
	if g.add(name, x); adapted {
		if i := slices.IndexFunc(x, func(v float32) bool { return v-v != 0 }); i >= 0 {
			return nil, count{}, fmt.Errorf("%s: weight %d becomes %v", key, i, x[i])
		}
	}
	if g.into == MergeNF4 {
		if !adapted && q.Nested == nil { // quantising its values again would change them
			return nil, count{}, fmt.Errorf("%s has no double quantisation, and no adapter to quantise it again for: merge into %s", key, MergeDequantised)
		}
		if !adapted {
			return asBitsandbytes(key, shape[0], shape[1], q), count{}, nil
		}
		q = nf4.Quantize(x, true)
		// The base is quantised again as well: only what the adapter changes counts.
		return asBitsandbytes(key, shape[0], shape[1], q), counted(nf4.Quantize(before, true).Dequantize(true), q.Dequantize(true)), nil
	}
	t := safetensors.Tensor{Name: key, DType: g.dtype, Shape: shape[:], Data: g.round(x)}
	if !adapted {
		return []safetensors.Tensor{t}, count{}, nil
	}
	old, err := safetensors.Float32s(safetensors.Tensor{Name: key, DType: g.dtype, Shape: shape[:], Data: g.round(before)})
	if err != nil {
		return nil, count{}, err
	}
	now, err := safetensors.Float32s(t)
	return []safetensors.Tensor{t}, counted(old, now), err
}

// round gives the bytes of x in the written type.
func (g *merger) round(x []float32) []byte {
	if g.dtype == "F16" {
		return f16Bytes(x)
	}
	return bf16Bytes(x)
}

// counted leaves out what no product would notice: a zero that becomes 1e-12 is
// no change.
func counted(before, after []float32) count {
	var most float32
	for _, v := range before {
		most = max(most, v, -v)
	}
	n := count{weights: int64(len(after))}
	for i, v := range after {
		if d := v - before[i]; d > 1e-6*most || -d > 1e-6*most {
			n.changed++
		}
	}
	return n
}

// other is a tensor that no adapter touches, in the written type.
func (g *merger) other(name string) (safetensors.Tensor, error) {
	t, _ := g.w.Tensor(name)
	if t.DType == g.dtype || t.DType != "F32" && t.DType != "F16" && t.DType != "BF16" {
		return t, nil
	}
	x, err := values(t)
	if err != nil {
		return t, err
	}
	return safetensors.Tensor{Name: name, DType: g.dtype, Shape: t.Shape, Data: g.round(x)}, nil
}

// names lists what is made: projections by their own name, other tensors by
// theirs. Parts of a 4-bit weight belong to their projection.
func (g *merger) names() []string {
	var out []string
	for _, name := range g.w.Names() {
		projection, isWeight := strings.CutSuffix(name, ".weight")
		if _, ok := g.shapes[projection]; ok && isWeight {
			out = append(out, projection)
			continue
		}
		if whole, _, part := strings.Cut(name, ".weight."); part {
			if _, ok := g.shapes[whole]; ok {
				continue
			}
		}
		out = append(out, name)
	}
	return out
}

// f16Bytes rounds x to IEEE half precision, to nearest even.
func f16Bytes(x []float32) []byte {
	b := make([]byte, 2*len(x))
	for i, v := range x {
		h := toHalf(v)
		b[2*i], b[2*i+1] = byte(h), byte(h>>8)
	}
	return b
}

// toHalf rounds to the nearest half, ties to even; what is too large becomes
// infinite.
func toHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	sign, exp, frac := uint16(bits>>16)&0x8000, int(bits>>23&0xff)-127+15, bits&0x7fffff
	switch {
	case exp == 0xff-127+15 && frac != 0:
		return sign | 0x7e00
	case exp >= 31:
		return sign | 0x7c00
	case exp < -10:
		return sign
	}
	shift := uint(13)
	if exp <= 0 { // denormal: the hidden bit moves into the fraction
		frac |= 0x800000
		shift += uint(1 - exp)
		exp = 0
	}
	half := uint32(exp)<<10 + frac>>shift
	rest, tie := frac&(1<<shift-1), uint32(1)<<(shift-1)
	if rest > tie || rest == tie && half&1 == 1 {
		half++ // may carry into the exponent, and to infinity
	}
	return sign | uint16(half)
}
