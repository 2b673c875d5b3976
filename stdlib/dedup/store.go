package dedup

import (
	"fmt"
	"os"
)

// store holds one record of width bytes for each text, in chunks: it grows
// without copying and without room to spare. Past its limit full chunks go to a
// file.
type store struct {
	width  int
	n      int
	chunks [][]byte
	limit  int64    // bytes in memory; 0: none
	dir    string   // where the file goes
	file   *os.File // nil while everything is in memory
	failed error    // of writing or reading the file; checked when all is done
}

const chunkTexts = 1 << 14

func newStore(width, n int) *store {
	s := &store{width: width, n: n}
	for range (n + chunkTexts - 1) / chunkTexts {
		s.chunks = append(s.chunks, make([]byte, chunkTexts*width))
	}
	return s
}

func (s *store) at(i int) []byte {
	if chunk := s.chunks[i/chunkTexts]; chunk != nil {
		return chunk[i%chunkTexts*s.width:][:s.width]
	}
	record := make([]byte, s.width)
	if _, err := s.file.ReadAt(record, int64(i)*int64(s.width)); err != nil {
		s.failed = fmt.Errorf("read signatures again: %w", err)
	}
	return record
}

// add appends a record.
func (s *store) add(record []byte) {
	if s.n == len(s.chunks)*chunkTexts {
		if s.limit > 0 && int64(s.n)*int64(s.width) >= s.limit {
			s.spill()
		}
		s.chunks = append(s.chunks, make([]byte, chunkTexts*s.width))
	}
	s.n++
	copy(s.chunks[len(s.chunks)-1][(s.n-1)%chunkTexts*s.width:], record)
}

// spill writes all chunks, which are full, to the file and forgets them.
func (s *store) spill() {
	if s.file == nil {
		if s.file, s.failed = os.CreateTemp(s.dir, "signatures-*.tmp"); s.failed != nil {
			s.limit = 0
			return
		}
	}
	for i, chunk := range s.chunks {
		if chunk == nil {
			continue
		}
		if _, err := s.file.WriteAt(chunk, int64(i)*int64(len(chunk))); err != nil {
			s.failed, s.limit = fmt.Errorf("write signatures: %w", err), 0
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
	if _, err := s.file.ReadAt(buf, int64(i)*int64(len(buf))); err != nil {
		s.failed = fmt.Errorf("read signatures again: %w", err)
	}
	return buf
}

func (s *store) close() {
	if s.file != nil {
		s.file.Close()
		os.Remove(s.file.Name())
	}
}
