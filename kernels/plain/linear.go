package plain

import (
	"cogumi/kernels"
	"cogumi/kernels/host"
)

func linear(v *host.View, o *kernels.Linear) func() {
	return func() {
		n, in := rows(v, o.Rows), o.X.Cols()
		x := v.F32(o.X)
		dropped := drop(v, o, n)
		for _, p := range o.Projs {
			w, y, bias := v.Weight(p.W), v.F32(p.Y), v.F32(p.W.Bias)
			weight := make([]float32, in)
			for j := range w.Out {
				w.Row(j, weight)
				for i := range n {
					s := dot(row(x, i, in), weight)
					if bias != nil {
						s += float64(bias[j])
					}
					y[i*w.Out+j] = float32(s)
				}
			}
			if p.LoRA != nil {
				addLoRA(v, p, dropped, n)
			}
		}
	}
}

// drop is the adapter's input: X with dropout, or X itself.
func drop(v *host.View, o *kernels.Linear, n int) []float32 {
	x := v.F32(o.X)
	if o.Drop == nil {
		return x
	}
	in, seed := o.X.Cols(), v.Seed(o.Drop.Seed)
	out := make([]float32, n*in)
	for i := range out {
		if o.Drop.Keep(seed, i) {
			out[i] = x[i] / (1 - o.Drop.Rate)
		}
	}
	return out
}

// addLoRA is U = X·Aᵀ, Y += Scale·U·Bᵀ.
func addLoRA(v *host.View, p kernels.Projection, x []float32, n int) {
	r, in, out := p.LoRA.A.Shape[0], p.LoRA.A.Shape[1], p.LoRA.B.Shape[0]
	a, b, u, y := v.F32(p.LoRA.A), v.F32(p.LoRA.B), v.F32(p.U), v.F32(p.Y)
	for i := range n {
		for k := range r {
			u[i*r+k] = float32(dot(row(x, i, in), row(a, k, in)))
		}
		for j := range out {
			y[i*out+j] += p.LoRA.Scale * float32(dot(row(u, i, r), row(b, j, r)))
		}
	}
}

func linearBackward(v *host.View, o *kernels.LinearBackward) func() {
	f := o.Forward
	return func() {
		n, in := rows(v, f.Rows), f.X.Cols()
		dx := make([]float64, n*in)
		var dropped []float32
		if o.G == nil {
			dropped = drop(v, f, n)
		}
		column := 0
		for k, p := range f.Projs {
			dy := v.F32(o.DY[k])
			if o.DX != nil {
				addProduct(dx, dy, v.Weight(p.W), n)
			}
			if p.LoRA != nil {
				loraBackward(v, o, k, dx, dropped, n, column)
				column += p.LoRA.A.Shape[0]
			}
		}
		if o.DX == nil {
			return
		}
		d := v.F32(o.DX)
		for i := range dx {
			if o.Add {
				d[i] += float32(dx[i])
			} else {
				d[i] = float32(dx[i])
			}
		}
	}
}

// addProduct is dx += dy·W.
func addProduct(dx []float64, dy []float32, w *host.Weight, n int) {
	weight := make([]float32, w.In)
	for j := range w.Out {
		w.Row(j, weight)
		for i := range n {
			g := float64(dy[i*w.Out+j])
			for c, v := range weight {
				dx[i*w.In+c] += g * float64(v)
			}
		}
	}
}

// loraBackward is G = Scale·dY·B, dx += drop'(G·A), dA += Gᵀ·X, dB += Scale·dYᵀ·U;
// x is nil where dA comes later: G goes to columns of its own then.
func loraBackward(v *host.View, o *kernels.LinearBackward, k int, dx []float64, x []float32, n, column int) {
	f, p := o.Forward, o.Forward.Projs[k]
	r, in, out := p.LoRA.A.Shape[0], p.LoRA.A.Shape[1], p.LoRA.B.Shape[0]
	a, b, u, dy := v.F32(p.LoRA.A), v.F32(p.LoRA.B), v.F32(p.U), v.F32(o.DY[k])
	da, db, kept := make([]float64, r*in), make([]float64, out*r), v.F32(o.G)
	for i := range n {
		g := make([]float64, r)
		for j := range out {
			d := float64(p.LoRA.Scale) * float64(dy[i*out+j])
			for c := range r {
				g[c] += d * float64(b[j*r+c])
				db[j*r+c] += d * float64(u[i*r+c])
			}
		}
		if x == nil {
			for q := range r {
				kept[i*o.G.Cols()+column+q] = float32(g[q])
			}
		}
		for c := range in {
			var s float64
			for q := range r {
				s += g[q] * float64(a[q*in+c])
				if x != nil {
					da[q*in+c] += g[q] * float64(x[i*in+c])
				}
			}
			if f.Drop == nil {
				dx[i*in+c] += s
			} else if f.Drop.Keep(v.Seed(f.Drop.Seed), i*in+c) {
				dx[i*in+c] += s / float64(1-f.Drop.Rate)
			}
		}
	}
	if x != nil {
		accumulate(v.F32(o.DA[k]), da)
	}
	accumulate(v.F32(o.DB[k]), db)
}

// adapterBackward is dA += Gᵀ·X.
func adapterBackward(v *host.View, o *kernels.AdapterBackward) func() {
	f := o.Forward
	return func() {
		n, in, ranks := rows(v, f.Rows), f.X.Cols(), o.G.Cols()
		x, g, column := drop(v, f, n), v.F32(o.G), 0
		for k, p := range f.Projs {
			if p.LoRA == nil {
				continue
			}
			r := p.LoRA.A.Shape[0]
			da := make([]float64, r*in)
			for i := range n {
				for q, s := range row(g, i, ranks)[column : column+r] {
					for c := range in {
						da[q*in+c] += float64(s) * float64(x[i*in+c])
					}
				}
			}
			accumulate(v.F32(o.DA[k]), da)
			column += r
		}
	}
}

func accumulate(dst []float32, add []float64) {
	for i := range dst {
		dst[i] += float32(add[i])
	}
}
