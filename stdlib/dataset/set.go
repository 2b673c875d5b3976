package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"runtime"
	"sync"
)

// Len is the number of rows.
func (s *Set) Len() int { return len(s.Rows) }

// Named is the same rows under another name.
func (s *Set) Named(name string) *Set {
	t := *s
	t.Name = name
	return &t
}

// with is a set of other rows that came from s.
func (s *Set) with(rows []Row) *Set { return &Set{Name: s.Name, Path: s.Path, Rows: rows} }

// Where keeps the rows for which keep is true.
func (s *Set) Where(keep func(Row) bool) *Set {
	var rows []Row
	for _, r := range s.Rows {
		if keep(r) {
			rows = append(rows, r)
		}
	}
	return s.with(rows)
}

// Pick is the rows at the given indices, in their order.
func (s *Set) Pick(indices []int) *Set {
	rows := make([]Row, len(indices))
	for i, at := range indices {
		rows[i] = s.Rows[at]
	}
	return s.with(rows)
}

// Concat is the rows of s and then those of t.
func (s *Set) Concat(t *Set) *Set {
	return s.with(append(append(make([]Row, 0, len(s.Rows)+len(t.Rows)), s.Rows...), t.Rows...))
}

// Head is the first n rows, or all if there are fewer.
func (s *Set) Head(n int) *Set {
	n = max(0, min(n, len(s.Rows)))
	return s.with(s.Rows[:n:n])
}

// Shuffle is the rows in an order that seed alone decides.
func (s *Set) Shuffle(seed int) *Set {
	return s.Pick(Order(len(s.Rows), seed))
}

// Order is the order in which Shuffle puts n rows: for what lies beside them.
func Order(n, seed int) []int {
	return rand.New(rand.NewPCG(uint64(seed), 0x5e7)).Perm(n)
}

// hashBlock is how many rows are hashed together; part of Hash's definition.
const hashBlock = 1024

// Hash is a hex SHA-256 of the rows' content in order; path and name do not
// count, nor does the format they were read from. It is the hash of the hashes
// of blocks of rows, each row as one line of JSON.
func (s *Set) Hash() string {
	blocks := make([][sha256.Size]byte, (len(s.Rows)+hashBlock-1)/hashBlock)
	var group sync.WaitGroup
	workers := min(runtime.GOMAXPROCS(0), len(blocks))
	for w := range workers {
		group.Go(func() {
			var line []byte
			for b := w; b < len(blocks); b += workers {
				h := sha256.New()
				for i := b * hashBlock; i < min((b+1)*hashBlock, len(s.Rows)); i++ {
					line, _ = s.Rows[i].append(line[:0], true) // lenient: never fails
					h.Write(append(line, '\n'))
				}
				h.Sum(blocks[b][:0])
			}
		})
	}
	group.Wait()
	h := sha256.New()
	for i := range blocks {
		h.Write(blocks[i][:])
	}
	return hex.EncodeToString(h.Sum(nil))
}
