package bench

import "cogumi/stdlib/llm/hfconfig"

// work is the floating-point operations of one training step, two for each
// multiplication and addition.
type work struct{ frozen, lora, attention, head float64 }

func (w work) total() float64 { return w.frozen + w.lora + w.attention + w.head }

// stepWork counts the products that a step cannot do without: forward, the
// gradient of the inputs (the first layer's q, k, v need none), the adapters'
// gradients; the causal half of attention, whose backward has five products to
// the forward's two; the output layer and its input's gradient.
func stepWork(c *hfconfig.Config, rows, length, rank int) work {
	tokens := float64(rows * length)
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	qkv := float64(c.Hidden * (q + 2*kv))
	rest := float64(c.Hidden*q + 3*c.Hidden*c.Intermediate)
	adapters := float64(rank * ((c.Hidden + q) + 2*(c.Hidden+kv) + (q + c.Hidden) + 3*(c.Hidden+c.Intermediate)))
	layers := float64(c.Layers)
	return work{
		frozen:    2 * tokens * (2*layers*(qkv+rest) - qkv),
		lora:      6 * tokens * layers * adapters,
		attention: layers * 7 * 2 * float64(rows) * float64(length) * float64(length+1) / 2 * float64(q),
		head:      4 * tokens * float64(c.VocabSize) * float64(c.Hidden),
	}
}
