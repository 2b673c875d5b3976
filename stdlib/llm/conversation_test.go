package llm

import (
	"context"
	"errors"
	"slices"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/stdlib/llm/tokenizer"
)

func prompts(m *Model) [][]int32 {
	var out [][]int32
	for _, text := range []string{"What is 2 + 3?", "Reverse the word lamp.", "Sort: 3 1 2", "Hello, how are you today?"} {
		out = append(out, m.Tokenizer.Encode(text, tokenizer.Options{}))
	}
	return out
}

// TestTokensAsTheyCome: the callback hears every answer, token by token.
func TestTokensAsTheyCome(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	heard := make([][]int32, 4)
	got, err := m.Generate(context.Background(), nil, prompts(m), GenerateConfig{MaxTokens: 12, Slots: 2, Temperature: 1,
		Token: func(i int, id int32) { heard[i] = append(heard[i], id) }}, func(i int, o Output) {
		if !slices.Equal(heard[i], o.IDs) {
			t.Errorf("answer %d is %v, heard before its end %v", i, o.IDs, heard[i])
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range got {
		if len(heard[i]) == 0 || !slices.Equal(heard[i], got[i].IDs) {
			t.Errorf("answer %d: %v, heard %v", i, got[i].IDs, heard[i])
		}
	}
}

// TestSeedsOfPrompts: what is drawn depends on a prompt's seed alone, not on its
// place or its company.
func TestSeedsOfPrompts(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	m.Config.EOS = nil // the prompts are no chats: tiny would end at once
	ps := prompts(m)
	c := GenerateConfig{MaxTokens: 16, Temperature: 1.2, Seed: 9}
	all, err := m.Generate(context.Background(), nil, ps, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Seeds = []uint64{PromptSeed(9, 2), PromptSeed(9, 0)}
	some, err := m.Generate(context.Background(), nil, [][]int32{ps[2], ps[0]}, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(some[0].IDs, all[2].IDs) || !slices.Equal(some[1].IDs, all[0].IDs) {
		t.Errorf("%v and %v, in company %v and %v", some[0].IDs, some[1].IDs, all[2].IDs, all[0].IDs)
	}
	c.Seeds[1]++
	other, err := m.Generate(context.Background(), nil, [][]int32{ps[2], ps[0]}, c, nil)
	if err != nil || slices.Equal(other[1].IDs, some[1].IDs) {
		t.Errorf("another seed drew the same: %v, %v", other[1].IDs, err)
	}
	if _, err := m.Generate(context.Background(), nil, ps, c, nil); err == nil {
		t.Error("2 seeds for 4 prompts were accepted")
	}
}

// TestConversation: turns that share a beginning answer what a new generation
// does, and read only what is new, however they are cut into pieces.
func TestConversation(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	m.Config.EOS = nil
	long := m.Tokenizer.Encode("one two three four five six seven eight nine ten eleven twelve ", tokenizer.Options{})
	long = slices.Repeat(long, 30)
	c, err := m.Converse(nil, 900)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(long) < 2*c.g.c.Budget || len(long) > 800 {
		t.Fatalf("%d tokens are not two pieces", len(long))
	}
	ids := long[:40]
	var answer Output
	for turn, more := range [][]int32{nil, long[40:], prompts(m)[0], nil} {
		had := len(c.read)
		ids = append(append(slices.Clone(ids), answer.IDs...), more...)
		cfg := GenerateConfig{MaxTokens: 10}
		want, err := m.Generate(context.Background(), nil, [][]int32{ids}, cfg, nil)
		if err != nil {
			t.Fatal(err)
		}
		var speed Speed
		if answer, speed, err = c.Answer(context.Background(), ids, cfg); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(answer.IDs, want[0].IDs) || answer.Truncated != want[0].Truncated {
			t.Errorf("turn %d: %v, alone %v", turn, answer.IDs, want[0].IDs)
		}
		if speed.Read != len(ids)-had || speed.Wrote != len(answer.IDs) || speed.Reading <= 0 {
			t.Errorf("turn %d: %+v, %d tokens of %d were there", turn, speed, had, len(ids))
		}
	}
	// Another beginning: nothing of the old one is left.
	want, err := m.Generate(context.Background(), nil, prompts(m)[:1], GenerateConfig{MaxTokens: 10}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer, _, err = c.Answer(context.Background(), prompts(m)[0], GenerateConfig{MaxTokens: 10}); err != nil || !slices.Equal(answer.IDs, want[0].IDs) {
		t.Errorf("%v, %v, want %v", answer.IDs, err, want[0].IDs)
	}
}

// TestConversationEnds: too long a prompt, a full context, a stop in the middle.
func TestConversationEnds(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	c, err := m.Converse(nil, 32)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ids := prompts(m)[3]
	for _, n := range []int{32, 33, 100} {
		if _, _, err := c.Answer(context.Background(), slices.Repeat([]int32{5}, n), GenerateConfig{MaxTokens: 4}); !errors.Is(err, ErrTooLong) {
			t.Errorf("%d tokens: %v", n, err)
		}
	}
	if _, _, err := c.Answer(context.Background(), nil, GenerateConfig{MaxTokens: 4}); err == nil {
		t.Error("an empty prompt was accepted")
	}
	m.Config.EOS = nil // so that only the context ends it
	o, _, err := c.Answer(context.Background(), ids, GenerateConfig{MaxTokens: 100})
	if err != nil || !o.Truncated || len(ids)+len(o.IDs) != 32 {
		t.Errorf("%d tokens after %d, truncated %v, %v", len(o.IDs), len(ids), o.Truncated, err)
	}
	// Stopped after three tokens: they are kept, and the next turn is right.
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("enough")
	n := 0
	part, _, err := c.Answer(ctx, ids, GenerateConfig{MaxTokens: 100, Token: func(int, int32) {
		if n++; n == 3 {
			cancel(stop)
		}
	}})
	if err == nil || !slices.Equal(part.IDs, o.IDs[:3]) {
		t.Errorf("%v, %v, want the beginning of %v", part.IDs, err, o.IDs)
	}
	again, speed, err := c.Answer(context.Background(), append(slices.Clone(ids), part.IDs...), GenerateConfig{MaxTokens: 100})
	if err != nil || !slices.Equal(again.IDs, o.IDs[3:]) || speed.Read > 2 {
		t.Errorf("%v, %v, want %v; %d tokens read again", again.IDs, err, o.IDs[3:], speed.Read)
	}
}
