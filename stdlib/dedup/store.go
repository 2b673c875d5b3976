package dedup

import (
	"fmt"
	"os"
	"sync"
)

// store holds one signature of width bytes for each text, in chunks: it grows
// without copying and without room to spare. Past its limit full chunks go to a
// file.
type store struct {
	width  int
	n      int
	chunks [][]byte
	limit  int64    // bytes in memory; 0: none
	dir    string   // where the file goes
	file   *os.File // nil while everything is in memory

	mu     sync.Mutex
	failed error // of writing or reading the file; checked when all is done
}

const chunkTexts = 1 << 14

func newStore(width, n int) *store {
	s := &store{width: width, n: n}
	for range (n + chunkTexts - 1) / chunkTexts {
		s.chunks = append(s.chunks, make([]byte, chunkTexts*width))
	}
	return s
}

// at is signature i. One that lies in the file is read into buf, which has room
// for it.
func (s *store) at(i int, buf []byte) []byte {
	if chunk := s.chunks[i/chunkTexts]; chunk != nil {
		return chunk[i%chunkTexts*s.width:][:s.width]
	}
	s.readAt(buf[:s.width], int64(i)*int64(s.width))
	return buf[:s.width]
}

// add appends a signature.
func (s *store) add(signature []byte) {
	if s.n == len(s.chunks)*chunkTexts {
		if s.limit > 0 && int64(s.n)*int64(s.width) >= s.limit {
			s.spill()
		}
		s.chunks = append(s.chunks, make([]byte, chunkTexts*s.width))
	}
	s.n++
	copy(s.chunks[len(s.chunks)-1][(s.n-1)%chunkTexts*s.width:], signature)
}

// spill writes all chunks, which are full, to the file and forgets them.
func (s *store) spill() {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "signatures-*.tmp")
		if err != nil {
			s.fail(err)
			s.limit = 0
			return
		}
		s.file = f
	}
	for i, chunk := range s.chunks {
		if chunk == nil {
			continue
		}
		if _, err := s.file.WriteAt(chunk, int64(i)*int64(len(chunk))); err != nil {
			s.fail(fmt.Errorf("write signatures: %w", err))
			s.limit = 0
			return
		}
		s.chunks[i] = nil
	}
}

// chunk is chunk i, read into buf if it is not in memory.
func (s *store) chunk(i int, buf []byte) []byte {
	if s.chunks[i] != nil {
		return s.chunks[i]
	}
	s.readAt(buf, int64(i)*int64(len(buf)))
	return buf
}

func (s *store) readAt(buf []byte, at int64) {
	if _, err := s.file.ReadAt(buf, at); err != nil {
		s.fail(fmt.Errorf("read signatures again: %w", err))
	}
}

func (s *store) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
	}
}

func (s *store) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
}
