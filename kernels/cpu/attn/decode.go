package attn

// Cache holds the keys or values of slots: token t, KV head h of slot s begins at
// Data[((s·Length)+t)·kvHeads·headDim + h·headDim].
type Cache struct {
	Data   []float32
	Length int // tokens a slot has room for
}

// Decode computes O for new tokens against a cache that holds their keys and
// values already. The new tokens of sequence s are rows cu[s]…cu[s+1] of q and o;
// slots[s] is its slot, starts[s] how many tokens the cache held before them: new
// token i sees cache tokens 0…starts[s]+i.
//
// A row's bits are those that Forward gives for the whole sequence.
func Decode(s Shape, o, q Rows, k, v Cache, cu, slots, starts []int32) {
	s.check()
	width := s.KVHeads * s.HeadDim
	for n := range len(cu) - 1 {
		base := int(slots[n]) * k.Length
		for t := int(cu[n]); t < int(cu[n+1]); t++ {
			i := int(starts[n]) + t - int(cu[n])
			for h := range s.Heads {
				g := h / (s.Heads / s.KVHeads)
				rowPlain(o.at(t, h, s.HeadDim), q.at(t, h, s.HeadDim), s.Scale, s.first(i), i,
					func(j int) []float32 { return Rows{k.Data, width}.at(base+j, g, s.HeadDim) },
					func(j int) []float32 { return Rows{v.Data, width}.at(base+j, g, s.HeadDim) })
			}
		}
	}
}
