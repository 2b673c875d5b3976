package gemm

import "sync"

// scratch is memory for one task. Tasks come by the million; the pool keeps the
// collector out of it.
type scratch struct{ data []float32 }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

func getScratch(n int) *scratch {
	s := scratches.Get().(*scratch)
	if cap(s.data) < n {
		s.data = aligned(n)
	}
	s.data = s.data[:n]
	return s
}

func putScratch(s *scratch) { scratches.Put(s) }
