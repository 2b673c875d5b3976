package model

import (
	"context"
	"errors"
	"fmt"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/chat"
	"cogumi/stdlib/llm/tokenizer"
)

// Talk is a conversation with a model. What the model has read stays in its
// cache: a further turn costs only what is new. It is for one goroutine.
type Talk struct {
	engine *llm.Model
	cache  *llm.Conversation
}

// Reply is what the model said.
type Reply struct {
	Text      string
	Tokens    int
	Truncated bool // MaxTokens or the context came before the end
	Read      int  // tokens of the prompt that were new
	ReadRate  float64
	WriteRate float64 // tokens per second; 0: too few to tell
}

// defaultContext is how many tokens a conversation may have where nobody says
// otherwise: the cache of more would take memory that most never need.
const defaultContext = 4096

// Talk loads the model and begins a conversation of at most context tokens,
// answers included; 0 means 4096. The model's own limit holds anyway.
func (m *Model) Talk(ctx context.Context, context int) (*Talk, error) {
	engine, adapter, err := m.engine(ctx)
	if err != nil {
		return nil, err
	}
	if context == 0 {
		context = defaultContext
	}
	cache, err := engine.Converse(adapter, context)
	if err != nil {
		return nil, fmt.Errorf("talk with %s: %w", m.Name, err)
	}
	return &Talk{engine: engine, cache: cache}, nil
}

// Context is how many tokens the conversation may have.
func (t *Talk) Context() int { return t.cache.Length() }

// Close frees the cache.
func (t *Talk) Close() { t.cache.Close() }

// Answer answers the last of the turns. stream, if not nil, is told of the text
// as it comes, in whole characters. When ctx ends, the reply so far is returned
// with the error.
func (t *Talk) Answer(ctx context.Context, turns []dataset.Message, s Sampling, stream func(text string)) (Reply, error) {
	var messages []chat.Message
	for _, m := range turns {
		messages = append(messages, chat.Message{Role: m.Role, Content: m.Content})
	}
	text, err := t.engine.Prompt(messages)
	if err != nil {
		return Reply{}, err
	}
	return t.write(ctx, t.engine.Tokenizer.Encode(text, tokenizer.Options{}), s, stream)
}

// Complete goes on with a text, without the chat template.
func (t *Talk) Complete(ctx context.Context, text string, s Sampling, stream func(text string)) (Reply, error) {
	return t.write(ctx, t.engine.Tokenizer.Encode(text, tokenizer.Options{AddSpecial: true}), s, stream)
}

func (t *Talk) write(ctx context.Context, ids []int32, s Sampling, stream func(string)) (Reply, error) {
	if s.MaxTokens == 0 {
		s.MaxTokens = 256
	}
	text := t.engine.Tokenizer.Stream(true)
	var r Reply
	say := func(piece string) {
		if r.Text += piece; stream != nil && piece != "" {
			stream(piece)
		}
	}
	out, speed, err := t.cache.Answer(ctx, ids, llm.GenerateConfig{MaxTokens: s.MaxTokens, Temperature: s.Temperature, TopP: s.TopP, TopK: s.TopK,
		Seed: uint64(s.Seed), Token: func(_ int, id int32) { say(text.Push(id)) }})
	say(text.Flush())
	r.Tokens, r.Truncated = len(out.IDs), out.Truncated
	r.Read, r.ReadRate, r.WriteRate = speed.Read, speed.ReadRate(), speed.WriteRate()
	if errors.Is(err, llm.ErrTooLong) {
		err = experiment.Hint(err, fmt.Sprintf("shorten it, or give more context: the model takes %d tokens", t.engine.Config.MaxPositions))
	}
	return r, err
}

// Perplexity is how well the model foretells a text, in windows of window tokens
// every stride; see llm.MeasurePerplexity. Both are cut to what the model takes. The
// tokenizer's begin-of-text token stands before the text where there is one.
func (m *Model) Perplexity(ctx context.Context, text string, window, stride int) (*llm.Perplexity, error) {
	engine, adapter, err := m.engine(ctx)
	if err != nil {
		return nil, err
	}
	w := llm.Windows{Size: min(window, engine.Config.MaxPositions)}
	w.Stride = min(stride, w.Size-1)
	ids := engine.Tokenizer.Encode(text, tokenizer.Options{AddSpecial: true})
	p := experiment.Current().Progress("perplexity", "tokens", max(len(ids)-1, 0))
	defer p.Done()
	return llm.MeasurePerplexity(ctx, engine, adapter, ids, w, p.Add)
}
