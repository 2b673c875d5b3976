package llm

import (
	"context"
	"fmt"
	"math"
	"slices"

	"cogumi/stdlib/llm/chat"
)

// Reuse counts what prompts shared.
type Reuse struct {
	Read   int // tokens of prompts that went through the model
	Cached int // tokens that a slot had read already, for the prompt before
}

// lane is a place in the cache that remembers what it has read, so that a prompt
// which begins like the one before it costs only its own tokens.
type lane struct {
	flight
	read []int32 // what its pages hold
	busy bool
}

// lanes share a generator.
type lanes struct {
	*generator
	list  []*lane
	reuse Reuse
}

// newLanes makes places for sequences of at most length tokens.
func (m *Model) newLanes(adapter *Adapter, c GenerateConfig, length int) (*lanes, error) {
	g := &generator{m: m, c: c, length: min(length, m.Config.MaxPositions)}
	g.c.Pages = c.Slots * pagesFor(g.length)
	if err := g.record(adapter); err != nil {
		g.close()
		return nil, err
	}
	l := &lanes{generator: g}
	for i := range c.Slots {
		l.list = append(l.list, &lane{flight: flight{pages: g.whole(i)}})
	}
	return l, nil
}

// begin gives ids to the free lane that has read most of their beginning.
func (l *lanes) begin(i int, ids []int32) bool {
	var best *lane
	most := -1
	for _, a := range l.list {
		if n := common(a.read, ids); !a.busy && n > most {
			best, most = a, n
		}
	}
	if best == nil {
		return false
	}
	pages := best.pages
	best.flight = *l.flight(i, ids)
	best.pages, best.busy = pages, true
	best.cached = min(most, len(ids)-1) // the last token's logits are needed
	l.reuse.Cached += best.cached
	l.reuse.Read += len(ids) - best.cached
	return true
}

// step runs what the lanes have not read, as much as the budget holds, and calls
// at for every lane that has now read all it was given: with its place among the
// rows of logits and the token that the model writes next.
func (l *lanes) step(ctx context.Context, at func(a *lane, row int, next int32) error) error {
	var taken []*lane
	var flights []*flight
	room := l.c.Budget
	for _, a := range l.inOrder() {
		if a.take = min(len(a.ids)-a.cached, room); a.take == 0 {
			continue
		}
		room -= a.take
		a.read = a.read[:min(len(a.read), a.cached)] // a run that is stopped leaves these
		taken, flights = append(taken, a), append(flights, &a.flight)
	}
	next, err := l.generator.step(ctx, flights)
	if err != nil {
		return err
	}
	for k, a := range taken {
		a.read = append(a.read[:a.cached], a.ids[a.cached:a.cached+a.take]...)
		a.cached += a.take
		if a.cached < len(a.ids) {
			continue
		}
		if err := at(a, k, next[k]); err != nil {
			return err
		}
	}
	return nil
}

// inOrder is the busy lanes, those first that need one token: answers go on while
// prompts wait for room.
func (l *lanes) inOrder() []*lane {
	var list []*lane
	for _, a := range l.list {
		if a.busy {
			list = append(list, a)
		}
	}
	slices.SortStableFunc(list, func(a, b *lane) int {
		return min(len(a.ids)-a.cached, 2) - min(len(b.ids)-b.cached, 2)
	})
	return list
}

// GenerateShared is Generate for prompts that begin alike, in an order in which
// neighbours do: a slot keeps what it has read, and the next prompt costs only what
// is new. stop, if not nil, is asked after every token of answer i and ends it; the
// answer does not count as truncated then.
func (m *Model) GenerateShared(ctx context.Context, adapter *Adapter, prompts [][]int32, c GenerateConfig, stop func(i int, answer []int32) bool, done func(i int, o Output)) (Reuse, error) {
	if c.Slots == 0 {
		c.Slots = 32
	}
	longest, err := m.longest(prompts)
	if err != nil {
		return Reuse{}, err
	}
	c.Slots = min(c.Slots, max(len(prompts), 1))
	c.Budget = max(c.Budget, 512, c.Slots)
	l, err := m.newLanes(adapter, c, longest+c.MaxTokens)
	if err != nil {
		return Reuse{}, err
	}
	defer l.close()
	for next, busy := 0, 0; next < len(prompts) || busy > 0; {
		for next < len(prompts) && l.begin(next, prompts[next]) {
			next, busy = next+1, busy+1
		}
		err := l.step(ctx, func(a *lane, _ int, id int32) error {
			over, ended := l.next(&a.flight, id)
			if stop != nil && !over && stop(a.prompt, a.ids[a.given:]) {
				over, ended = true, true
			}
			if over {
				a.busy, busy = false, busy-1
				done(a.prompt, Output{IDs: slices.Clone(a.ids[a.given:]), Truncated: !ended})
			}
			return nil
		})
		if err != nil {
			return l.reuse, err
		}
	}
	return l.reuse, nil
}

