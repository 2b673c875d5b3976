package cpu

import "cogumi/kernels"

// doraOps has a bias with the f32 weight and none with the other.
func doraOps(b *bench, format string) {
	w := b.matrix(format, 33, 64)
	l := &kernels.LoRA{A: b.normal(4, 64), B: b.normal(33, 4), Scale: 0.5}
	by := &kernels.Magnitudes{M: b.normal(33), Norm: b.normal(33), Gain: b.normal(33)}
	f := &kernels.DoRA{Rows: b.ints(5), X: b.normal(7, 33), Bias: w.Bias, By: by, Y: b.normal(7, 33)}
	dy, dm := b.normal(7, 33), b.normal(33)
	b.program.Add(&kernels.DoRANorm{W: w, LoRA: l, To: by}, f,
		&kernels.DoRABackward{Forward: f, DY: dy, DX: b.normal(7, 33), DM: dm},
		&kernels.DoRABackward{Forward: f, DY: dy, DX: b.normal(7, 33), Add: true, DM: dm},
		&kernels.DoRABackward{Forward: f, DY: dy, DM: dm})
}
