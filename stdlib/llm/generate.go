package llm

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"cogumi/kernels"
)

// GenerateConfig says how answers are written.
type GenerateConfig struct {
	MaxTokens   int     // per answer, the end token included
	Temperature float64 // 0: greedy
	TopP        float64 // 0 or 1: all
	TopK        int     // 0: all
	Seed        uint64  // of sampling
	Slots       int     // sequences in flight; 0: 64
	Budget      int     // tokens of one run; 0: 512
	Pages       int     // of 128 tokens of the cache that the sequences in flight share; 0: as many as these prompts can need, or as there is room for
	// Seeds are those of the prompts; nil: PromptSeed(Seed, i). What is drawn for
	// a prompt depends on its seed and on nothing else.
	Seeds []uint64
	// Token, if not nil, is told of every token of answer i as it comes, the end
	// token included.
	Token func(i int, id int32)
}

// PromptSeed is the seed of the prompt at place i.
func PromptSeed(seed uint64, i int) uint64 { return mix(seed, uint64(i)) }

// Output is one finished answer.
type Output struct {
	IDs       []int32 // the end token included
	Truncated bool    // MaxTokens or the model's length came first
}

// generator runs many sequences together: each run takes one token of every
// sequence in flight and fills the rest of the budget with new prompts, so that
// prompts and answers share the products. Keys and values are in pages that a
// sequence gets as it grows. On devices that compute all rows of a
// program there is one for every power of two up to the budget, and the smallest
// that suffices runs. An answer does not depend on what else is in flight, except
// that products of another number of rows may round differently there.
type generator struct {
	m       *Model
	c       GenerateConfig
	length  int // that a sequence can have
	most    int // pages that it can have
	needed  int // pages that all in flight can have together; 0: of any sequences
	in      *inputs
	pages   *kernels.Tensor // of the sequences in flight
	starts  *kernels.Tensor
	count   *kernels.Tensor
	index   *kernels.Tensor
	logits  *kernels.Tensor // of every sequence's last token
	sampler kernels.Sample
	caches  [][2]*kernels.Tensor // keys and values, by layer
	made    []*kernels.Tensor
	adapter *Adapter
	runs    map[int]kernels.Executable // by the tokens that they take
	sent    map[*kernels.Tensor][]byte // what the device has been given
}

// flight is a sequence on its way.
type flight struct {
	prompt int     // index of the prompt
	pages  []int32 // of the cache, in order
	ids    []int32 // prompt and answer so far
	cached int     // tokens in the cache
	take   int     // tokens that the next run brings
	given  int     // tokens of the prompt
	seed   uint64  // of what is drawn
}

// Generate answers every prompt; done, if not nil, is told of each answer as it
// is finished. adapter may be nil.
func (m *Model) Generate(ctx context.Context, adapter *Adapter, prompts [][]int32, c GenerateConfig, done func(i int, o Output)) ([]Output, error) {
	g, err := m.generator(adapter, prompts, c)
	if err != nil {
		return nil, err
	}
	defer g.close()
	return newQueue(g, prompts).all(ctx, done)
}

// generator makes room for prompts and their answers.
func (m *Model) generator(adapter *Adapter, prompts [][]int32, c GenerateConfig) (*generator, error) {
	if c.Slots == 0 {
		c.Slots = 64
	}
	if c.Budget == 0 {
		c.Budget = 512
	}
	if c.Seeds != nil && len(c.Seeds) != len(prompts) {
		return nil, fmt.Errorf("%d seeds for %d prompts", len(c.Seeds), len(prompts))
	}
	longest, err := m.longest(prompts)
	if err != nil {
		return nil, err
	}
	c.Slots = min(c.Slots, max(len(prompts), 1))
	c.Budget = max(c.Budget, longest+c.Slots)
	g := &generator{m: m, c: c, length: min(longest+c.MaxTokens, m.Config.MaxPositions)}
	g.needed = g.together(prompts)
	if err := g.record(adapter); err != nil {
		g.close()
		return nil, err
	}
	return g, nil
}

func (g *generator) close() {
	for _, r := range g.runs {
		r.Close()
	}
	g.m.device.Free(g.made...)
}

// flight is a new sequence.
func (g *generator) flight(i int, prompt []int32) *flight {
	f := &flight{prompt: i, ids: slices.Clone(prompt), given: len(prompt), seed: PromptSeed(g.c.Seed, i)}
	if g.c.Seeds != nil {
		f.seed = g.c.Seeds[i]
	}
	return f
}

// next takes a token in and tells whether the answer is finished, and whether it
// was the end token that finished it.
func (g *generator) next(f *flight, id int32) (over, ended bool) {
	f.cached = len(f.ids)
	f.ids = append(f.ids, id)
	if g.c.Token != nil {
		g.c.Token(f.prompt, id)
	}
	ended = slices.Contains(g.m.Config.EOS, int(id))
	return ended || len(f.ids)-f.given >= g.c.MaxTokens || len(f.ids) >= g.length, ended
}

