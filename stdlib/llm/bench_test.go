package llm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"cogumi/kernels/cpu"
)

// randomExamples are rows of n tokens whose last quarter is the response.
func randomExamples(rows, n int) []Example {
	random := rand.New(rand.NewPCG(1, 2))
	var out []Example
	for i := range rows {
		e := Example{Row: i}
		for k := range n {
			id := int32(random.IntN(2000))
			e.IDs = append(e.IDs, id)
			if k < n*3/4 {
				id = Ignore
			}
			e.Labels = append(e.Labels, id)
		}
		out = append(out, e)
	}
	return out
}

// BenchmarkTrain is the shape that PyTorch was measured with: r 16 on all seven
// projections of tiny, NF4.
func BenchmarkTrain(b *testing.B) {
	for _, shape := range [][2]int{{16, 40}, {16, 64}, {4, 256}} {
		b.Run(fmt.Sprintf("%dx%d", shape[0], shape[1]), func(b *testing.B) {
			m := loadTiny(b, cpu.New(), "", Options{NF4: true})
			a, err := NewAdapter(m, AdapterConfig{Rank: 16, Alpha: 32}, 1)
			if err != nil {
				b.Fatal(err)
			}
			tr := newTestTrainer(b, a, AdamW, 1024)
			examples := randomExamples(shape[0], shape[1])
			for b.Loop() {
				if _, err := tr.Step(context.Background(), examples, 1e-4); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*shape[0]*shape[1])/b.Elapsed().Seconds(), "tok/s")
			for k, s := range tr.Times() {
				b.Logf("%-20s %5.1f %%", k, 100*s/b.Elapsed().Seconds())
			}
		})
	}
}

// BenchmarkGenerate answers prompts of 40 tokens with 16 tokens each.
func BenchmarkGenerate(b *testing.B) {
	m := loadTiny(b, cpu.New(), "", Options{NF4: true})
	m.Config.EOS = nil
	var prompts [][]int32
	for _, e := range randomExamples(256, 40) {
		prompts = append(prompts, e.IDs)
	}
	for b.Loop() {
		if _, err := m.Generate(context.Background(), nil, prompts, GenerateConfig{MaxTokens: 16}, nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*256)/b.Elapsed().Seconds(), "rows/s")
}
