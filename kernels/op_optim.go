package kernels

// Zero clears tensors.
type Zero struct{ Tensors []*Tensor }

func (o *Zero) Kind() string      { return "zero" }
func (o *Zero) Reads() []*Tensor  { return nil }
func (o *Zero) Writes() []*Tensor { return o.Tensors }

// GradNorm is Norm = √Σ g² over all gradients, summed in a fixed order.
type GradNorm struct {
	Grads []*Tensor // f32
	Norm  *Tensor   // f32 [1]
}

func (o *GradNorm) Kind() string      { return "gradnorm" }
func (o *GradNorm) Reads() []*Tensor  { return o.Grads }
func (o *GradNorm) Writes() []*Tensor { return tensors(o.Norm) }

// AdamW is one optimiser step over all parameters (arXiv:1711.05101), after
// clipping: g·min(1, MaxNorm/(Norm+1e-6)). A Norm that is not finite leaves
// everything as it was.
//
// 32-bit state follows torch: p −= lr·wd·p, m and v updated,
// p −= lr/c1 · m/(√v/√c2 + eps) with c = 1−βᵗ.
//
// 8-bit state follows bitsandbytes' CUDA kernel (blocks of 256, dynamic maps,
// exact nearest codes, m keeps its sign, decay after the update); see Slot8.
type AdamW struct {
	Slots       []AdamSlot
	Norm        *Tensor // f32 [1]
	MaxNorm     float32 // 0: no clipping
	LR          *Tensor // f32 [1]
	Step        *Tensor // i32 [1], t of this update, from 1
	Beta1       float64
	Beta2       float64
	Eps         float64
	WeightDecay float64
}

// AdamSlot is one parameter with its state: M, V in f32, or Slot8.
type AdamSlot struct {
	P, G  *Tensor // f32
	M, V  *Tensor // f32; nil with Eight
	Eight *Slot8
}

// Slot8 is blockwise 8-bit state: codes into the signed (M) and the unsigned (V)
// dynamic map, with the largest magnitude of each block of 256.
type Slot8 struct {
	M, V             *Tensor // u8 [n]
	MAbsmax, VAbsmax *Tensor // f32 [⌈n/256⌉]
}

func (o *AdamW) Kind() string { return "adamw" }

func (o *AdamW) Reads() []*Tensor {
	ts := tensors(o.Norm, o.LR, o.Step)
	for _, s := range o.Slots {
		ts = append(ts, s.G)
	}
	return append(ts, o.Writes()...)
}

func (o *AdamW) Writes() []*Tensor {
	var ts []*Tensor
	for _, s := range o.Slots {
		ts = append(ts, s.P)
		if s.Eight != nil {
			ts = append(ts, s.Eight.M, s.Eight.V, s.Eight.MAbsmax, s.Eight.VAbsmax)
		} else {
			ts = append(ts, s.M, s.V)
		}
	}
	return ts
}
