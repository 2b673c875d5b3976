package cuda

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
	"cogumi/kernels/nf4"
)

// Shapes of Llama 3.1 8B, 8,192 tokens.
const (
	benchTokens, benchHidden, benchInner, benchVocab = 8192, 4096, 14336, 128256
)

// load is a program, how often it does the work that is measured, and the bytes
// that this must move: each input read once, each output written once.
type load struct {
	scene *scene
	bytes int64
}

func (l *load) act(rows, cols int) *kernels.Tensor {
	return l.scene.put(kernels.NewTensor(fmt.Sprint("a", len(l.scene.tensors)), kernels.BF16, rows, cols), nil)
}

func (l *load) f32(shape ...int) *kernels.Tensor {
	return l.scene.put(kernels.NewTensor(fmt.Sprint("f", len(l.scene.tensors)), kernels.F32, shape...), nil)
}

func (l *load) count(n int) *kernels.Tensor { return l.scene.ints(int32(n)) }

func (l *load) index(n, limit int) *kernels.Tensor {
	x := make([]int32, n)
	for i := range x {
		x[i] = int32(l.scene.random.IntN(limit))
	}
	return l.scene.ints(x...)
}

func (l *load) add(bytes int64, op kernels.Op) {
	l.scene.program.Add(op)
	l.bytes += bytes
}

