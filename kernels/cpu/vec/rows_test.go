package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestRMSNorm compares with the formula in float64, its gradient with
// differences of that formula.
func TestRMSNorm(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range []int{1, 7, 24, 64, 256, 577} {
			x, w, dy := random(r, n), random(r, n), random(r, n)
			const eps = 1e-5
			norm := func(x []float64) []float64 {
				var s float64
				for _, v := range x {
					s += v * v
				}
				y := make([]float64, n)
				for i, v := range x {
					y[i] = v / math.Sqrt(s/float64(n)+eps) * float64(w[i])
				}
				return y
			}
			x64 := make([]float64, n)
			for i, v := range x {
				x64[i] = float64(v)
			}
			y, want := make([]float32, n), make([]float32, n)
			rstd := RMSNorm(y, x, w, eps)
			for i, v := range norm(x64) {
				want[i] = float32(v)
			}
			near(t, "RMSNorm", y, want, 4*ulp)

			dx := make([]float32, n)
			RMSNormBackward(dx, dy, x, w, rstd, false)
			for i := range x {
				const h = 1e-5
				var up, down float64
				for sign, sum := range map[float64]*float64{1: &up, -1: &down} {
					moved := append([]float64{}, x64...)
					moved[i] += sign * h
					for j, v := range norm(moved) {
						*sum += v * float64(dy[j])
					}
				}
				want[i] = float32((up - down) / (2 * h))
			}
			near(t, "RMSNormBackward", dx, want, 1e-5)

			sum := clone(y)
			RMSNormBackward(sum, dy, x, w, rstd, true)
			for i := range want {
				want[i] = y[i] + dx[i]
			}
			near(t, "RMSNormBackward, added", sum, want, 0)
		}
	})
}

// TestSwiGLUGradient compares with differences in float64.
func TestSwiGLUGradient(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		const n, h = 133, 1e-5
		g, u, dh := random(r, n), random(r, n), random(r, n)
		Scale(4, g)
		dg, du := make([]float32, n), make([]float32, n)
		SwiGLUBackward(dg, du, dh, g, u)
		f := func(g, u float64) float64 { return g / (1 + math.Exp(-g)) * u }
		wantG, wantU := make([]float32, n), make([]float32, n)
		for i := range g {
			gi, ui, d := float64(g[i]), float64(u[i]), float64(dh[i])
			wantG[i] = float32(d * (f(gi+h, ui) - f(gi-h, ui)) / (2 * h))
			wantU[i] = float32(d * (f(gi, ui+h) - f(gi, ui-h)) / (2 * h))
		}
		near(t, "dg", dg, wantG, 1e-6)
		near(t, "du", du, wantU, 1e-6)
	})
}

// TestRope turns heads by known angles and back.
func TestRope(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, dim := range []int{2, 8, 24, 64, 128} {
			const heads = 3
			row := random(r, heads*dim)
			cos, sin := make([]float32, dim/2), make([]float32, dim/2)
			want := make([]float32, len(row))
			for i := range cos {
				angle := 17 * math.Pow(10000, -2*float64(i)/float64(dim))
				cos[i], sin[i] = float32(math.Cos(angle)), float32(math.Sin(angle))
				for h := range heads {
					z := complex(float64(row[h*dim+i]), float64(row[h*dim+dim/2+i])) * complex(math.Cos(angle), math.Sin(angle))
					want[h*dim+i], want[h*dim+dim/2+i] = float32(real(z)), float32(imag(z))
				}
			}
			got := clone(row)
			Rope(got, dim, cos, sin, false)
			near(t, "Rope", got, want, 4*ulp)
			Rope(got, dim, cos, sin, true)
			near(t, "Rope and back", got, row, 8*ulp)
		}
	})
}

// TestAdamW follows the formulas in float64 for some steps.
func TestAdamW(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		const n = 100
		p := random(r, n)
		m, v := make([]float32, n), make([]float32, n)
		P, M, V := make([]float64, n), make([]float64, n), make([]float64, n)
		for i := range p {
			P[i] = float64(p[i])
		}
		for step := 1; step <= 30; step++ {
			a := AdamW{LR: 1e-2, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, WeightDecay: 0.1, Step: step, GradScale: 0.5}
			g := random(r, n)
			a.Update(p, m, v, g)
			c1, c2 := 1-math.Pow(a.Beta1, float64(step)), 1-math.Pow(a.Beta2, float64(step))
			for i := range P {
				d := float64(g[i]) / 2
				P[i] -= a.LR * a.WeightDecay * P[i]
				M[i] = a.Beta1*M[i] + (1-a.Beta1)*d
				V[i] = a.Beta2*V[i] + (1-a.Beta2)*d*d
				P[i] -= a.LR * (M[i] / c1) / (math.Sqrt(V[i]/c2) + a.Eps)
			}
		}
		want := make([]float32, n)
		for i := range P {
			want[i] = float32(P[i])
		}
		near(t, "AdamW", p, want, 1e-5)
	})
}
