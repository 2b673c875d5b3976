package llm

import (
	"math/rand/v2"
	"slices"
	"testing"

	"cogumi/kernels/cpu"
)

// TestPages: with too few pages for all that are in flight the youngest give way,
// are read again, and every answer stays the same.
func TestPages(t *testing.T) {
	m := loadTiny(t, cpu.New(), quantized, Options{})
	defer m.Close()
	r := rand.New(rand.NewPCG(1, 7))
	var prompts [][]int32
	for i := range 7 {
		p := make([]int32, []int{110, 120, 100, 130, 3}[i%5]+r.IntN(9))
		for k := range p {
			p[k] = int32(r.IntN(m.Config.VocabSize - 16))
		}
		prompts = append(prompts, p)
	}
	for _, c := range []GenerateConfig{{MaxTokens: 150, Slots: 4}, {MaxTokens: 150, Slots: 4, Temperature: 1.3, Seed: 5}} {
		want, err := m.Generate(t.Context(), nil, prompts, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, pages := range []int{1, 5} { // one sequence needs up to three
			c.Pages = pages
			g, err := m.generator(nil, prompts, c)
			if err != nil {
				t.Fatal(err)
			}
			told := make([][]int32, len(prompts))
			g.c.Token = func(i int, id int32) { told[i] = append(told[i], id) }
			q := newQueue(g, prompts)
			got, err := q.all(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if !slices.Equal(got[i].IDs, want[i].IDs) || got[i].Truncated != want[i].Truncated {
					t.Errorf("%d pages, temperature %g, prompt %d: %v, want %v", pages, c.Temperature, i, got[i], want[i])
				}
				if !slices.Equal(told[i], want[i].IDs) {
					t.Errorf("%d pages, prompt %d: told of %v, want %v", pages, i, told[i], want[i].IDs)
				}
			}
			t.Logf("%d pages, temperature %g: %d gave way", g.caches[0][0].Shape[0], c.Temperature, q.again)
			if q.again == 0 {
				t.Errorf("%d pages were enough: nothing is tested", pages)
			}
			if n := g.caches[0][0].Shape[0]; len(q.free) != n {
				t.Errorf("%d of %d pages came back", len(q.free), n)
			}
			g.close()
		}
	}
}

// TestPagesOfMixedLengths: one long sequence among short ones makes room for itself
// alone, not for as long ones beside it; all are in flight at once, none gives way,
// and answers are those of a cache that would hold each whole.
func TestPagesOfMixedLengths(t *testing.T) {
	m := loadTiny(t, cpu.New(), quantized, Options{})
	defer m.Close()
	m.Config.EOS = nil // all answers have their full length
	prompts := [][]int32{make([]int32, 20), make([]int32, 700)}
	for i := range 12 {
		prompts = append(prompts, make([]int32, 10+9*i)) // the last ones need two pages with their answers
	}
	r := rand.New(rand.NewPCG(2, 7))
	for _, p := range prompts {
		for k := range p {
			p[k] = int32(r.IntN(m.Config.VocabSize - 16))
		}
	}
	for _, slots := range []int{len(prompts), 3} {
		for _, temperature := range []float64{0, 1.2} {
			c := GenerateConfig{MaxTokens: 40, Slots: slots, Temperature: temperature, Seed: 9}
			g, err := m.generator(nil, prompts, c)
			if err != nil {
				t.Fatal(err)
			}
			q, most := newQueue(g, prompts), 0
			g.c.Token = func(int, int32) { most = max(most, len(q.flying)) }
			got, err := q.all(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			pages, whole := g.caches[0][0].Shape[0], slots*g.most
			t.Logf("%d slots: %d pages, %d for whole ones", slots, pages, whole)
			if want := 6 + 1 + 9 + 2*3; slots > 3 && pages != want || slots == 3 && pages != 6+2+2 {
				t.Errorf("%d slots have %d pages (want %d of %d where all are in flight)", slots, pages, want, whole)
			}
			if most != slots || q.again != 0 {
				t.Errorf("%d were in flight and %d gave way, want %d and none", most, q.again, slots)
			}
			g.close()
			c.Pages = whole
			for _, i := range []int{0, 1, len(prompts) - 1} { // alone, in a cache of its own
				c.Seeds, c.Slots = []uint64{PromptSeed(9, i)}, 1
				want, err := m.Generate(t.Context(), nil, prompts[i:i+1], c, nil)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(got[i].IDs, want[0].IDs) {
					t.Errorf("prompt %d, temperature %g: %v, alone %v", i, temperature, got[i].IDs, want[0].IDs)
				}
			}
		}
	}
}

// TestPagesSpread: any pages do; a cache in disorder gives the bits of one in order.
func TestPagesSpread(t *testing.T) {
	m := loadTiny(t, cpu.New(), quantized, Options{})
	defer m.Close()
	prompts := [][]int32{make([]int32, 300), make([]int32, 140)}
	for i := range prompts {
		for k := range prompts[i] {
			prompts[i][k] = int32((k*7 + i) % 1500)
		}
	}
	var first []float32
	for range 3 {
		g, err := m.generator(nil, prompts, GenerateConfig{MaxTokens: 40, Slots: 2})
		if err != nil {
			t.Fatal(err)
		}
		q := newQueue(g, prompts)
		if first != nil {
			rand.Shuffle(len(q.free), func(i, j int) { q.free[i], q.free[j] = q.free[j], q.free[i] })
		}
		if _, err := q.all(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		got := make([]float32, g.logits.Len())
		if err := m.device.Read(g.logits, 0, floatBytes(got)); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) {
			t.Error("the order of pages changes the logits")
		}
		g.close()
	}
}
