package gemm

import (
	"fmt"
	"unsafe"

	"cogumi/kernels/cpu/par"
)

// Packed is a K×N operand B in panels. It may be used by several products at
// once.
type Packed struct {
	K, N   int
	set    *kernels
	data   []float32 // panel after panel, each K rows of nr columns
	stride int       // from panel to panel
}

// Pack copies B into panels.
func Pack(b Matrix) *Packed {
	p := &Packed{}
	p.Fill(b)
	return p
}

// PackFunc makes a K×N operand column by column: column writes the k values of
// column j, a weight's row. It is called from several goroutines, once per
// column.
func PackFunc(k, n int, column func(j int, dst []float32)) *Packed {
	p := &Packed{}
	p.FillColumns(k, n, column)
	return p
}

// PackRows makes a K×N operand row by row: row writes the n values of row i. It is
// called from several goroutines, once per row.
func PackRows(k, n int, row func(i int, dst []float32)) *Packed {
	p := &Packed{}
	p.FillRows(k, n, row)
	return p
}

// Bytes is the memory that the panels take.
func (p *Packed) Bytes() int64 { return 4 * int64(cap(p.data)) }

// Fill is Pack into p, whose memory is used again if it suffices.
func (p *Packed) Fill(b Matrix) {
	b.check("B")
	p.reset(b.Rows, b.Cols)
	par.For(p.panels(), p.grain(), func(lo, hi int) {
		for i := lo; i < hi; i++ {
			p.fillPanel(i, b)
		}
	})
}

// FillSerial is Fill on the calling goroutine.
func (p *Packed) FillSerial(b Matrix) {
	b.check("B")
	p.reset(b.Rows, b.Cols)
	for i := range p.panels() {
		p.fillPanel(i, b)
	}
}

// FillColumns is PackFunc into p.
func (p *Packed) FillColumns(k, n int, column func(j int, dst []float32)) {
	p.reset(k, n)
	par.For(p.panels(), p.grain(), func(lo, hi int) {
		nr := p.set.nr
		buf := getScratch(nr * k)
		defer putScratch(buf)
		for i := lo; i < hi; i++ {
			cols := min(nr, n-i*nr)
			for j := range cols {
				column(i*nr+j, buf.data[j*k:(j+1)*k])
			}
			packPanel(p.panel(i), nr, Dense(buf.data, cols, k).T())
		}
	})
}

// FillRows is PackRows into p.
func (p *Packed) FillRows(k, n int, row func(i int, dst []float32)) {
	p.reset(k, n)
	const some = 16 // rows at once: their copies to a panel follow each other
	par.For(k, max(some, 1<<14/max(n, 1)), func(lo, hi int) {
		buf := getScratch(some * n)
		defer putScratch(buf)
		for ; lo < hi; lo += some {
			rows := min(some, hi-lo)
			for i := range rows {
				row(lo+i, buf.data[i*n:(i+1)*n])
			}
			p.fillRows(lo, Dense(buf.data, rows, n))
		}
	})
}

// fillRows copies rows of B, from row lo on, to all panels.
func (p *Packed) fillRows(lo int, rows Matrix) {
	nr := p.set.nr
	for i := range p.panels() {
		packPanel(p.panel(i)[lo*nr:(lo+rows.Rows)*nr], nr, rows.Slice(0, rows.Rows, i*nr, min((i+1)*nr, rows.Cols)))
	}
}

func (p *Packed) reset(k, n int) {
	if k < 0 || n < 0 {
		panic(fmt.Sprintf("gemm: a packed operand of %d×%d", k, n))
	}
	p.set = active
	p.K, p.N = k, n
	size := p.panels() * p.set.nr * k
	if cap(p.data) < size {
		p.data = aligned(size)
	}
	p.data, p.stride = p.data[:size], p.set.nr*k
}

func (p *Packed) panels() int { return p.set.panels(p.N) }

// grain keeps tiny operands on one core.
func (p *Packed) grain() int { return 1 + 1<<14/max(1, p.K*p.set.nr) }

func (p *Packed) panel(i int) []float32 {
	size := p.K * p.set.nr
	return p.data[i*size : (i+1)*size]
}

func (p *Packed) fillPanel(i int, b Matrix) {
	nr := p.set.nr
	packPanel(p.panel(i), nr, b.Slice(0, b.Rows, i*nr, min((i+1)*nr, b.Cols)))
}

// aligned makes a slice that begins on a cache line.
func aligned(n int) []float32 {
	s := make([]float32, n+15)
	skip := int(-uintptr(unsafe.Pointer(&s[0]))>>2) & 15
	return s[skip : skip+n : skip+n]
}
