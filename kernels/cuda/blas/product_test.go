package blas

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// open opens the first GPU with cuBLASLt, or skips the test.
func open(t testing.TB) (*Library, *driver.Context, *driver.Stream) {
	t.Helper()
	runtime.LockOSThread()
	all, err := driver.Devices()
	if err != nil || len(all) == 0 {
		t.Skip("no GPU: ", err)
	}
	x, err := driver.Open(all[0])
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(x)
	if errors.Is(err, kernels.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	s, err := x.NewStream()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(); l.Close(); x.Close(); runtime.UnlockOSThread() })
	return l, x, s
}

// noise allocates n bf16 normal numbers that repeat after a million.
func noise(t testing.TB, x *driver.Context, s *driver.Stream, n int) driver.Ptr {
	t.Helper()
	random := rand.New(rand.NewPCG(1, uint64(n)))
	tile := make([]uint16, 1<<20)
	for i := range tile {
		f := float32(random.NormFloat64() * 0.05)
		tile[i] = uint16(*(*uint32)(unsafe.Pointer(&f)) >> 16)
	}
	p, err := x.Alloc(int64(2*n) + 256)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Enter(); err == nil {
			x.Free(p)
		}
	})
	bytes := unsafe.Slice((*byte)(unsafe.Pointer(&tile[0])), 2*len(tile))
	for at := 0; at < 2*n; at += len(bytes) {
		if err := s.Upload(p+driver.Ptr(at), bytes[:min(len(bytes), 2*n-at)]); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// BenchmarkProducts times the products of a Llama-3.1-8B step of 8,192 tokens
// with every algorithm that the library proposes, the first being the one that
// is used.
func BenchmarkProducts(b *testing.B) {
	l, x, s := open(b)
	const t, h, i = 8192, 4096, 14336
	forward := func(n, k int) Shape { return Shape{M: t, N: n, K: k, LdA: k, LdB: k, LdC: n, TransB: true, Align: 256} }
	backward := func(n, k int) Shape { return Shape{M: t, N: k, K: n, LdA: n, LdB: k, LdC: k, Align: 256} }
	weight := func(m, n int) Shape {
		return Shape{M: m, N: n, K: t, LdA: m, LdB: n, LdC: n, TransA: true, F32: true, Align: 256}
	}
	for _, c := range []struct {
		name string
		s    Shape
		beta float32
	}{
		{"q", forward(h, h), 1}, {"k", forward(1024, h), 1}, {"qkv stacked", forward(6144, h), 1}, {"gate", forward(i, h), 1},
		{"gate beta 0", forward(i, h), 0}, {"gate K+64", forward(i, h+64), 0}, {"gate up stacked", forward(2*i, h), 1},
		{"down", forward(h, i), 1}, {"down beta 0", forward(h, i), 0}, {"q back", backward(h, h), 1}, {"k back", backward(1024, h), 1},
		{"gate back", backward(i, h), 1}, {"gate back beta 0", backward(i, h), 0}, {"gate up back stacked", backward(2*i, h), 1}, {"down back", backward(h, i), 1},
		{"u qkv", forward(192, h), 0}, {"u gate up", forward(128, h), 0}, {"u o", forward(64, h), 0}, {"u down", forward(64, i), 0},
		{"ub q", forward(h, 64), 0}, {"ub k", forward(1024, 64), 0}, {"ub gate", forward(i, 64), 0},
		{"g q", backward(h, 64), 0}, {"g k", backward(1024, 64), 0}, {"g gate", backward(i, 64), 0},
		{"ga qkv", backward(192, h), 0}, {"ga gate up", backward(128, h), 0}, {"ga down", backward(64, i), 0},
		{"dB q", weight(h, 64), 1}, {"dB k", weight(1024, 64), 1}, {"dB gate", weight(i, 64), 1},
		{"dA qkv", weight(192, h), 0}, {"dA gate up", weight(128, h), 0}, {"dA o", weight(64, h), 1}, {"dA down", weight(64, i), 1},
		{"head", Shape{M: 1024, N: 128256, K: h, LdA: h, LdB: h, LdC: 128256, TransB: true, Align: 256}, 0},
		{"head back", Shape{M: 1024, N: h, K: 128256, LdA: 128256, LdB: h, LdC: h, Align: 256}, 0},
		{"head 2048", Shape{M: 2048, N: 128256, K: h, LdA: h, LdB: h, LdC: 128256, TransB: true, Align: 256}, 0},
		{"head back 2048", Shape{M: 2048, N: h, K: 128256, LdA: 128256, LdB: h, LdC: h, Align: 256}, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			runtime.LockOSThread() // a goroutine of its own
			defer runtime.UnlockOSThread()
			if err := x.Enter(); err != nil {
				b.Fatal(err)
			}
			p, err := l.Plan(c.s)
			if err != nil {
				b.Fatal(err)
			}
			found, err := p.candidates(6)
			if err != nil {
				b.Fatal(err)
			}
			at, bt, ct := noise(b, x, s, c.s.M*c.s.K), noise(b, x, s, c.s.N*c.s.K), noise(b, x, s, 2*c.s.M*c.s.N)
			work := 2 * float64(c.s.M) * float64(c.s.N) * float64(c.s.K)
			line := ""
			for _, f := range found {
				p.take(f)
				ms := timed(b, x, s, 0.03, func() error { return p.Run(s, at, bt, ct, 1, c.beta) })
				line += fmt.Sprintf("  %.4f (%.0f)", ms, work/ms/1e9)
			}
			fmt.Printf("%-22s ms (TFLOP/s):%s\n", c.name, line)
		})
	}
}

// timed is the milliseconds of one run, repeated for seconds.
func timed(t testing.TB, x *driver.Context, s *driver.Stream, seconds float64, run func() error) float64 {
	from, err := x.NewEvent()
	if err != nil {
		t.Fatal(err)
	}
	to, err := x.NewEvent()
	if err != nil {
		t.Fatal(err)
	}
	measure := func(n int) float64 {
		err := from.Record(s)
		for range n {
			if err == nil {
				err = run()
			}
		}
		if err == nil {
			err = to.Record(s)
		}
		if err == nil {
			err = to.Synchronize()
		}
		if err != nil {
			t.Fatal(err)
		}
		d, err := to.Since(from)
		if err != nil {
			t.Fatal(err)
		}
		return d.Seconds() * 1e3 / float64(n)
	}
	measure(2)
	return measure(max(3, int(seconds*1e3/measure(3))))
}