// record makes what all programs share, and the largest of them.
func (g *generator) record(adapter *Adapter) error {
	c, s := g.m.Config, g.c.Slots
	ints := func(name string, shape ...int) *kernels.Tensor { return kernels.NewTensor(name, kernels.I32, shape...) }
	reals := func(name string, shape ...int) *kernels.Tensor {
		return kernels.NewTensor(name, kernels.F32, shape...)
	}
	g.adapter, g.runs, g.sent = adapter, map[int]kernels.Executable{}, map[*kernels.Tensor][]byte{}
	g.in, g.most = newInputs(g.c.Budget, s), pagesFor(g.length)
	g.pages, g.starts, g.count, g.index = ints("pages", s, g.most), ints("starts", s), ints("last.count", 1), ints("last.index", s)
	g.logits = reals("logits", s, c.VocabSize)
	g.sampler = kernels.Sample{Rows: g.count, Logits: g.logits, Temperature: reals("temperature", s), TopP: reals("top_p", s),
		TopK: ints("top_k", s), Uniform: reals("uniform", s), IDs: ints("next", s)}
	g.made = append(g.in.all(), g.pages, g.starts, g.count, g.index, g.logits, g.sampler.Temperature, g.sampler.TopP,
		g.sampler.TopK, g.sampler.Uniform, g.sampler.IDs)
	g.cache(g.affordable())
	for i := range g.caches {
		g.made = append(g.made, g.caches[i][:]...)
	}
	if err := g.m.makeRoom(g.program(g.c.Budget), g.made); err != nil {
		return err
	}
	if err := g.m.device.Alloc(g.made...); err != nil {
		return err
	}
	_, err := g.suited(g.c.Budget)
	return err
}

// suited is the program for a run of so many tokens.
func (g *generator) suited(tokens int) (kernels.Executable, error) {
	size := g.c.Budget
	if g.m.device.Describe().Padded {
		size = min(size, 1<<bits.Len(uint(tokens-1)))
	}
	if r := g.runs[size]; r != nil {
		return r, nil
	}
	r, err := g.m.device.Compile(g.program(size))
	if err == nil {
		g.runs[size] = r
	}
	return r, err
}

// program takes up to so many tokens, of at most as many sequences.
func (g *generator) program(tokens int) *kernels.Program {
	c := g.m.Config
	r := &recorder{Program: &kernels.Program{Name: "generate"}, m: g.m, adapter: g.adapter, tokens: tokens, in: g.in}
	r.attend = func(i int, q, k, v, o *kernels.Tensor) {
		r.Add(&kernels.CachedAttention{Seqs: g.in.seqs, CuSeqlens: g.in.cuSeqlens, Pages: g.pages, Starts: g.starts,
			Q: q, K: k, V: v, KCache: g.caches[i][0], VCache: g.caches[i][1], O: o,
			Heads: c.Heads, KVHeads: c.KVHeads, HeadDim: c.HeadDim, Scale: attentionScale(c.HeadDim), Window: c.Window(i)})
	}
	y := r.hidden()
	last := kernels.NewActivation("last", g.m.compute, g.c.Slots, c.Hidden)
	r.Add(&kernels.Gather{Count: g.count, Rows: g.in.rows, Index: g.index, X: y, Y: last},
		&kernels.Linear{Rows: g.count, X: last, Projs: []kernels.Projection{{W: g.m.head, Y: g.logits}}}, &g.sampler)
	return r.Program
}

// step runs what every flight is to take in, and returns their next tokens.
func (g *generator) step(ctx context.Context, flying []*flight) ([]int32, error) {
	var ids, positions, pages, starts, index []int32
	cu := []int32{0}
	uniform := make([]float32, len(flying))
	for k, f := range flying {
		for i := f.cached; i < f.cached+f.take; i++ {
			ids, positions = append(ids, f.ids[i]), append(positions, int32(i))
		}
		cu, index = append(cu, int32(len(ids))), append(index, int32(len(ids)-1))
		starts = append(starts, int32(f.cached))
		pages = append(pages, f.pages...)
		pages = append(pages, make([]int32, g.most-len(f.pages))...)
		uniform[k] = float32(mix(f.seed, uint64(f.cached+f.take-f.given))>>40) / (1 << 24)
	}
	w := &writer{device: g.m.device, sent: g.sent}
	w.ints(g.in.rows, int32(len(ids)))
	w.ints(g.in.seqs, int32(len(flying)))
	w.ints(g.in.ids, ids...)
	w.ints(g.in.positions, positions...)
	w.ints(g.in.cuSeqlens, cu...)
	w.ints(g.pages, pages...)
	w.ints(g.starts, starts...)
	w.ints(g.count, int32(len(flying)))
	w.ints(g.index, index...)
	w.floats(g.sampler.Temperature, slices.Repeat([]float32{float32(g.c.Temperature)}, len(flying))...)
	w.floats(g.sampler.TopP, slices.Repeat([]float32{topP(g.c.TopP)}, len(flying))...)
	w.ints(g.sampler.TopK, slices.Repeat([]int32{int32(g.c.TopK)}, len(flying))...)
	if g.c.Temperature > 0 {
		w.floats(g.sampler.Uniform, uniform...)
	}
	if w.err != nil {
		return nil, w.err
	}
	run, err := g.suited(len(ids))
	if err != nil {
		return nil, err
	}
	if err := run.Run(ctx); err != nil {
		return nil, err
	}
	next := make([]int32, len(flying))
	return next, g.m.device.Read(g.sampler.IDs, 0, intBytes(next))
}

// topP is how devices say that all tokens may be drawn: 1.
func topP(p float64) float32 {
	if p == 0 {
		return 1
	}
	return float32(p)
}
