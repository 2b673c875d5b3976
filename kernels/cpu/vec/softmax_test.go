package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestExpAccuracy walks over the range where results are normal numbers.
func TestExpAccuracy(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		worst := 0.0
		x := make([]float32, 4096)
		for range 200 {
			for i := range x {
				x[i] = float32(r.Float64()*175.6 - 86.9)
				if i%4 == 0 {
					x[i] = -float32(r.ExpFloat64())
				}
			}
			y := clone(x)
			Exp(y)
			for i, v := range x {
				want := math.Exp(float64(v))
				unit := float64(math.Nextafter32(float32(want), float32(math.Inf(1)))) - float64(float32(want))
				worst = max(worst, math.Abs(float64(y[i])-want)/unit)
			}
		}
		if !(worst <= 2) {
			t.Errorf("%.3f ulp", worst)
		}
		t.Logf("worst error %.3f ulp", worst)
	})
}

func TestExpEnds(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		inf := float32(math.Inf(1))
		for _, c := range []struct{ x, want float32 }{
			{-inf, 0}, {-1000, 0}, {-105, 0}, {0, 1}, {89, inf}, {1e30, inf}, {inf, inf}, {88.7, float32(math.Exp(float64(float32(88.7))))},
		} {
			x := []float32{c.x}
			Exp(x)
			if math.Abs(float64(x[0]-c.want)) > 2e-7*float64(c.want) {
				t.Errorf("exp(%g) = %g, want %g", c.x, x[0], c.want)
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range sizes()[1:] {
			x := random(r, n)
			Scale(10, x)
			largest, sum := math.Inf(-1), 0.0
			for _, v := range x {
				largest = math.Max(largest, float64(v))
			}
			want := make([]float32, n)
			for _, v := range x {
				sum += math.Exp(float64(v) - largest)
			}
			for i, v := range x {
				want[i] = float32(math.Exp(float64(v)-largest) / sum)
			}
			lse := LogSumExp(x)
			if d := math.Abs(float64(lse) - largest - math.Log(sum)); d > 4e-6 {
				t.Fatalf("LogSumExp of %d values is off by %g", n, d)
			}
			near(t, "SumExp", []float32{SumExp(x, float32(largest))}, []float32{float32(sum)}, 1e-6)
			p := clone(x)
			m, s := Softmax(p)
			near(t, "Softmax", p, want, 1e-6)
			near(t, "max and sum", []float32{m, s}, []float32{float32(largest), float32(sum)}, 1e-6)

			grad := clone(x)
			CrossEntropyGrad(grad, n/2, lse, 0.25)
			want[n/2]--
			Scale(0.25, want)
			near(t, "CrossEntropyGrad", grad, want, 1e-6)
		}
	})
}

// TestMaskedTail: what a row of −Inf follows does not change its sum's bits.
func TestMaskedTail(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := 1; n < 64; n++ {
			short, long := make([]float32, 64), make([]float32, 64)
			for i := range short {
				short[i], long[i] = float32(math.Inf(-1)), float32(math.Inf(-1))
			}
			copy(short, random(r, n))
			copy(long, short)
			if a, b := ExpSub(short, 1), SumExp(long, 1); a != b || short[63] != 0 {
				t.Fatalf("%d values: %g, %g, tail %g", n, a, b, short[63])
			}
		}
	})
}
