package cpu

import (
	"cogumi/kernels"
	"cogumi/kernels/cpu/gemm"
	"cogumi/kernels/cpu/vec"
	"cogumi/kernels/host"
)

// operands keeps frozen weights in the layout that products read: panels of
// float32, one set for X·Wᵀ and one for dY·W. Weights stay as panels as long as
// half of the free memory holds them; beyond that they are dequantised into one
// shared set of panels at every use.
type operands struct {
	panels map[panelKey]*gemm.Packed
	left   int64 // bytes that may still be kept
	shared gemm.Packed
	work   workspace
}

type panelKey struct {
	storage    *kernels.Tensor
	transposed bool
}

func newOperands() *operands {
	_, free := hostMemory()
	if free == 0 {
		free = 4 << 30
	}
	return &operands{panels: map[panelKey]*gemm.Packed{}, left: free / 2}
}

// forget drops what was made from a tensor whose bytes change.
func (o *operands) forget(t *kernels.Tensor) {
	for _, transposed := range []bool{false, true} {
		if p := o.panels[panelKey{t, transposed}]; p != nil {
			o.left += p.Bytes()
			delete(o.panels, panelKey{t, transposed})
		}
	}
}

func keyOf(m *kernels.Matrix, transposed bool) panelKey {
	for _, t := range m.Tensors() {
		return panelKey{t, transposed}
	}
	return panelKey{}
}

// panelBytes is a weight's size as panels, but for their padding.
func panelBytes(m *kernels.Matrix) int64 { return int64(m.Out) * int64(m.In) * 4 }

// operand returns W as the right side of a product: [In, Out] for X·Wᵀ
// (transposed), [Out, In] for dY·W.
func (o *operands) operand(v *host.View, m *kernels.Matrix, transposed bool) func() *gemm.Packed {
	key := keyOf(m, transposed)
	return func() *gemm.Packed {
		if p := o.panels[key]; p != nil {
			return p
		}
		p := &o.shared
		if panelBytes(m) <= o.left {
			p = &gemm.Packed{}
			o.panels[key] = p
			defer func() { o.left -= p.Bytes() }()
		}
		fill(p, v.Weight(m), transposed)
		return p
	}
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
