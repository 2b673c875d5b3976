package gemm

import "sync"

var panels = sync.Pool{New: func() any { return new(Packed) }}

// grid cuts C into tasks: blocks of rows times groups of panels.
type grid struct {
	c, a       Matrix
	b          *Packed
	set        *kernels
	accumulate bool

	rows, rowBlocks   int // rows per block
	group, groupCount int // panels per group
}

// blockRows is how many rows of C a task takes at most: the panel block in L1
// serves them all.
const blockRows = 48

func (g *grid) cut(workers int) {
	m := g.c.Rows
	g.rowBlocks = (m + blockRows - 1) / blockRows
	g.rows = (m + g.rowBlocks - 1) / g.rowBlocks
	panels := g.b.panels()
	g.group = panels
	if want := 6 * workers; workers > 1 && g.rowBlocks < want {
		g.group = max(1, panels*g.rowBlocks/want)
	}
	g.groupCount = (panels + g.group - 1) / g.group
}

func (g *grid) tasks() int { return g.rowBlocks * g.groupCount }

// do computes one task, a block of K after the other.
func (g *grid) do(t int) {
	row := t / g.groupCount * g.rows
	rows := min(g.rows, g.c.Rows-row)
	first := t % g.groupCount * g.group
	last := min(first+g.group, g.b.panels())
	if rows <= 0 {
		return
	}
	step := kBlock(g.b.K)
	for k := 0; k < g.b.K; k += step {
		g.block(row, rows, first, last, k, min(step, g.b.K-k))
	}
}

// block adds the products over [k, k+depth) to rows × panels [first, last).
func (g *grid) block(row, rows, first, last, k, depth int) {
	a := g.a.Slice(row, row+rows, k, k+depth)
	tiles := (rows + g.set.mr - 1) / g.set.mr
	for p := first; p < last; {
		wide := 1
		if tiles == 1 {
			wide = g.set.wide(rows, last-p)
		}
		for i := range tiles {
			lo, hi := rows*i/tiles, rows*(i+1)/tiles
			g.tile(row+lo, hi-lo, p, wide, k, depth, a.Slice(lo, hi, 0, depth))
		}
		p += wide
	}
}

// tile runs the kernel on C[row…row+rows) × panels [p, p+wide).
func (g *grid) tile(row, rows, p, wide, k, depth int, a Matrix) {
	nr := g.set.nr
	t := tile{
		a: &a.Data[0], ars: a.RowStride, acs: a.ColStride,
		b: &g.b.data[p*g.b.K*nr+k*nr], panel: g.b.K * nr,
		k: depth, rows: rows, wide: wide,
		add: g.accumulate || k > 0,
	}
	col := p * nr
	if col+wide*nr <= g.c.Cols {
		t.c, t.crs = &g.c.Data[row*g.c.RowStride+col], g.c.RowStride
		g.set.run(&t)
		return
	}
	g.edge(&t, row, col)
}

// edge computes a tile that sticks out of C to the right beside C and copies
// what is inside.
func (g *grid) edge(t *tile, row, col int) {
	width := t.wide * g.set.nr
	buf := getScratch(t.rows * width)
	defer putScratch(buf)
	add := t.add
	t.c, t.crs, t.add = &buf.data[0], width, false
	g.set.run(t)
	for i := range t.rows {
		c := g.c.Data[(row+i)*g.c.RowStride+col:][:g.c.Cols-col]
		s := buf.data[i*width:][:len(c)]
		if !add {
			copy(c, s)
			continue
		}
		for j, v := range s {
			c[j] += v
		}
	}
}
