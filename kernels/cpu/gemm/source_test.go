package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"cogumi/kernels/nf4"
)

// sources are compact operands of k × n with the same values in panels.
func sources(r *rand.Rand, k, n int) map[string]func() (Source, Matrix) {
	all := map[string]func() (Source, Matrix){
		"bf16 rows": func() (Source, Matrix) {
			h, f := halves(r, k*n)
			return BF16Rows(h, k, n), Dense(f, k, n)
		},
		"bf16 columns": func() (Source, Matrix) {
			h, f := halves(r, k*n)
			return BF16Columns(h, k, n), Dense(f, n, k).T()
		},
	}
	if k%64 == 0 {
		all["nf4"] = func() (Source, Matrix) {
			q, f := quantised(r, k*n)
			return NewNF4(k, n, q.Packed, q.Absmax), Dense(f, n, k).T()
		}
	}
	if n%64 == 0 {
		all["nf4 rows"] = func() (Source, Matrix) {
			q, f := quantised(r, k*n)
			return NewNF4Rows(q.Packed, q.Absmax, k, n), Dense(f, k, n)
		}
	}
	for _, bits := range []int{4, 8} {
		for _, minima := range []bool{false, true} {
			if k%32 == 0 {
				all[fmt.Sprintf("codes of %d bits, minima %t", bits, minima)] = func() (Source, Matrix) { return coded(r, k, n, bits, minima) }
			}
		}
	}
	return all
}

func halves(r *rand.Rand, n int) ([]uint16, []float32) {
	h, f := make([]uint16, n), make([]float32, n)
	for i := range h {
		h[i] = uint16(math.Float32bits(r.Float32()*2-1) >> 16)
		f[i] = math.Float32frombits(uint32(h[i]) << 16)
	}
	return h, f
}

func quantised(r *rand.Rand, n int) (*nf4.Quantized, []float32) {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64()) * 0.02
	}
	q := nf4.Quantize(x, false)
	for i := range x {
		code := q.Packed[i/2] >> (4 * uint(1-i&1)) & 15
		x[i] = nf4.RoundBF16(nf4.Code[code] * q.Absmax[i/64])
	}
	return q, x
}

func coded(r *rand.Rand, k, n, bits int, minima bool) (Source, Matrix) {
	f := make([]float32, k*n)
	codes, scales, least := make([]byte, k*n), make([]float32, k*n/32), make([]float32, k*n/32)
	for i := range scales {
		scales[i], least[i] = r.Float32()*0.01, -r.Float32()
	}
	for i := range codes {
		codes[i] = byte(r.IntN(16))
		v := float32(codes[i])
		if bits == 8 {
			codes[i] = byte(r.IntN(256))
			v = float32(int8(codes[i]))
		}
		f[i] = v * scales[i/32]
		if minima {
			f[i] = float32(f[i]) + least[i/32]
		}
	}
	c := NewCodes(k, n, 32, bits, minima, func(j int, to []byte, s, m []float32) {
		copy(to, codes[j*k:(j+1)*k])
		copy(s, scales[j*k/32:(j+1)*k/32])
		copy(m, least[j*k/32:(j+1)*k/32])
	})
	return c, Dense(f, n, k).T()
}

// TestSources: a compact operand gives the bits of the same values in panels.
func TestSources(t *testing.T) {
	eachSet(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, size := range [][3]int{{1, 1, 64}, {1, 192, 64}, {3, 33, 128}, {7, 64, 704}, {100, 576, 192}, {200, 40, 64}, {64, 15, 96}, {5, 1000, 32}, {2, 7, 37}, {1, 128, 704}, {1, 64, 1536}, {1, 192, 96}} {
			m, n, k := size[0], size[1], size[2]
			for name, make := range sources(r, k, n) {
				b, values := make()
				if gotK, gotN := b.Size(); gotK != k || gotN != n {
					t.Errorf("%s: %d×%d, want %d×%d", name, gotK, gotN, k, n)
				}
				a := Dense(random(r, m*k), m, k)
				for _, add := range []bool{false, true} {
					c := random(r, m*n)
					want := Dense(append([]float32{}, c...), m, n)
					Mul(want, a, Pack(values), add)
					got := Dense(c, m, n)
					MulSource(got, a, b, add)
					same(t, fmt.Sprintf("%s, %d×%d·%d×%d, add %t", name, m, k, k, n, add), got.Data, want.Data)
				}
			}
		}
	})
}

func BenchmarkSource(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, m := range []int{1, 4, 64, 512} {
		k, n := 576, 1536
		a, c := Dense(random(r, m*k), m, k), Dense(make([]float32, m*n), m, n)
		for name, make := range sources(r, k, n) {
			src, values := make()
			b.Run(fmt.Sprintf("%s/%d", name, m), func(b *testing.B) {
				for range b.N {
					MulSource(c, a, src, false)
				}
				b.ReportMetric(float64(b.N)*float64(k*n)/b.Elapsed().Seconds()/1e9, "Gweights/s")
			})
			_ = values
		}
		p := Pack(Dense(random(r, k*n), k, n))
		b.Run(fmt.Sprintf("panels/%d", m), func(b *testing.B) {
			for range b.N {
				Mul(c, a, p, false)
			}
			b.ReportMetric(float64(b.N)*float64(k*n)/b.Elapsed().Seconds()/1e9, "Gweights/s")
		})
	}
}
