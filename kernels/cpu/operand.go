package cpu

import (
	"cogumi/kernels"
	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/ggml"
	"cogumi/kernels/host"
	"cogumi/kernels/nf4"
)

// operands keeps frozen weights in the layout that products read, one for X·Wᵀ
// and one for dY·W. Weights of few bits keep them: Wᵀ is a copy with its columns
// side by side, W is read where it lies. Others become panels of float32. What
// half of the free memory does not hold is dequantised into one shared set of
// panels at every use.
type operands struct {
	kept   map[operandKey]kept
	left   int64 // bytes that may still be kept
	shared gemm.Packed
	work   workspace
	idle   func(data []byte) // told of weights of which there is a copy now
}

type operandKey struct {
	storage    *kernels.Tensor
	transposed bool
}

// product is C = A·B, or C += A·B, with a weight as B.
type product func(c, a gemm.Matrix, accumulate bool)

type kept struct {
	product
	bytes int64
}

func newOperands() *operands {
	_, free := hostMemory()
	if free == 0 {
		free = 4 << 30
	}
	return &operands{kept: map[operandKey]kept{}, left: free / 2}
}

// forget drops what was made from a tensor whose bytes change.
func (o *operands) forget(t *kernels.Tensor) {
	for _, transposed := range []bool{false, true} {
		key := operandKey{t, transposed}
		o.left += o.kept[key].bytes
		delete(o.kept, key)
	}
}

func keyOf(m *kernels.Matrix, transposed bool) operandKey {
	return operandKey{m.Tensors()[0], transposed}
}

// operand returns the product with Wᵀ, [In, Out] (transposed), or W, [Out, In].
// It is made at its first use.
func (o *operands) operand(v *host.View, m *kernels.Matrix, transposed bool) func() product {
	key := keyOf(m, transposed)
	return func() product {
		if k, ok := o.kept[key]; ok {
			return k.product
		}
		bytes := operandBytes(m, transposed)
		if bytes > o.left {
			fill(&o.shared, v.Weight(m), transposed)
			return panels(&o.shared)
		}
		p := o.make(v, m, transposed)
		o.kept[key], o.left = kept{p, bytes}, o.left-bytes
		return p
	}
}

func (o *operands) make(v *host.View, m *kernels.Matrix, transposed bool) product {
	w := v.Weight(m)
	if s := source(w, m, transposed); s != nil {
		if stored := w.Stored(); transposed && len(stored) > 0 {
			o.idle(stored) // W itself is read where it lies, and only by training
		}
		return func(c, a gemm.Matrix, accumulate bool) { gemm.MulSource(c, a, s, accumulate) }
	}
	p := &gemm.Packed{}
	fill(p, w, transposed)
	return panels(p)
}

func panels(p *gemm.Packed) product {
	return func(c, a gemm.Matrix, accumulate bool) { gemm.Mul(c, a, p, accumulate) }
}

// compact says how a weight is multiplied with in its own bits, if it is.
func compact(m *kernels.Matrix, transposed bool) (bytes int64, ok bool) {
	n := int64(m.Out) * int64(m.In)
	if m.NF4 != nil {
		if m.In%nf4.Block != 0 {
			return 0, false
		}
		if transposed {
			return n/2 + n/nf4.Block*4, true
		}
		return n / nf4.Block * 4, true // restored scales
	}
	form, blocks := ggml.FormOf(m.Dense.DType)
	switch {
	case m.Dense.DType == kernels.BF16 && transposed:
		return 2 * n, true
	case m.Dense.DType == kernels.BF16:
		return 0, true
	case blocks && transposed:
		bytes = n*int64(form.Bits)/8 + n/int64(form.Run)*4
		if form.Minima {
			bytes += n / int64(form.Run) * 4
		}
		return bytes, true
	}
	return 0, false
}

// operandBytes is what keeping an operand takes, but for its padding.
func operandBytes(m *kernels.Matrix, transposed bool) int64 {
	if bytes, ok := compact(m, transposed); ok {
		return bytes
	}
	return int64(m.Out) * int64(m.In) * 4
}

// source is the weight in its own bits, nil where it has to be panels.
func source(w *host.Weight, m *kernels.Matrix, transposed bool) gemm.Source {
	if _, ok := compact(m, transposed); !ok {
		return nil
	}
	if packed, scales, ok := w.NF4(); ok {
		if transposed {
			return gemm.NewNF4(w.In, w.Out, packed, scales)
		}
		return gemm.NewNF4Rows(packed, scales, w.Out, w.In)
	}
	if half, ok := w.BF16(); ok {
		if transposed {
			return gemm.BF16Columns(half, w.In, w.Out)
		}
		return gemm.BF16Rows(half, w.Out, w.In)
	}
	blocks, dtype := w.Blocks()
	form, _ := ggml.FormOf(dtype)
	row := len(blocks) / w.Out
	return gemm.NewCodes(w.In, w.Out, form.Run, form.Bits, form.Minima, func(j int, codes []byte, scales, minima []float32) {
		ggml.Split(codes, scales, minima, blocks[j*row:(j+1)*row], dtype)
	})
}

func fill(p *gemm.Packed, w *host.Weight, transposed bool) {
	row := w.Row
	if packed, scales, ok := w.NF4(); ok {
		row = func(i int, dst []float32) {
			from := i * w.In
			vec.DequantNF4(dst[:w.In], packed[from/2:], scales[from/64:], true)
		}
	}
	if transposed {
		p.FillColumns(w.In, w.Out, row)
	} else {
		p.FillRows(w.Out, w.In, row)
	}
}
