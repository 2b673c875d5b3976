package llm

import (
	"context"
	"math"
	"slices"
	"testing"

	"cogumi/kernels/cpu"
)

// TestWindows: every token but the first counts once, with enough before it.
func TestWindows(t *testing.T) {
	for _, c := range []struct{ n, size, stride int }{{2, 2, 1}, {10, 4, 2}, {11, 4, 3}, {100, 16, 5}, {7, 100, 50}, {16, 8, 7}, {17, 16, 15}} {
		ids := make([]int32, c.n)
		for i := range ids {
			ids[i] = int32(i)
		}
		examples, err := Windows{c.size, c.stride}.cut(ids)
		if err != nil {
			t.Fatal(err)
		}
		var counted []int32
		for k, e := range examples {
			if len(e.IDs) > c.size || e.Targets() == 0 {
				t.Errorf("%+v: window %d has %d tokens, %d targets", c, k, len(e.IDs), e.Targets())
			}
			for i, l := range e.Labels {
				if l == Ignore {
					continue
				}
				counted = append(counted, l)
				if before := i; k > 0 && before < c.size-c.stride || before == 0 {
					t.Errorf("%+v: token %d has %d before it", c, l, before)
				}
			}
		}
		if !slices.Equal(counted, ids[1:]) {
			t.Errorf("%+v: counted %v", c, counted)
		}
	}
	for _, w := range []Windows{{1, 1}, {4, 4}, {4, 0}, {4, 5}} {
		if _, err := w.cut(make([]int32, 9)); err == nil {
			t.Errorf("%+v was accepted", w)
		}
	}
	if _, err := (Windows{4, 2}).cut(make([]int32, 1)); err == nil {
		t.Error("one token has a perplexity")
	}
}

// TestPerplexity is what the logits of each window say.
func TestPerplexity(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	var cases []forwardCase
	readJSON(t, "golden/tiny-forward/cases.json", &cases)
	var ids []int32
	for _, c := range cases {
		if c.Name == "random257" {
			ids = c.IDs
		}
	}
	ids = ids[:150]
	w := Windows{64, 24}
	heard := 0
	got, err := MeasurePerplexity(context.Background(), m, nil, ids, w, func(n int) { heard += n })
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	n := 0
	for begin, counted := 0, 1; counted < len(ids); begin += w.Stride {
		end := min(begin+w.Size, len(ids))
		logits, err := m.Logits(context.Background(), nil, ids[begin:end])
		if err != nil {
			t.Fatal(err)
		}
		for ; counted < end; counted++ {
			row := logits[(counted-1-begin)*2048:][:2048]
			var z float64
			for _, x := range row {
				z += math.Exp(float64(x))
			}
			sum += math.Log(z) - float64(row[ids[counted]])
			n++
		}
	}
	if want := math.Exp(sum / float64(n)); math.Abs(got.Value-want) > 1e-4*want || got.Tokens != 149 || n != 149 || heard != 149 {
		t.Errorf("%+v, want %v; heard of %d", got, want, heard)
	}
	if !(got.Low < got.Value && got.Value < got.High) || got.Windows != 5 {
		t.Errorf("%+v", got)
	}
	one, err := MeasurePerplexity(context.Background(), m, nil, ids[:50], w, nil)
	if err != nil || one.Low != 0 || !math.IsInf(one.High, 1) {
		t.Errorf("%+v, %v", one, err)
	}
	if _, err := MeasurePerplexity(context.Background(), m, nil, ids, Windows{5000, 100}, nil); err == nil {
		t.Error("a window longer than the model was accepted")
	}
}
