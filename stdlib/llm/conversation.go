package llm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrTooLong is a prompt that the context cannot hold.
var ErrTooLong = errors.New("longer than the context")

// Conversation is one sequence that grows: what the model has read stays in the
// cache, so that a further turn reads only what is new. It is for one goroutine.
type Conversation struct {
	g    *generator
	read []int32 // what the cache holds
}

// Speed is what an answer took.
type Speed struct {
	Read    int           // tokens of the prompt that were not in the cache
	Reading time.Duration // until the first token of the answer
	Wrote   int           // tokens of the answer, the end token included
	Writing time.Duration // from the first token on
}

// ReadRate and WriteRate are tokens per second; 0 where there is too little to
// measure.
func (s Speed) ReadRate() float64 { return rate(s.Read, s.Reading) }

// WriteRate does not count the first token: reading the prompt brings it.
func (s Speed) WriteRate() float64 { return rate(s.Wrote-1, s.Writing) }

func rate(n int, d time.Duration) float64 {
	if n <= 0 || d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Converse makes room for a sequence of at most length tokens, answers included;
// the model's own limit holds anyway. adapter may be nil.
func (m *Model) Converse(adapter *Adapter, length int) (*Conversation, error) {
	length = min(length, m.Config.MaxPositions)
	if length < 2 {
		return nil, fmt.Errorf("a context of %d tokens holds no conversation", length)
	}
	g := &generator{m: m, c: GenerateConfig{Slots: 1, Budget: min(length, 256), Pages: pagesFor(length)}, length: length}
	if err := g.record(adapter); err != nil {
		g.close()
		return nil, err
	}
	return &Conversation{g: g}, nil
}

// Length is how many tokens fit.
func (c *Conversation) Length() int { return c.g.length }

// Close frees the cache.
func (c *Conversation) Close() { c.g.close() }

// Answer reads ids, of which what equals the beginning of the last turn is in the
// cache already, and writes an answer. When ctx ends, the answer so far is
// returned with the error. Of cfg, Slots, Budget and Seeds are not used.
func (c *Conversation) Answer(ctx context.Context, ids []int32, cfg GenerateConfig) (Output, Speed, error) {
	var s Speed
	if len(ids) == 0 {
		return Output{}, s, errors.New("the prompt is empty")
	}
	if len(ids) >= c.g.length {
		return Output{}, s, fmt.Errorf("the prompt has %d tokens, the context holds %d: %w", len(ids), c.g.length, ErrTooLong)
	}
	cfg.Slots, cfg.Budget, cfg.Seeds = 1, c.g.c.Budget, nil
	c.g.c = cfg
	began := time.Now()
	f := c.g.flight(0, ids)
	f.pages = c.g.whole(0)
	id, n, err := c.prompt(ctx, f)
	s.Read, s.Reading = n, time.Since(began)
	if err != nil {
		return Output{}, s, err
	}
	began = time.Now()
	over, ended := c.g.next(f, id)
	for !over {
		f.take = 1
		next, err := c.g.step(ctx, []*flight{f})
		if err != nil {
			s.Wrote, s.Writing = len(f.ids)-f.given, time.Since(began)
			return Output{IDs: f.ids[f.given:], Truncated: true}, s, err
		}
		c.read = append(c.read[:f.cached], f.ids[f.cached:]...)
		over, ended = c.g.next(f, next[0])
	}
	s.Wrote, s.Writing = len(f.ids)-f.given, time.Since(began)
	return Output{IDs: f.ids[f.given:], Truncated: !ended}, s, nil
}

// prompt reads what the cache lacks, in pieces that fit the budget, and returns
// the first token of the answer. At least the last token is read: its logits
// give the next.
func (c *Conversation) prompt(ctx context.Context, f *flight) (id int32, read int, err error) {
	ids := f.ids
	f.cached = min(common(c.read, ids), len(ids)-1)
	from := f.cached
	for f.cached < len(ids) {
		f.take = min(c.g.c.Budget, len(ids)-f.cached)
		end := f.cached + f.take
		c.read = c.read[:f.cached] // a run that is stopped halfway leaves these
		next, err := c.g.step(ctx, []*flight{f})
		if err != nil {
			return 0, f.cached - from, err
		}
		c.read = slices.Clone(ids[:end])
		id, f.cached = next[0], end
	}
	return id, len(ids) - from, nil
}

// common is the length of the beginning that a and b share.
func common(a, b []int32) int {
	n := 0
	for n < len(a) && n < len(b) && a[n] == b[n] {
		n++
	}
	return n
}