func (m *Model) longest(prompts [][]int32) (int, error) {
	longest := 0
	for i, p := range prompts {
		if len(p) == 0 {
			return 0, fmt.Errorf("prompt %d is empty", i)
		}
		if len(p) >= m.Config.MaxPositions {
			return 0, fmt.Errorf("prompt %d has %d tokens, the model takes %d: %w", i, len(p), m.Config.MaxPositions, ErrTooLong)
		}
		longest = max(longest, len(p))
	}
	return longest, nil
}

// Choice asks how likely each of several continuations of a context is.
type Choice struct {
	Context       []int32
	Continuations [][]int32 // each at least one token
}

// Likelihood is the answer to a Choice.
type Likelihood struct {
	LogProbs []float64 // of each continuation: natural logarithm, sum over its tokens
	Greedy   []bool    // the model would write that continuation itself
}

// asked is a Choice on its way: first the context, whose last logits know the first
// token of every continuation, then continuations of more than one token.
type asked struct {
	Likelihood
	choice *Choice
	at     int // the continuation that is being read; -1: the context
	deep   int // its tokens that are read
}

// Likelihoods gives each choice's log-probabilities. Continuations of one token, as
// the letters of a multiple choice, cost nothing beyond the context; contexts that
// begin like the one before them cost only what is new. slots is how many contexts
// are in flight, each with a cache of its own; 0: 4. done hears of each.
func (m *Model) Likelihoods(ctx context.Context, adapter *Adapter, choices []Choice, slots int, done func(i int, l Likelihood)) (Reuse, error) {
	if slots == 0 {
		slots = 4
	}
	contexts := make([][]int32, len(choices))
	tail := 0
	for i := range choices {
		contexts[i] = choices[i].Context
		for _, c := range choices[i].Continuations {
			if len(c) == 0 {
				return Reuse{}, fmt.Errorf("choice %d has an empty continuation", i)
			}
			tail = max(tail, len(c))
		}
	}
	longest, err := m.longest(contexts)
	if err != nil {
		return Reuse{}, err
	}
	slots = min(slots, max(len(choices), 1))
	l, err := m.newLanes(adapter, GenerateConfig{Slots: slots, Budget: max(512, slots)}, longest+tail)
	if err != nil {
		return Reuse{}, err
	}
	defer l.close()
	logits := make([]float32, slots*m.Config.VocabSize)
	on := map[int]*asked{}
	for next, busy := 0, 0; next < len(choices) || busy > 0; {
		for next < len(choices) && l.begin(next, contexts[next]) {
			n := len(choices[next].Continuations)
			on[next] = &asked{choice: &choices[next], at: -1, Likelihood: Likelihood{LogProbs: make([]float64, n), Greedy: make([]bool, n)}}
			next, busy = next+1, busy+1
		}
		fresh := false
		err := l.step(ctx, func(a *lane, row int, id int32) error {
			if !fresh {
				if err := m.device.Read(l.logits, 0, floatBytes(logits)); err != nil {
					return err
				}
				fresh = true
			}
			q := on[a.prompt]
			if q.take(a, logits[row*m.Config.VocabSize:][:m.Config.VocabSize], id) {
				a.busy, busy = false, busy-1
				delete(on, a.prompt)
				done(a.prompt, q.Likelihood)
			}
			return nil
		})
		if err != nil {
			return l.reuse, err
		}
	}
	return l.reuse, nil
}

// take counts a row of logits and says whether the choice is finished; otherwise
// the lane has got what it reads next.
func (q *asked) take(a *lane, logits []float32, next int32) bool {
	norm := logSumExp(logits)
	if q.at < 0 {
		for i, c := range q.choice.Continuations {
			q.LogProbs[i], q.Greedy[i] = float64(logits[c[0]])-norm, c[0] == next
		}
	} else {
		id := q.choice.Continuations[q.at][q.deep]
		q.LogProbs[q.at] += float64(logits[id]) - norm
		q.Greedy[q.at] = q.Greedy[q.at] && id == next
	}
	q.deep++
	for q.at < 0 || q.deep >= len(q.choice.Continuations[q.at]) {
		if q.at++; q.at == len(q.choice.Continuations) {
			return true
		}
		q.deep = 1
	}
	read := q.choice.Continuations[q.at][:q.deep]
	a.ids = slices.Concat(q.choice.Context, read)
	a.cached = len(a.ids) - 1
	return false
}

// logSumExp is the logarithm of the sum of exp, in float64.
func logSumExp(v []float32) float64 {
	top := float64(slices.Max(v))
	sum := 0.0
	for _, x := range v {
		sum += math.Exp(float64(x) - top)
	}
	return top + math.Log(sum)
}

// PromptContinuing is Prompt where the last turn is the beginning of the model's
// answer, which it is to go on with.
func (m *Model) PromptContinuing(turns []chat.Message) (string, error) {
	if m.template == nil {
		return m.Prompt(turns) // says what is missing
	}
	return m.template.Template.Render(turns, chat.Options{ContinueFinalMessage: true, BOS: m.template.bos, EOS: m.template.eos})
}
