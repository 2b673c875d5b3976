package llm

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
)

// TestNotFiniteIsLocated: a weight that is no number is found by row and tensor,
// and the step changes nothing.
func TestNotFiniteIsLocated(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		name   string
		poison func(t *testing.T, m *Model, a *Adapter)
		want   []string
	}{
		{"adapter of a layer", func(t *testing.T, m *Model, a *Adapter) {
			put(t, m, a.pairs["model.layers.3.mlp.up_proj"].A, 5, nan)
		}, []string{"step 1", "rows [11 12] cause it", "model.layers.3.mlp.up_proj"}},
		{"infinite adapter", func(t *testing.T, m *Model, a *Adapter) {
			put(t, m, a.pairs["model.layers.6.self_attn.k_proj"].B, 0, float32(math.Inf(1)))
		}, []string{"model.layers.6.self_attn.k_proj"}},
		{"a token's embedding", func(t *testing.T, m *Model, a *Adapter) {
			table := make([]byte, m.embed.Bytes())
			err := m.device.Read(m.embed, 0, table)
			m.head.Dense = m.embed // stays whole
			m.embed = kernels.NewTensor("poisoned", kernels.BF16, m.embed.Shape...)
			copy(table[2*77*m.Config.Hidden:], []byte{0xc0, 0x7f})
			if err = errors.Join(err, m.device.Alloc(m.embed), m.device.Write(m.embed, 0, table)); err != nil {
				t.Fatal(err)
			}
		}, []string{"rows [12] cause it", "begins in embed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := loadTiny(t, cpu.New(), "", Options{})
			a, err := NewAdapter(m, AdapterConfig{Rank: 4, Alpha: 8}, 1)
			if err != nil {
				t.Fatal(err)
			}
			c.poison(t, m, a)
			tr := newTestTrainer(t, a, AdamW8bit, 64)
			before := stateOf(t, tr)
			examples := []Example{{IDs: []int32{1, 5, 6, 7}, Labels: []int32{-100, 5, 6, 7}, Row: 11}, {IDs: []int32{1, 9, 77, 8}, Labels: []int32{-100, 9, 77, 8}, Row: 12}}
			_, err = tr.Step(context.Background(), examples, 1e-3)
			if !errors.Is(err, ErrNotFinite) {
				t.Fatalf("error %v", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if after := stateOf(t, tr); !slices.Equal(before, after) {
				t.Error("the step changed the adapter or the optimiser's state")
			}
		})
	}
}

func put(t *testing.T, m *Model, x *kernels.Tensor, i int, v float32) {
	t.Helper()
	if err := m.device.Write(x, int64(4*i), floatBytes([]float32{v})); err != nil {
		t.Fatal(err)
	}
}

func stateOf(t *testing.T, tr *Trainer) []byte {
	t.Helper()
	_, state, err := tr.State()
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, s := range state {
		all = append(all, s.Data...)
	}
	return all
}
