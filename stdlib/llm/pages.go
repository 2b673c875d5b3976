package llm

import (
	"context"
	"fmt"
	"slices"

	"cogumi/kernels"
)

// pagesFor is how many pages so many tokens take.
func pagesFor(tokens int) int { return (tokens + kernels.PageTokens - 1) / kernels.PageTokens }

// cache makes the cache of so many pages, without memory.
func (g *generator) cache(pages int) {
	c := g.m.Config
	g.caches = nil
	for i := range g.m.layers {
		half := func(name string) *kernels.Tensor {
			return kernels.NewTensor(fmt.Sprintf("%d.%s", i, name), g.m.compute, pages, kernels.PageTokens, c.KVHeads*c.HeadDim)
		}
		g.caches = append(g.caches, [2]*kernels.Tensor{half("k_cache"), half("v_cache")})
	}
}

// needs is how many pages a prompt of so many tokens can have with its answer.
func (g *generator) needs(prompt int) int { return pagesFor(min(prompt+g.c.MaxTokens, g.length)) }

// together is how many pages prompts with their answers can have at one time: those
// of the longest that can be in flight together.
func (g *generator) together(prompts [][]int32) (pages int) {
	var each []int
	for _, p := range prompts {
		each = append(each, g.needs(len(p)))
	}
	slices.Sort(each)
	for _, n := range each[max(0, len(each)-g.c.Slots):] {
		pages += n
	}
	return pages
}

// affordable is how many pages the cache has: what the sequences can need, or what
// there is room for beside everything else, but one sequence to its end at least.
func (g *generator) affordable() int {
	all := g.c.Slots * g.most
	if g.needed > 0 {
		all = max(g.needed, g.most)
	}
	if g.c.Pages > 0 {
		return max(min(g.c.Pages, all), g.most)
	}
	d := g.m.device.Describe()
	if d.Free == 0 {
		return all
	}
	g.cache(1)
	page := int64(0)
	for _, half := range g.caches {
		page += bytesOf(half[:])
	}
	p := g.program(g.c.Budget)
	room := d.Free - planOf(g.m.device, p).Arena - footprint(g.m.device, p) - bytesOf(g.made) - d.Memory/kernels.KeptFree
	return max(int(min(room/page, int64(all))), g.most)
}

// whole gives a flight pages to its end, those from page n·most on: for caches
// that hold every sequence whole.
func (g *generator) whole(n int) (pages []int32) {
	for i := range g.most {
		pages = append(pages, int32(n*g.most+i))
	}
	return pages
}

// queue is how prompts become answers: those in flight, those that wait because
// there was no page for them, and those that have not begun. Where pages run out
// the youngest flight gives its own back and is read again later; what it has
// written stays.
type queue struct {
	g       *generator
	prompts [][]int32
	next    int       // the prompt that comes next
	flying  []*flight // the oldest first
	waiting []*flight
	free    []int32 // pages
	again   int     // flights that gave way
}

func newQueue(g *generator, prompts [][]int32) *queue {
	q := &queue{g: g, prompts: prompts}
	for i := range g.caches[0][0].Shape[0] {
		q.free = append(q.free, int32(i))
	}
	slices.Reverse(q.free) // low pages first: others are perhaps never touched
	return q
}

func (q *queue) all(ctx context.Context, done func(int, Output)) ([]Output, error) {
	out := make([]Output, len(q.prompts))
	for q.next < len(q.prompts) || len(q.flying)+len(q.waiting) > 0 {
		q.grow()
		q.admit()
		taken := q.share()
		ids, err := q.g.step(ctx, taken)
		if err != nil {
			return nil, err
		}
		for k, f := range taken {
			if f.cached+f.take < len(f.ids) {
				f.cached += f.take
				continue
			}
			over, ended := q.g.next(f, ids[k])
			if !over {
				continue
			}
			q.land(f)
			out[f.prompt] = Output{IDs: slices.Clone(f.ids[f.given:]), Truncated: !ended}
			if done != nil {
				done(f.prompt, out[f.prompt])
			}
		}
	}
	return out, nil
}

// lacks is how many pages a flight needs before it can take in all that it has.
func (f *flight) lacks() int { return pagesFor(len(f.ids)) - len(f.pages) }

// supply gives a flight the pages that it lacks.
func (q *queue) supply(f *flight) {
	n := len(q.free) - f.lacks()
	for i := len(q.free); i > n; i-- {
		f.pages = append(f.pages, q.free[i-1])
	}
	q.free = q.free[:n]
}

// land takes a flight out of those in flight, and its pages back.
func (q *queue) land(f *flight) {
	for _, p := range slices.Backward(f.pages) {
		q.free = append(q.free, p)
	}
	f.pages, f.cached = nil, 0
	q.flying = slices.DeleteFunc(q.flying, func(x *flight) bool { return x == f })
}

// grow gives every flight the pages for its next tokens. The cache holds one
// sequence whole, so the oldest always goes on.
func (q *queue) grow() {
	for i := 0; i < len(q.flying); i++ {
		f := q.flying[i]
		for f.lacks() > len(q.free) {
			youngest := q.flying[len(q.flying)-1]
			q.land(youngest)
			q.waiting = slices.Insert(q.waiting, 0, youngest)
			q.again++
			if youngest == f {
				return
			}
		}
		q.supply(f)
	}
}

// admit begins flights while there is room, and a further page for each that can
// need one, so that none gives way at once.
func (q *queue) admit() {
	tokens, reserve := 0, 0
	for _, f := range q.flying {
		tokens += len(f.ids) - f.cached
		reserve += min(1, q.g.needs(f.given)-len(f.pages))
	}
	for len(q.flying) < q.g.c.Slots && tokens < q.g.c.Budget && (len(q.waiting) > 0 || q.next < len(q.prompts)) {
		var f *flight
		if len(q.waiting) > 0 {
			f = q.waiting[0]
		} else {
			f = q.g.flight(q.next, q.prompts[q.next])
		}
		if len(q.flying) > 0 && f.lacks()+reserve > len(q.free) {
			return
		}
		if len(q.waiting) > 0 {
			q.waiting = q.waiting[1:]
		} else {
			q.next++
		}
		q.supply(f)
		q.flying = append(q.flying, f)
		tokens += len(f.ids)
		reserve += min(1, q.g.needs(f.given)-len(f.pages))
	}
}

// share divides the budget of a run among the flights: those that write first.
func (q *queue) share() (taken []*flight) {
	room := q.g.c.Budget
	give := func(f *flight, n int) {
		if f.take = min(n, room); f.take > 0 {
			room -= f.take
			taken = append(taken, f)
		}
	}
	for _, f := range q.flying {
		if len(f.ids)-f.cached == 1 {
			give(f, 1)
		}
	}
	for _, f := range q.flying {
		if n := len(f.ids) - f.cached; n > 1 {
			give(f, n)
		}
	}
	return taken
}
