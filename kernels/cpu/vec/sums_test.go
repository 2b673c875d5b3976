package vec

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestSums(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for _, n := range sizes() {
			a, b, c := random(r, n), random(r, n), random(r, n)
			var dot, dotSize, three, threeSize, squares float64
			largest := math.Inf(-1)
			for i := range a {
				p := float64(a[i]) * float64(b[i])
				dot, dotSize = dot+p, dotSize+math.Abs(p)
				three, threeSize = three+p*float64(c[i]), threeSize+math.Abs(p*float64(c[i]))
				squares += float64(a[i]) * float64(a[i])
				largest = math.Max(largest, float64(a[i]))
			}
			bound := func(size float64) float64 { return size * float64(n+3) * 0x1p-24 }
			if d := math.Abs(float64(Dot(a, b)) - dot); !(d <= bound(dotSize)) {
				t.Fatalf("Dot of %d values is off by %g", n, d)
			}
			if d := math.Abs(float64(dot3(a, b, c)) - three); !(d <= bound(threeSize)) {
				t.Fatalf("dot3 of %d values is off by %g", n, d)
			}
			if d := math.Abs(SumSquares(a) - squares); !(d <= 1e-13*squares) {
				t.Fatalf("SumSquares of %d values is off by %g", n, d)
			}
			if m := Max(a); float64(m) != largest {
				t.Fatalf("Max of %d values = %g, want %g", n, m, largest)
			}
		}
	})
}

func TestMaxOfNaN(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		for n := 1; n <= 40; n++ {
			for i := range n {
				x := random(rand.New(rand.NewPCG(1, 2)), n)
				x[i] = float32(math.NaN())
				if m := Max(x); m == m {
					t.Fatalf("Max of %d values with NaN at %d = %g", n, i, m)
				}
				if got := Argmax(x); got != i {
					t.Fatalf("Argmax of %d values with NaN at %d = %d", n, i, got)
				}
			}
		}
	})
}

func TestArgmaxTakesTheFirst(t *testing.T) {
	eachLevel(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(1, 2))
		for n := 1; n <= 70; n++ {
			for range 20 {
				x := make([]float32, n)
				for i := range x {
					x[i] = float32(r.IntN(4))
				}
				want := 0
				for i, v := range x {
					if v > x[want] {
						want = i
					}
				}
				got, margin := ArgmaxMargin(x)
				second := math.Inf(-1)
				for i, v := range x {
					if i != want {
						second = math.Max(second, float64(v))
					}
				}
				if got != want || Argmax(x) != want || float64(margin) != float64(x[want])-second {
					t.Fatalf("ArgmaxMargin(%v) = %d, %g, want %d, %g", x, got, margin, want, float64(x[want])-second)
				}
			}
		}
		if Argmax(nil) != -1 {
			t.Error("Argmax of nothing")
		}
	})
}
