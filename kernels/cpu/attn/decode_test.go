package attn

import (
	"math/rand/v2"
	"testing"
)

// TestDecodeIsForward feeds sequences to a cache in pieces of any length: every
// row has the bits of the whole sequence's Forward.
func TestDecodeIsForward(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, s := range shapes {
		lengths := []int{150, 1, 66, 20}
		b := newBatch(r, s, lengths...)
		Forward(s, b.o, b.lse, b.q, b.k, b.v, b.cu)

		length, pages := 192, Pages{[]int32{4, 0, 2, 1}, 1}
		if r.IntN(2) == 0 {
			length, pages = 64, Pages{[]int32{11, 0, 14, 7, -1, -1, 9, 3, -1, 1, -1, -1}, 3}
		}
		width, all := s.KVHeads*s.HeadDim, 5*192
		k, v := Cache{normal(r, all*width), length}, Cache{normal(r, all*width), length}
		p := Panels{normal(r, all*width), normal(r, all*width), length}
		starts := make([]int32, len(lengths))
		for done := 0; done < b.tokens(); {
			cu, q := []int32{0}, Rows{nil, s.Heads * s.HeadDim}
			var from []int // rows of the batch
			for n, l := range lengths {
				count := min(r.IntN(70)*r.IntN(2), l-int(starts[n]))
				if r.IntN(3) == 0 {
					count = min(1, l-int(starts[n]))
				}
				k.Append(s, b.k, int(b.cu[n]+starts[n]), count, pages.Of(n), int(starts[n]))
				v.Append(s, b.v, int(b.cu[n]+starts[n]), count, pages.Of(n), int(starts[n]))
				for i := range count {
					token := int(b.cu[n]) + int(starts[n]) + i
					q.Data = append(q.Data, b.q.Data[token*b.q.Stride:][:s.Heads*s.HeadDim]...)
					from = append(from, token)
				}
				cu = append(cu, cu[n]+int32(count))
			}
			o := Rows{make([]float32, len(q.Data)), q.Stride}
			Decode(s, o, q, k, v, cu, pages, starts)
			for i, token := range from {
				same(t, s.String(), o.Data[i*o.Stride:][:o.Stride], b.o.Data[token*b.o.Stride:][:b.o.Stride])
			}
			if s.CanPanel(length) {
				for n := range lengths {
					p.Append(s, b.k, b.v, int(b.cu[n]+starts[n]), int(cu[n+1]-cu[n]), pages.Of(n), int(starts[n]))
				}
				fromPanels := Rows{make([]float32, len(q.Data)), q.Stride}
				DecodePanels(s, fromPanels, q, p, cu, pages, starts)
				same(t, s.String()+" from panels", fromPanels.Data, o.Data)
			}
			for n := range starts {
				starts[n] += cu[n+1] - cu[n]
			}
			done += len(from)
		}
	}
}

func TestDecodeRefusesAFullCache(t *testing.T) {
	s := shapes[0]
	width := s.KVHeads * s.HeadDim
	c := Cache{make([]float32, 2*8*width), 8}
	q := Rows{make([]float32, s.Heads*s.HeadDim), s.Heads * s.HeadDim}
	for _, bad := range []struct{ page, start int32 }{{0, 8}, {2, 0}, {-1, 0}, {0, -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("page %d, start %d: no panic", bad.page, bad.start)
				}
			}()
			Decode(s, q, q, c, c, []int32{0, 1}, Pages{[]int32{bad.page}, 1}, []int32{bad.start})
		}()
	}
}
