package model

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
)

func talk(t *testing.T, length int) *Talk {
	t.Helper()
	m, err := LoadOriginal("tiny")
	if err != nil {
		t.Fatal(err)
	}
	c, err := m.Talk(context.Background(), length)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// TestTalk: what is streamed is the reply, in whole characters, and a further
// turn reads only what is new.
func TestTalk(t *testing.T) {
	c := talk(t, 0)
	if c.Context() != 1024 {
		t.Errorf("context %d", c.Context())
	}
	turns := []dataset.Message{{Role: "user", Content: "Compute 12 + 30."}}
	// Hot enough to write bytes that are no characters.
	for seed := range 12 {
		var pieces []string
		r, err := c.Answer(context.Background(), turns, Sampling{MaxTokens: 60, Temperature: 4, Seed: seed}, func(s string) { pieces = append(pieces, s) })
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range pieces {
			if p == "" || !utf8.ValidString(p) {
				t.Errorf("seed %d: a piece %q", seed, p)
			}
		}
		if strings.Join(pieces, "") != r.Text || r.Tokens == 0 || r.Tokens > 60 {
			t.Errorf("seed %d: %q streamed, %+v", seed, pieces, r)
		}
		if seed > 0 && r.Read != 1 {
			t.Errorf("seed %d: %d tokens were read again", seed, r.Read)
		}
	}
	first, err := c.Answer(context.Background(), turns, Sampling{MaxTokens: 40}, nil)
	if err != nil {
		t.Fatal(err)
	}
	turns = append(turns, dataset.Message{Role: "assistant", Content: first.Text}, dataset.Message{Role: "user", Content: "And 2 + 2?"})
	second, err := c.Answer(context.Background(), turns, Sampling{MaxTokens: 40}, nil)
	if err != nil || second.Read > 40 {
		t.Errorf("%+v, %v", second, err)
	}
	fresh, err := talk(t, 0).Answer(context.Background(), turns, Sampling{MaxTokens: 40}, nil)
	if err != nil || fresh.Text != second.Text || fresh.Read <= second.Read {
		t.Errorf("%+v, %v, in the conversation %+v", fresh, err, second)
	}
}

// TestTalkEnds: stopped, too long, cut by the limit.
func TestTalkEnds(t *testing.T) {
	c := talk(t, 48)
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := errors.New("enough")
	said := ""
	r, err := c.Complete(ctx, "one two three", Sampling{MaxTokens: 30, Temperature: 2}, func(s string) {
		if said += s; len(said) > 8 {
			cancel(stop)
		}
	})
	if err == nil || r.Text != said {
		t.Errorf("%+v, %v, streamed %q", r, err, said)
	}
	_, err = c.Complete(context.Background(), strings.Repeat("word ", 60), Sampling{}, nil)
	if !errors.Is(err, llm.ErrTooLong) || !strings.Contains(experiment.HintOf(err), "1024") {
		t.Errorf("error %v, hint %q", err, experiment.HintOf(err))
	}
	if r, err = c.Complete(context.Background(), "one two three", Sampling{MaxTokens: 2, Temperature: 2}, nil); err != nil || r.Tokens > 2 {
		t.Errorf("%+v, %v", r, err)
	}
}

// TestPerplexityOfAText is finite, and lower for text that the model knows.
func TestPerplexityOfAText(t *testing.T) {
	m, err := Load("tiny")
	if err != nil {
		t.Fatal(err)
	}
	known, err := dataset.Read("tinyworld/eval")
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	for _, r := range known.Head(40).Rows {
		words.WriteString(r.Instruction + "\n" + r.Output + "\n\n")
	}
	p, err := m.Perplexity(context.Background(), words.String(), 4096, 512)
	if err != nil || p.Windows < 2 || !(p.Low < p.Value && p.Value < p.High) {
		t.Fatalf("%+v, %v", p, err)
	}
	shuffled := []byte(words.String())
	for i := range shuffled {
		j := (i * 7919) % len(shuffled)
		shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
	}
	q, err := m.Perplexity(context.Background(), string(shuffled), 1024, 512)
	if err != nil || math.IsInf(q.Value, 0) || q.Value < 10*p.Value {
		t.Errorf("%.4g for text, %.4g for its letters, %v", p.Value, q.Value, err)
	}
	if _, err := m.Perplexity(context.Background(), "", 64, 32); err == nil {
		t.Error("nothing has a perplexity")
	}
}
