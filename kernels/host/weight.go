package host

import (
	"encoding/binary"
	"math"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/ggml"
	"cogumi/kernels/nf4"
)

// Weight reads rows of a frozen matrix whatever its format.
type Weight struct {
	Out, In int
	dense   []float32
	half    []uint16 // bf16
	dtype   kernels.DType
	blocks  []byte // of any other DType: row after row
	packed  []byte
	scales  []float32
}

// Weight returns a reader of m's rows. Second-level statistics are restored
// here, once.
func (v *View) Weight(m *kernels.Matrix) *Weight {
	w := &Weight{Out: m.Out, In: m.In}
	switch {
	case m.NF4 != nil:
		q := &nf4.Quantized{N: m.Out * m.In, Packed: v.U8(m.NF4.Codes)}
		if m.NF4.AbsmaxMap != nil {
			q.Nested = &nf4.Nested{Codes: v.U8(m.NF4.Absmax), Map: v.F32(m.NF4.AbsmaxMap),
				Absmax: v.F32(m.NF4.NestedAbsmax), Offset: v.F32(m.NF4.Offset)[0]}
		} else {
			q.Absmax = v.F32(m.NF4.Absmax)
		}
		w.packed, w.scales = q.Packed, q.Scales()
	case m.Dense.DType == kernels.BF16:
		w.half = v.U16(m.Dense)
	case m.Dense.DType == kernels.F32:
		w.dense = v.F32(m.Dense)
	default:
		w.dtype, w.blocks = m.Dense.DType, v.U8(m.Dense)
	}
	return w
}

// Stored is the weight's bytes as they lie in memory, its scales not counted; nil
// for float32.
func (w *Weight) Stored() []byte {
	switch {
	case w.packed != nil:
		return w.packed
	case w.half != nil:
		return unsafe.Slice((*byte)(unsafe.Pointer(&w.half[0])), 2*len(w.half))
	}
	return w.blocks
}

// Row writes row i, In values, to dst: NF4 rounded to bf16, as stored otherwise.
// It may run in several goroutines at once.
func (w *Weight) Row(i int, dst []float32) {
	from := i * w.In
	switch {
	case w.dense != nil:
		copy(dst, w.dense[from:from+w.In])
	case w.half != nil:
		for k, h := range w.half[from : from+w.In] {
			dst[k] = math.Float32frombits(uint32(h) << 16)
		}
	case w.dtype == kernels.F16:
		for k := range dst[:w.In] {
			dst[k] = ggml.Half(binary.LittleEndian.Uint16(w.blocks[2*(from+k):]))
		}
	case w.blocks != nil:
		n, bytes := w.dtype.Block()
		row := w.In / n * bytes
		ggml.Dequantize(dst[:w.In], w.blocks[i*row:(i+1)*row], w.dtype)
	default:
		for k := range dst[:w.In] {
			e := from + k
			c := w.packed[e/2] >> (4 * uint(1-e&1)) & 15
			dst[k] = nf4.RoundBF16(nf4.Code[c] * w.scales[e/nf4.Block])
		}
	}
}

// NF4 returns codes and restored scales where the matrix is quantised and its
// rows begin at blocks.
func (w *Weight) NF4() (packed []byte, scales []float32, ok bool) {
	return w.packed, w.scales, w.packed != nil && w.In%nf4.Block == 0
}

// BF16 returns the values where they are bf16.
func (w *Weight) BF16() (half []uint16, ok bool) { return w.half, w.half != nil }

// Blocks returns the blocks of a block format, row after row; nil of another.
func (w *Weight) Blocks() ([]byte, kernels.DType) { return w.blocks, w.dtype }