// noise fills tensors that have no contents with random bf16 numbers in 0.5…2,
// which are such as f32, too.
func noise(b testing.TB, d *Device, ts []*kernels.Tensor, data map[*kernels.Tensor][]byte) {
	r := rand.New(rand.NewPCG(1, 1))
	pool := make([]uint16, 1<<22)
	for i := range pool {
		pool[i] = uint16(r.Uint32())&0x00ff | 0x3f00
	}
	src := unsafe.Slice((*byte)(unsafe.Pointer(&pool[0])), 2*len(pool))
	for _, t := range ts {
		if data[t] != nil {
			if err := d.Write(t, 0, data[t]); err != nil {
				b.Fatal(err)
			}
			continue
		}
		for at := int64(0); at < t.Bytes(); at += int64(len(src)) {
			if err := d.Write(t, at, src[:min(int64(len(src)), t.Bytes()-at)]); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// measure runs a program until a run is representative and reports bytes per
// second and their share of what a copy within the GPU's memory reaches.
func measure(b *testing.B, d *Device, build func(l *load)) {
	l := &load{scene: newScene(1, kernels.BF16)}
	build(l)
	if err := d.Alloc(l.scene.tensors...); err != nil {
		b.Fatal(err)
	}
	defer d.Free(l.scene.tensors...)
	noise(b, d, l.scene.tensors, l.scene.data)
	e, err := d.Compile(&l.scene.program)
	if err != nil {
		b.Fatal(err)
	}
	defer e.Close()
	run := func() {
		if err := e.Run(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
	for range 3 {
		run()
	}
	report(b, d, l.bytes, len(l.scene.program.Ops), run)
}

// report times work that is put into the device's stream.
func report(b *testing.B, d *Device, bytes int64, ops int, run func()) {
	best := time.Duration(1 << 60)
	b.ResetTimer()
	for b.Loop() {
		best = min(best, elapsed(b, d, run))
	}
	rate := float64(bytes) / best.Seconds()
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(best.Seconds()*1e6/float64(ops), "µs")
	b.ReportMetric(rate/1e9, "GB/s")
	b.ReportMetric(100*rate/copyRate(b, d), "%copy")
}

func elapsed(b testing.TB, d *Device, run func()) time.Duration {
	leave, err := d.enter()
	defer leave()
	var events [2]*driver.Event
	for i := range events {
		if err == nil {
			events[i], err = d.context.NewEvent()
			defer events[i].Close()
		}
	}
	if err == nil {
		err = events[0].Record(d.stream)
	}
	run()
	if err == nil {
		err = events[1].Record(d.stream)
	}
	if err == nil {
		err = events[1].Synchronize()
	}
	if err != nil {
		b.Fatal(err)
	}
	took, err := events[1].Since(events[0])
	if err != nil {
		b.Fatal(err)
	}
	return took
}

var copied float64

// copyRate is bytes read plus bytes written a second by a copy of 1 GiB.
func copyRate(b testing.TB, d *Device) float64 {
	if copied > 0 {
		return copied
	}
	from, to := kernels.NewTensor("from", kernels.U8, 1<<30), kernels.NewTensor("to", kernels.U8, 1<<30)
	if err := d.Alloc(from, to); err != nil {
		b.Fatal(err)
	}
	defer d.Free(from, to)
	noise(b, d, []*kernels.Tensor{from}, nil)
	for range 20 {
		took := elapsed(b, d, func() {
			if err := d.stream.Copy(d.memory.tensors[to].ptr, d.memory.tensors[from].ptr, from.Bytes()); err != nil {
				b.Fatal(err)
			}
		})
		copied = max(copied, float64(2*from.Bytes())/took.Seconds())
	}
	b.Logf("copy: %.0f GB/s", copied/1e9)
	return copied
}

func BenchmarkBandwidth(b *testing.B) {
	d := open(b, Options{})
	const act = 2 * benchTokens * benchHidden // bytes of [tokens, hidden]
	const inner = 2 * benchTokens * benchInner
	bench := func(name string, build func(l *load)) {
		b.Run(name, func(b *testing.B) { measure(b, d, build) })
	}
	bench("addnorm", func(l *load) {
		for range 4 {
			l.add(4*act, &kernels.AddNorm{Rows: l.count(benchTokens), X: l.act(benchTokens, benchHidden), Delta: l.act(benchTokens, benchHidden), Sum: l.act(benchTokens, benchHidden),
				Y: l.act(benchTokens, benchHidden), W: l.f32(benchHidden), RStd: l.f32(benchTokens), Eps: 1e-5})
		}
	})
	bench("addnorm.backward", func(l *load) {
		for range 4 {
			f := &kernels.AddNorm{Rows: l.count(benchTokens), X: l.act(benchTokens, benchHidden), W: l.f32(benchHidden), RStd: l.f32(benchTokens)}
			l.add(4*act, &kernels.AddNormBackward{Forward: f, DY: l.act(benchTokens, benchHidden), DSum: l.act(benchTokens, benchHidden), Add: true})
		}
	})
	bench("headnorm", func(l *load) {
		for range 4 {
			l.add(2*act, &kernels.HeadNorm{Rows: l.count(benchTokens), X: l.act(benchTokens, benchHidden), Y: l.act(benchTokens, benchHidden), W: l.f32(128), RStd: l.f32(benchTokens, 32), Eps: 1e-5})
		}
	})
	bench("rope", func(l *load) {
		cos, sin := l.f32(benchTokens, 64), l.f32(benchTokens, 64)
		for range 4 {
			l.add(2*act, &kernels.Rope{Rows: l.count(benchTokens), X: l.act(benchTokens, benchHidden), Positions: l.index(benchTokens, benchTokens), Cos: cos, Sin: sin, HeadDim: 128})
		}
	})
	bench("swiglu", func(l *load) {
		for range 2 {
			l.add(3*inner, &kernels.SwiGLU{Rows: l.count(benchTokens), G: l.act(benchTokens, benchInner), U: l.act(benchTokens, benchInner), H: l.act(benchTokens, benchInner)})
		}
	})
	bench("swiglu.backward", func(l *load) {
		for range 2 {
			f := &kernels.SwiGLU{Rows: l.count(benchTokens), G: l.act(benchTokens, benchInner), U: l.act(benchTokens, benchInner), H: l.act(benchTokens, benchInner)}
			l.add(5*inner, &kernels.SwiGLUBackward{Forward: f, DH: l.act(benchTokens, benchInner), DG: l.act(benchTokens, benchInner), DU: l.act(benchTokens, benchInner)})
		}
	})
	bench("embed", func(l *load) {
		table := l.act(benchVocab, benchHidden)
		for range 4 {
			l.add(2*act, &kernels.Embed{Rows: l.count(benchTokens), IDs: l.index(benchTokens, benchVocab), Table: table, Y: l.act(benchTokens, benchHidden)})
		}
	})
	bench("scatter", func(l *load) {
		x := make([]int32, benchTokens)
		for i, k := range l.scene.random.Perm(benchTokens) {
			x[i] = int32(k)
		}
		f := &kernels.Gather{Count: l.count(benchTokens), Rows: l.count(benchTokens), Index: l.scene.ints(x...), X: l.act(benchTokens, benchHidden)}
		for range 4 {
			l.add(2*act, &kernels.Scatter{Forward: f, DY: l.act(benchTokens, benchHidden), DX: l.act(benchTokens, benchHidden)})
		}
	})
	bench("argmax", func(l *load) {
		l.add(4*64*benchVocab, &kernels.Argmax{Rows: l.count(64), Logits: l.f32(64, benchVocab), IDs: l.count(0)})
		l.scene.program.Ops[0].(*kernels.Argmax).IDs = l.index(64, 1)
	})
	bench("sample", func(l *load) {
		reals := func(v float32) *kernels.Tensor {
			x := make([]float32, 64)
			for i := range x {
				x[i] = v
			}
			return l.scene.f32(x, 64)
		}
		l.add(4*64*benchVocab, &kernels.Sample{Rows: l.count(64), Logits: l.scene.f32(l.scene.normal(64*benchVocab, 3), 64, benchVocab),
			Temperature: reals(0.8), TopP: reals(0.95), TopK: l.index(64, 1), Uniform: reals(0.7), IDs: l.index(64, 1)})
	})
	for _, eight := range []bool{true, false} {
		bench(fmt.Sprintf("adamw 8-bit %v", eight), func(l *load) { benchAdamW(l, eight) })
	}
	b.Run("loss", func(b *testing.B) { benchLoss(b, d) })
	b.Run("nf4", func(b *testing.B) { benchNF4(b, d) })
}

// benchAdamW is the adapters of all projections, rank 64: 168 million values.
func benchAdamW(l *load, eight bool) {
	o := &kernels.AdamW{Norm: l.scene.f32([]float32{1}, 1), MaxNorm: 1, LR: l.scene.f32([]float32{1e-4}, 1), Step: l.count(10), Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
	n := 0
	for range 32 {
		for _, m := range [][2]int{{4096, 4096}, {1024, 4096}, {1024, 4096}, {4096, 4096}, {14336, 4096}, {14336, 4096}, {4096, 14336}} {
			for _, shape := range [][]int{{64, m[1]}, {m[0], 64}} {
				s := kernels.AdamSlot{P: l.f32(shape...), G: l.f32(shape...)}
				k := s.P.Len()
				n += k
				if eight {
					codes := func() *kernels.Tensor { return l.scene.put(kernels.NewTensor("codes", kernels.U8, k), nil) }
					s.Eight = &kernels.Slot8{M: codes(), V: codes(), MAbsmax: l.f32(k / 256), VAbsmax: l.f32(k / 256)}
				} else {
					s.M, s.V = l.f32(shape...), l.f32(shape...)
				}
				o.Slots = append(o.Slots, s)
			}
		}
	}
	each := int64(4 + 4 + 4 + 2 + 16)
	if eight {
		each = 4 + 4 + 4 + 2 + 4
	}
	l.add(each*int64(n), o)
}

func benchLoss(b *testing.B, d *Device) {
	const rows = 1024
	logits, nll, scale := kernels.NewTensor("logits", kernels.BF16, rows, benchVocab), kernels.NewTensor("nll", kernels.F32, rows), kernels.NewTensor("scale", kernels.F32, 1)
	count, targets := kernels.NewTensor("count", kernels.I32, 1), kernels.NewTensor("targets", kernels.I32, rows)
	all := []*kernels.Tensor{logits, nll, scale, count, targets}
	if err := d.Alloc(all...); err != nil {
		b.Fatal(err)
	}
	defer d.Free(all...)
	noise(b, d, all, map[*kernels.Tensor][]byte{count: raw([]int32{rows}), targets: make([]byte, 4*rows)})
	p := func(t *kernels.Tensor) driver.Ptr { return d.memory.tensors[t].ptr }
	k, err := d.modules.kernel("loss_chunk")
	if err != nil {
		b.Fatal(err)
	}
	for _, blocks := range []int{1, 2} {
		shared := (d.context.Device.SharedMemory/blocks - 2048) &^ 1023
		if err := k.allow(shared); err != nil {
			b.Fatal(err)
		}
		l, err := k.NewLaunch([3]int{rows, 1, 1}, [3]int{1024, 1, 1}, shared, p(logits), p(nll), p(targets), p(scale), p(count), 0, benchVocab, benchVocab, shared/16, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(blocks), func(b *testing.B) {
			report(b, d, 2*logits.Bytes(), 1, func() {
				if err := l.Run(d.stream); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}

func benchNF4(b *testing.B, d *Device) {
	n := benchHidden * benchInner
	x, f := kernels.NewTensor("x", kernels.BF16, n), newFormat(n, true)
	absmax := kernels.NewTensor("absmax", kernels.F32, n/nf4.Block)
	all := append([]*kernels.Tensor{x, absmax}, f.all...)
	if err := d.Alloc(all...); err != nil {
		b.Fatal(err)
	}
	defer d.Free(all...)
	noise(b, d, all, nil)
	p := func(t *kernels.Tensor) driver.Ptr { return d.memory.tensors[t].ptr }
	back := []any{p(x), p(f.Codes), p(f.Absmax), p(f.AbsmaxMap), p(f.NestedAbsmax), p(f.Offset), int64(n), benchInner, benchInner}
	for _, c := range []struct {
		name  string
		bytes int
		per   int
		args  []any
	}{
		{"nf4_dequantize", n*2 + n/2 + n/64, 4, back}, {"nf4_dequantize", n*2 + n/2 + n/64, 8, back}, {"nf4_dequantize", n*2 + n/2 + n/64, 32, back},
		{"nf4_dequantize_flat", n*2 + n/2 + n/16, 4, []any{p(x), p(f.Codes), p(absmax), int64(n), benchInner, benchInner}},
		{"nf4_quantize", n*2 + n/2 + n/16, 8, []any{p(f.Codes), p(absmax), p(x), int64(n)}},
		{"nf4_quantize", n*2 + n/2 + n/16, 64, []any{p(f.Codes), p(absmax), p(x), int64(n)}},
		{"nf4_quantize", n*2 + n/2 + n/16, 32, []any{p(f.Codes), p(absmax), p(x), int64(n)}},
	} {
		grid := c.per * d.context.Device.Multiprocessors
		b.Run(fmt.Sprint(c.name, " ", c.per), func(b *testing.B) {
			report(b, d, int64(10*c.bytes), 10, func() {
				for range 10 {
					if err := d.now(c.name, grid, c.args...); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
