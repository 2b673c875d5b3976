package minhash

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func numbers(r *rand.Rand, n int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = r.Uint32()
	}
	return out
}

// compare runs the loops of the processor beside the plain one.
func compare(t *testing.T, x, a, b []uint32) {
	t.Helper()
	got, want := make([]uint32, len(a)), make([]uint32, len(a))
	Minima(x, a, b, got)
	minimaPlain(x, a, b, want)
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %d members, %d permutations: %v, want %v", ISA(), len(x), len(a), got, want)
	}
}

// TestLoops: every length to 300, every number of permutations around whole
// blocks, and the values where signed and unsigned order differ.
func TestLoops(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 300 {
		compare(t, numbers(r, n), numbers(r, 128), numbers(r, 128))
	}
	for p := range 260 {
		compare(t, numbers(r, 7), numbers(r, p), numbers(r, p))
	}
	edges := []uint32{0, 1, math.MaxInt32, math.MaxInt32 + 1, math.MaxUint32 - 1, math.MaxUint32}
	for _, a := range edges {
		for _, b := range edges {
			compare(t, edges, slices.Repeat([]uint32{a}, 64), slices.Repeat([]uint32{b}, 64))
		}
	}
}

func FuzzLoops(f *testing.F) {
	f.Add([]byte("some members"), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, seed uint64) {
		var x []uint32
		for ; len(data) >= 4; data = data[4:] {
			x = append(x, binary.LittleEndian.Uint32(data))
		}
		r := rand.New(rand.NewPCG(seed, 0))
		compare(t, x, numbers(r, 64+int(seed%70)), numbers(r, 64+int(seed%70)))
	})
}

// TestEqual against a loop over bytes.
func TestEqual(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 200 {
		x, y := make([]byte, n), make([]byte, n)
		want := 0
		for i := range x {
			x[i], y[i] = byte(r.IntN(3)*127), byte(r.IntN(3)*127+r.IntN(2))
			if x[i] == y[i] {
				want++
			}
		}
		if got := Equal(x, y); got != want {
			t.Fatalf("%d places: %d equal, want %d", n, got, want)
		}
	}
}

// TestAlike: every count of equal places against every limit, beside the plain loop.
func TestAlike(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	x := make([]byte, Slice)
	for n := range 70 {
		all := make([]byte, n*Slice)
		for i := range all {
			x[i%Slice] = byte(i % Slice * 8)
			if all[i] = x[i%Slice]; r.IntN(70) >= n {
				all[i] ^= 1 << r.IntN(8)
			}
		}
		for least := range Slice + 2 {
			got, want := make([]int32, n), make([]int32, n)
			got, want = got[:Alike(x, all, least, got)], want[:alikePlain(x, all, least, want)]
			if !slices.Equal(got, want) {
				t.Fatalf("%s: %d slices, at least %d: %v, want %v", ISA(), n, least, got, want)
			}
		}
	}
}

func FuzzAlike(f *testing.F) {
	f.Add([]byte("thirty-two bytes, and then others that look a little like them, or not"), 3)
	f.Fuzz(func(t *testing.T, data []byte, least int) {
		if len(data) < Slice || least < 0 {
			return
		}
		x, all := data[:Slice], data[Slice:len(data)/Slice*Slice]
		n := len(all) / Slice
		got, want := make([]int32, n), make([]int32, n)
		got, want = got[:Alike(x, all, least, got)], want[:alikePlain(x, all, least, want)]
		if !slices.Equal(got, want) {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

func BenchmarkAlike(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	all, out := make([]byte, 4096*Slice), make([]int32, 4096)
	for i := range all {
		all[i] = byte(r.Uint32())
	}
	b.SetBytes(int64(len(all)))
	for b.Loop() {
		Alike(all[:Slice], all, 12, out)
	}
}

// TestEstimate: over many pairs the estimate has no bias and the deviation of a
// binomial.
func TestEstimate(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	h := New(128)
	var s Scratch
	for _, j := range []float64{0, 0.3, 0.8, 0.95} {
		sum, squares := 0.0, 0.0
		const pairs = 600
		for range pairs {
			union := numbers(r, 600)
			common := int(j * 600)
			x, y := make([]byte, 128), make([]byte, 128)
			rest := (600 - common) / 2
			h.Sign(union[:common+rest], x, &s)
			h.Sign(append(slices.Clone(union[:common]), union[common+rest:]...), y, &s)
			e := Estimate(Equal(x, y), 128)
			sum += e
			squares += (e - j) * (e - j)
		}
		deviation := math.Sqrt(j*(1-j)/128) + 0.006
		if mean := sum / pairs; math.Abs(mean-j) > 4*deviation/math.Sqrt(pairs) {
			t.Errorf("Jaccard %g: mean %.4f", j, mean)
		}
		if d := math.Sqrt(squares / pairs); d > 1.15*deviation {
			t.Errorf("Jaccard %g: deviation %.4f, want %.4f", j, d, deviation)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	x, out := numbers(rand.New(rand.NewPCG(1, 1)), 556), make([]byte, 128)
	h := New(128)
	var s Scratch
	for b.Loop() {
		h.Sign(x, out, &s)
	}
}
