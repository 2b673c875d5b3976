package cuda

import (
	"bytes"
	"context"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"cogumi/kernels"
)

// TestAway: activations that wait in the host's memory come back with their
// bits, launch by launch and as a graph, and a table in the host's memory gives
// the rows that it gave on the GPU.
func TestAway(t *testing.T) {
	for _, eager := range []bool{false, true} {
		d := open(t, Options{Eager: eager})
		rows := kernels.NewTensor("rows", kernels.I32, 1)
		ids := kernels.NewTensor("ids", kernels.I32, 512)
		table := kernels.NewTensor("table", kernels.BF16, 300, 1024)
		out := kernels.NewTensor("out", kernels.BF16, 512, 1024)
		if err := d.Alloc(rows, ids, out); err != nil {
			t.Fatal(err)
		}
		if err := d.Alloc(table); err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(1, 2))
		want := make([]byte, table.Bytes())
		for i := range want {
			want[i] = byte(random.Uint32())
			if i%2 == 1 {
				want[i] &= 0xbf // no infinities
			}
		}
		write := func(x *kernels.Tensor, b []byte) {
			if err := d.Write(x, 0, b); err != nil {
				t.Fatal(err)
			}
		}
		write(table, want)
		if !d.Evictable(table) {
			t.Fatal("a table that no program reads cannot move")
		}
		_, before := d.Usage()
		if err := d.Evict(table); err != nil {
			t.Fatal(err)
		}
		kinds, _ := d.Usage()
		if kinds[hostKind] < table.Bytes() {
			t.Errorf("%d bytes are in the host's memory, the table has %d (peak %d)", kinds[hostKind], table.Bytes(), before)
		}
		got := make([]byte, len(want))
		if err := d.Read(table, 0, got); err != nil || !bytes.Equal(got, want) {
			t.Fatal("the table changed on its way", err)
		}
		// The rows go to the host and back while a product overwrites what it may.
		x := kernels.NewActivation("x", kernels.BF16, 512, 1024)
		away := kernels.NewActivation("away", kernels.BF16, 512, 1024)
		away.Role = kernels.Away
		y := kernels.NewActivation("y", kernels.BF16, 512, 1024)
		z := kernels.NewActivation("z", kernels.BF16, 512, 1024)
		store, fetch := &kernels.Store{X: x, To: away}, &kernels.Fetch{From: away, Y: y}
		p := &kernels.Program{Name: "away"}
		p.Add(&kernels.Embed{Rows: rows, IDs: ids, Table: table, Y: x}, store, &kernels.Await{Of: store},
			&kernels.Embed{Rows: rows, IDs: ids, Table: table, Y: z}, &kernels.SwiGLU{Rows: rows, G: z, U: z, H: kernels.NewActivation("h", kernels.BF16, 512, 1024)},
			fetch, &kernels.Await{Of: fetch}, &kernels.Gather{Count: rows, Rows: rows, Index: ids, X: y, Y: out})
		run, err := d.Compile(p)
		if err != nil {
			t.Fatal(err)
		}
		if d.Evictable(table) || d.Evict(ids) == nil {
			t.Error("what a program reads could be moved")
		}
		for round := range 4 {
			index := make([]int32, 512)
			for i := range index {
				index[i] = int32(random.IntN(300))
			}
			write(rows, ints(512))
			write(ids, ints(index...))
			if err := run.Run(context.Background()); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, out.Bytes())
			if err := d.Read(out, 0, b); err != nil {
				t.Fatal(err)
			}
			for i := range index {
				row := index[index[i]]
				if !bytes.Equal(b[2048*i:2048*(i+1)], want[2048*int(row):2048*(int(row)+1)]) {
					t.Fatalf("eager %t, run %d: row %d is not row %d of the table", eager, round, i, row)
				}
			}
		}
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
		if !d.Evictable(table) {
			t.Error("a closed program still holds the table")
		}
		d.Free(table, rows, ids, out)
		if kinds, _ := d.Usage(); slices.ContainsFunc([]string{hostKind, "activations", "tensors"}, func(k string) bool { return kinds[k] != 0 }) {
			t.Errorf("left behind: %v", kinds)
		}
	}
}

func ints(x ...int32) (b []byte) {
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return b
}

// BenchmarkBus copies 256 MiB between the GPU and page-locked memory: out, in,
// and both at once.
func BenchmarkBus(b *testing.B) {
	d := open(b, Options{})
	const n = 256 << 20
	leave, err := d.enter()
	defer leave()
	if err != nil {
		b.Fatal(err)
	}
	gpu, err := d.memory.take("bus", n, n)
	if err != nil {
		b.Fatal(err)
	}
	host, err := d.memory.takeHost("bus", n, n)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		for _, p := range append(gpu, host...) {
			d.memory.release(p)
		}
	}()
	b.Logf("%.0f operations in the time of a byte", d.Balance())
	out := func() error { return d.out.Move(host[0].ptr, gpu[0].ptr, n) }
	in := func() error { return d.in.Move(gpu[1].ptr, host[1].ptr, n) }
	for name, moves := range map[string][]func() error{"out": {out}, "in": {in}, "both": {out, in}} {
		b.Run(name, func(b *testing.B) {
			leave, err := d.enter()
			defer leave()
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				for _, move := range moves {
					if err := move(); err != nil {
						b.Fatal(err)
					}
				}
				if err := d.context.Synchronize(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*n*float64(len(moves))/1e9/b.Elapsed().Seconds(), "GB/s")
		})
	}
}
