package llm

import (
	"math"
	"slices"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/stdlib/llm/tokenizer"
)

// sharedPrompts begin alike, in two groups, one of them longer than a run's budget.
func sharedPrompts(m *Model) (prompts [][]int32) {
	long := ""
	for i := range 80 {
		long += "Question: what is " + string(rune('a'+i%26)) + " plus one? Answer: who knows.\n"
	}
	for _, lead := range []string{"The capital of a country is its first city.\n", long} {
		for _, q := range []string{"What is 2 + 3?", "Say hello.", "Reverse the word: tree", "Count the letters in banana"} {
			ids := m.Tokenizer.Encode(lead+q, tokenizer.Options{AddSpecial: true})
			prompts = append(prompts, ids[:min(len(ids), m.Config.MaxPositions-40)])
		}
	}
	return prompts
}

// Answers of slots that keep what they have read are those of slots that do not.
func TestGenerateShared(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	prompts := sharedPrompts(m)
	c := GenerateConfig{MaxTokens: 24}
	want, err := m.Generate(t.Context(), nil, prompts, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, slots := range []int{1, 3, 8} {
		c.Slots = slots
		got := make([]Output, len(prompts))
		reuse, err := m.GenerateShared(t.Context(), nil, prompts, c, nil, func(i int, o Output) { got[i] = o })
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(got[i].IDs, want[i].IDs) || got[i].Truncated != want[i].Truncated {
				t.Errorf("%d slots, prompt %d: %v, want %v", slots, i, got[i], want[i])
			}
		}
		if slots == 1 && reuse.Cached < 3*(len(prompts[0])+len(prompts[4])-40) {
			t.Errorf("%+v: the two beginnings were read again", reuse)
		}
	}
	// A stop ends an answer without calling it truncated.
	c.Slots = 2
	if _, err := m.GenerateShared(t.Context(), nil, prompts[:2], c, func(_ int, ids []int32) bool { return len(ids) == 3 }, func(i int, o Output) {
		if !slices.Equal(o.IDs, want[i].IDs[:min(3, len(want[i].IDs))]) || o.Truncated {
			t.Errorf("prompt %d stopped at %v", i, o)
		}
	}); err != nil {
		t.Fatal(err)
	}
}

// Log-probabilities are those of the whole sequence in one pass.
func TestLikelihoods(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	var choices []Choice
	for i, p := range sharedPrompts(m)[:6] {
		c := Choice{Context: p}
		for _, text := range []string{" A", " B", " a much longer answer", "\n"}[:2+i%3] {
			c.Continuations = append(c.Continuations, m.Tokenizer.Encode(text, tokenizer.Options{}))
		}
		choices = append(choices, c)
	}
	for _, slots := range []int{1, 4} {
		heard := 0
		_, err := m.Likelihoods(t.Context(), nil, choices, slots, func(i int, l Likelihood) {
			heard++
			for k, c := range choices[i].Continuations {
				want, greedy := slowLikelihood(t, m, choices[i].Context, c)
				if math.Abs(l.LogProbs[k]-want) > 1e-4 || l.Greedy[k] != greedy {
					t.Errorf("choice %d.%d: %v %t, want %v %t", i, k, l.LogProbs[k], l.Greedy[k], want, greedy)
				}
			}
		})
		if err != nil || heard != len(choices) {
			t.Fatal(heard, err)
		}
	}
	if _, err := m.Likelihoods(t.Context(), nil, []Choice{{Context: []int32{1}, Continuations: [][]int32{{}}}}, 0, nil); err == nil {
		t.Error("an empty continuation has no likelihood")
	}
}

func slowLikelihood(t *testing.T, m *Model, context, continuation []int32) (sum float64, greedy bool) {
	t.Helper()
	ids := slices.Concat(context, continuation)
	logits, err := m.Logits(t.Context(), nil, ids)
	if err != nil {
		t.Fatal(err)
	}
	greedy = true
	for i, id := range continuation {
		row := logits[(len(context)+i-1)*m.Config.VocabSize:][:m.Config.VocabSize]
		sum += float64(row[id]) - logSumExp(row)
		greedy = greedy && row[id] == slices.Max(row)
	}
	return sum, greedy
}
