package cuda

import "cogumi/kernels"

// ropeHeads is how many heads one thread turns; HEADS in rope.cu.
const ropeHeads = 2

func bindRope(c *compiler, op kernels.Op) bool {
	o, ok := op.(*kernels.Rope)
	if !ok {
		return false
	}
	if c.turns[o] != nil {
		return true // with the attention's appending
	}
	c.halves(o.X)
	rows, heads, half := o.X.Rows(), o.X.Cols()/o.HeadDim, o.HeadDim/2
	args := []any{c.ptr(o.X), c.ptr(o.Positions), c.ptr(o.Cos), c.ptr(o.Sin), c.ptr(o.Rows), rows, heads, half, flag(o.Inverse)}
	if half%8 == 0 {
		groups := (heads + ropeHeads - 1) / ropeHeads
		c.launch(c.kernel("rope"), blocks(rows*groups*half/8, 256), [3]int{256, 1, 1}, 0, args...)
	} else {
		c.launch(c.kernel("rope_any"), blocks(rows*heads*half, 256), [3]int{256, 1, 1}, 0, args...)
	}
	return true
}

// turnedRows is up to how many rows rotating and appending are one launch: there
// launches are what they cost. Of more rows a thread turns several heads at once.
const turnedRows = 128

// turns finds the rotations of queries and keys right before a cached attention of
// few rows; all three are mapped to the first.
func turns(p *kernels.Program) map[kernels.Op]*kernels.Rope {
	all := map[kernels.Op]*kernels.Rope{}
	for i, op := range p.Ops {
		a, ok := op.(*kernels.CachedAttention)
		if !ok || i < 2 || a.Q.Rows() > turnedRows || a.HeadDim%16 != 0 {
			continue
		}
		q, ok1 := p.Ops[i-2].(*kernels.Rope)
		k, ok2 := p.Ops[i-1].(*kernels.Rope)
		if !ok1 || !ok2 || q.X != a.Q || k.X != a.K || q.HeadDim != a.HeadDim || q.Inverse {
			continue
		}
		if like := *k; like != (kernels.Rope{Rows: q.Rows, X: k.X, Positions: q.Positions, Cos: q.Cos, Sin: q.Sin, HeadDim: q.HeadDim}) {
			continue
		}
		all[q], all[k], all[a] = q, q, q
	}
	return all
}

// turnedAppend appends rotations and appending as one launch.
func (c *compiler) turnedAppend(o *kernels.CachedAttention, r *kernels.Rope) {
	parts := ((o.Heads+3*o.KVHeads)*o.HeadDim/16 + 127) / 128
	c.launch(c.kernel("rope_append"), [3]int{o.Q.Rows(), parts, 1}, [3]int{128, 1, 1}, 0,
		c.ptr(o.Q), c.ptr(o.K), c.ptr(o.V), c.ptr(o.KCache), c.ptr(o.VCache), c.ptr(o.O), c.ptr(r.Positions), c.ptr(r.Cos), c.ptr(r.Sin),
		c.ptr(r.Rows), c.ptr(o.Seqs), c.ptr(o.CuSeqlens), c.ptr(o.Pages), c.ptr(o.Starts), o.Pages.Cols(), o.KCache.Shape[1], o.Heads, o.KVHeads, o.HeadDim/2)
}
