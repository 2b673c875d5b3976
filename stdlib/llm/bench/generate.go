package bench

import (
	"context"
	"fmt"
	"time"

	"cogumi/stdlib/llm"
)

// GenerateConfig is what is measured. Zero values mean the defaults.
type GenerateConfig struct {
	Prompt int // tokens of a prompt; 512
	Tokens int // written after it; 128
	Batch  int // sequences at once; 1
	Repeat int // measurements, of which the median counts; 3
}

func (c *GenerateConfig) defaults() {
	set := func(x *int, d int) {
		if *x == 0 {
			*x = d
		}
	}
	set(&c.Prompt, 512)
	set(&c.Tokens, 128)
	set(&c.Batch, 1)
	set(&c.Repeat, 3)
}

// GenerateResult is what was measured.
type GenerateResult struct {
	Device  string  `json:"device"`
	ISA     string  `json:"isa"`
	Format  string  `json:"format"` // of the projections
	Prompt  int     `json:"prompt"`
	Tokens  int     `json:"tokens"`
	Batch   int     `json:"batch"`
	PromptS float64 `json:"prompt_tokens_per_s"` // until every sequence has its first token
	DecodeS float64 `json:"decode_tokens_per_s"` // all sequences together, after that
}

// Generate measures reading a prompt and writing after it, greedily, beyond any
// end token.
func Generate(ctx context.Context, m *llm.Model, c GenerateConfig, say func(string)) (*GenerateResult, error) {
	c.defaults()
	if c.Prompt+c.Tokens > m.Config.MaxPositions {
		return nil, fmt.Errorf("the model takes %d tokens, not %d and %d", m.Config.MaxPositions, c.Prompt, c.Tokens)
	}
	defer func(eos []int) { m.Config.EOS = eos }(m.Config.EOS)
	m.Config.EOS = nil
	d := m.Device().Describe()
	r := &GenerateResult{Device: d.Model, ISA: d.ISA, Format: m.Format, Prompt: c.Prompt, Tokens: c.Tokens, Batch: c.Batch}
	var read, write []float64
	for i := range 1 + c.Repeat {
		p, w, err := generateOnce(ctx, m, c)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			continue // weights are brought into their layout
		}
		read, write = append(read, p), append(write, w)
		say(fmt.Sprintf("prompt %.0f tokens/s, then %.1f tokens/s", p, w))
	}
	r.PromptS, r.DecodeS = median(read), median(write)
	return r, nil
}

func generateOnce(ctx context.Context, m *llm.Model, c GenerateConfig) (prompt, decode float64, err error) {
	prompts := make([][]int32, c.Batch)
	for i := range prompts {
		for k := range c.Prompt {
			prompts[i] = append(prompts[i], int32((100+(i+1)*(k*7919))%m.Config.VocabSize))
		}
	}
	began, first, waiting := time.Now(), time.Time{}, c.Batch
	written := make([]int, c.Batch)
	_, err = m.Generate(ctx, nil, prompts, llm.GenerateConfig{MaxTokens: c.Tokens + 1, Slots: c.Batch, Budget: max(c.Prompt, c.Batch),
		Token: func(i int, _ int32) {
			if written[i]++; written[i] == 1 {
				if waiting--; waiting == 0 {
					first = time.Now()
				}
			}
		}}, nil)
	if err != nil {
		return 0, 0, err
	}
	return float64(c.Batch*c.Prompt) / first.Sub(began).Seconds(), float64(c.Batch*c.Tokens) / time.Since(first).Seconds(), nil
}
