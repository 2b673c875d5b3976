package cuda

import (
	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// Sizes of attention.cuh.
const (
	tileRows  = 128
	tileInts  = 8
	tileLists = 3
	// tickets are counters of blocks that take their work from a list, one a
	// launch. The plan's kernel zeroes them.
	tickets = 1024
)

// planKey is what the tiles of packed sequences depend on. starts and pages, how
// many a sequence can have, are those of a cache, nil and 0 without; sequences of
// up to skip new tokens get no tiles.
type planKey struct {
	seqs, cu, starts    *kernels.Tensor
	pages, window, skip int
	rows                int // of the queries
	dry                 bool
}

// attentionPlan is the list of tiles, made on the GPU once a run of the program
// and used by all its layers: the host alone writes what it depends on.
type attentionPlan struct {
	list      driver.Ptr
	counters  driver.Ptr
	used      int // tickets
	bound     int // tiles there can be
	sequences int // there can be
}

func (c *compiler) attentionPlan(key planKey, rows int) *attentionPlan {
	key.rows, key.dry = rows, c.dry
	if p := c.plans[key]; p != nil && p.used < tickets {
		return p
	}
	p := &attentionPlan{sequences: key.cu.Len() - 1}
	p.bound = rows/tileRows + p.sequences
	p.list = c.constant("attention tiles", make([]byte, 4*tileInts*(1+tileLists*p.bound)))
	p.counters = c.constant("attention tickets", make([]byte, 4*tickets))
	c.launch(c.kernel("attention_plan"), [3]int{1, 1, 1}, [3]int{1024, 1, 1}, 0, p.list, p.counters, tickets, c.ptr(key.seqs), c.ptr(key.cu),
		c.ptr(key.starts), key.pages, key.window, key.skip, p.bound, rows)
	if c.plans == nil {
		c.plans = map[planKey]*attentionPlan{}
	}
	c.plans[key] = p
	return p
}

// ticket is a counter for one launch.
func (p *attentionPlan) ticket() driver.Ptr {
	p.used++
	return p.counters + driver.Ptr(4*(p.used-1))
}
