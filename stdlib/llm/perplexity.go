package llm

import (
	"context"
	"fmt"
	"math"

	"cogumi/stdlib/stats"
)

// Perplexity is how well a model foretells a text: exp of the mean negative
// log-likelihood per token, 1 where it is certain of every token.
type Perplexity struct {
	Value     float64
	Low, High float64 // 95 %; Low 0 and High +Inf where there is one window only
	NLL       float64 // mean, in nats per token
	Tokens    int     // that count
	Windows   int
}

// Windows cut a text for MeasurePerplexity.
type Windows struct {
	Size   int // tokens that the model sees at once
	Stride int // between the beginnings of two windows; each token counts once
}

// cut gives the windows of a text as examples: a token counts in the first window
// that holds it, with all before it in that window as context; at least
// Size−Stride tokens of it after the first window. The text's first token has
// nothing before it and does not count.
func (w Windows) cut(ids []int32) ([]Example, error) {
	if w.Size < 2 || w.Stride < 1 || w.Stride >= w.Size {
		return nil, fmt.Errorf("windows of %d tokens every %d: the stride is at least 1 and below the size", w.Size, w.Stride)
	}
	if len(ids) < 2 {
		return nil, fmt.Errorf("a text of %d tokens has no perplexity", len(ids))
	}
	var out []Example
	counted := 1
	for begin := 0; counted < len(ids); begin += w.Stride {
		end := min(begin+w.Size, len(ids))
		e := Example{IDs: ids[begin:end], Labels: make([]int32, end-begin), Row: len(out)}
		for i := range e.Labels {
			e.Labels[i] = Ignore
			if begin+i >= counted {
				e.Labels[i] = e.IDs[i]
			}
		}
		counted = end
		out = append(out, e)
	}
	return out, nil
}

// MeasurePerplexity is the strided perplexity of a text
// (huggingface.co/docs/transformers/perplexity): windows of Size tokens every
// Stride. The interval takes a window's tokens for one group, because
// neighbouring tokens are hard or easy together. done, if not nil, hears of the
// tokens as they are counted. adapter may be nil.
func MeasurePerplexity(ctx context.Context, m *Model, adapter *Adapter, ids []int32, w Windows, done func(tokens int)) (*Perplexity, error) {
	if w.Size > m.Config.MaxPositions {
		return nil, fmt.Errorf("windows of %d tokens: the model takes %d", w.Size, m.Config.MaxPositions)
	}
	examples, err := w.cut(ids)
	if err != nil {
		return nil, err
	}
	s, err := NewScorer(m, adapter, min(w.Size, len(ids)))
	if err != nil {
		return nil, err
	}
	defer s.Close()
	p := &Perplexity{Windows: len(examples)}
	var sums []float64
	var counts []int
	for _, e := range examples {
		sum, err := s.Score(ctx, []Example{e})
		if err != nil {
			return nil, err
		}
		n := e.Targets()
		sums, counts = append(sums, sum[0]), append(counts, n)
		p.Tokens += n
		if done != nil {
			done(n)
		}
	}
	var low, high float64
	p.NLL, low, high = stats.ClusteredMean(sums, counts, 0.95)
	p.Value, p.Low, p.High = math.Exp(p.NLL), math.Exp(low), math.Exp(high)
	return p, nil
}
