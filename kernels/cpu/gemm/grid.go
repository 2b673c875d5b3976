package gemm

import "unsafe"

// grid cuts C into tasks: blocks of rows times groups of panels.
type grid struct {
	c, a       Matrix
	set        *kernels
	accumulate bool

	rows, blocks  int // rows per block
	group, groups int // panels per group
	panels        int
}

// blockRows is how many rows of C pass by while a panel block stays in L1; their
// part of A stays in L2. A multiple of every mr.
const blockRows = 96

// cut chooses the tasks: enough of them that all workers end at about the same
// time. Results do not depend on it.
func (g *grid) cut(workers int) {
	m, mr := g.c.Rows, g.set.mr
	blocks := (m + blockRows - 1) / blockRows
	g.rows = (m + blocks*mr - 1) / (blocks * mr) * mr
	g.blocks = (m + g.rows - 1) / g.rows
	g.panels = g.set.panels(g.c.Cols)
	g.group = g.panels
	if want := 6 * workers; workers > 1 && g.blocks < want {
		g.group = max(1, g.panels*g.blocks/want)
	}
	wide := g.set.wide(min(m, mr), g.panels) // keep the kernels for few rows whole
	g.group = (g.group + wide - 1) / wide * wide
	g.groups = (g.panels + g.group - 1) / g.group
}

func (g *grid) tasks() int { return g.blocks * g.groups }

// do computes task t with packed B, a block of K after the other.
func (g *grid) do(t int, b *Packed) {
	row := t / g.groups * g.rows
	rows := min(g.rows, g.c.Rows-row)
	first := t % g.groups * g.group
	last := min(first+g.group, g.panels)

	depth := kBlock(b.K)
	s := g.scratchA(rows, depth)
	for k := 0; k < b.K; k += depth {
		d := min(depth, b.K-k)
		g.block(row, rows, first, last, k, d, g.strip(s, row, rows, k, d),
			&b.data[first*b.stride+k*g.set.nr], b.stride)
	}
	if s != nil {
		putScratch(s)
	}
}

// block adds the products over [k, k+depth) to rows × panels [first, last): the
// panel block stays in L1 while the tiles of A pass by. b is the block of the
// first panel, each next one is `panel` floats on.
func (g *grid) block(row, rows, first, last, k, depth int, a strip, b *float32, panel int) {
	nr, step := g.set.nr, g.set.tileRows(rows)
	t := tile{
		ars: a.ars, acs: a.acs, crs: g.c.RowStride,
		panel: panel, k: depth, nr: nr, wide: 1, add: g.accumulate || k > 0,
	}
	for p := first; p < last; p += t.wide {
		if rows == step {
			t.wide = g.set.wide(rows, last-p)
		}
		t.b = at(b, (p-first)*panel)
		c := &g.c.Data[row*t.crs+p*nr]
		cols := min(t.wide*nr, g.c.Cols-p*nr)
		t.half = g.set.halves && 2*cols <= nr
		inside := cols == t.wide*nr || t.half && 2*cols == nr
		for lo := 0; lo < rows; lo += step {
			t.rows, t.a = min(step, rows-lo), at(a.first, lo/step*a.next)
			if inside {
				t.c = at(c, lo*t.crs)
				g.set.run(&t)
			} else {
				g.edge(t, row+lo, p*nr)
			}
		}
	}
}

// at is the address n floats on. The matrices were checked to hold it.
func at(p *float32, n int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*n))
}

// edge computes a tile that sticks out of C to the right beside C and copies
// what is inside.
func (g *grid) edge(t tile, row, col int) {
	width := t.wide * g.set.nr
	buf := getScratch(t.rows * width)
	defer putScratch(buf)
	add := t.add
	t.c, t.crs, t.add = &buf.data[0], width, false
	g.set.run(&t)
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
