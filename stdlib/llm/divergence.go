package llm

import (
	"context"
	"fmt"
	"math"

	"cogumi/stdlib/stats"
)

// Side is a model with or without an adapter.
type Side struct {
	Model   *Model
	Adapter *Adapter // nil: the base alone
}

// Divergence is how far a model is from a reference on a text.
type Divergence struct {
	KL, Low, High float64 // KL(reference ‖ other), nats per token; 95 % interval
	SameTop       float64 // share of tokens where both find the same one likeliest
	Reference     float64 // perplexity of the reference
	Other         float64 // perplexity of the other
	Tokens        int
}

// Diverge compares the two distributions at every target of the examples. The
// interval takes an example's tokens for one group. Both models have the same
// vocabulary. done, if not nil, hears of every example.
func Diverge(ctx context.Context, reference, other Side, examples []Example, done func(int)) (*Divergence, error) {
	n := reference.Model.Config.VocabSize
	if v := other.Model.Config.VocabSize; v != n {
		return nil, fmt.Errorf("vocabularies of %d and %d tokens do not compare", n, v)
	}
	d := &Divergence{}
	var kls []float64
	var counts []int
	var nll [2]float64
	for _, e := range examples {
		p, err := reference.Model.Logits(ctx, reference.Adapter, e.IDs)
		if err != nil {
			return nil, err
		}
		q, err := other.Model.Logits(ctx, other.Adapter, e.IDs)
		if err != nil {
			return nil, err
		}
		var kl float64
		targets := 0
		for i := 1; i < len(e.IDs); i++ {
			if e.Labels[i] == Ignore {
				continue
			}
			a, b := p[(i-1)*n:i*n], q[(i-1)*n:i*n]
			za, topA := logSum(a)
			zb, topB := logSum(b)
			for k := range a {
				lp := float64(a[k]) - za
				kl += math.Exp(lp) * (lp - (float64(b[k]) - zb))
			}
			nll[0] += za - float64(a[e.Labels[i]])
			nll[1] += zb - float64(b[e.Labels[i]])
			if topA == topB {
				d.SameTop++
			}
			targets++
		}
		if targets > 0 {
			kls, counts = append(kls, kl), append(counts, targets)
		}
		d.Tokens += targets
		if done != nil {
			done(1)
		}
	}
	if d.Tokens == 0 {
		return nil, fmt.Errorf("nothing to compare: no token of %d examples is a target", len(examples))
	}
	d.KL, d.Low, d.High = stats.ClusteredMean(kls, counts, 0.95)
	d.SameTop /= float64(d.Tokens)
	d.Reference, d.Other = math.Exp(nll[0]/float64(d.Tokens)), math.Exp(nll[1]/float64(d.Tokens))
	return d, nil
}

// logSum is log Σ exp of a row, and the place of its largest value.
func logSum(x []float32) (z float64, top int) {
	for i := range x {
		if x[i] > x[top] {
			top = i
		}
	}
	most := float64(x[top])
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v) - most)
	}
	return most + math.Log(sum), top
}

// Examples cut a text into windows whose tokens all count once.
func (w Windows) Examples(ids []int32) ([]Example, error) { return w.cut(ids) }
