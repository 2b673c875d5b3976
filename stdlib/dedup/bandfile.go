package dedup

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// entryBytes is an entry in a band file: key and text, little-endian.
const entryBytes = 8

// writeBands writes the keys of every band into a file of its own, in one pass
// over the signatures, so that memory holds one part of one band at a time.
func (l *lsh) writeBands(n int, dir string, room int64) (err error) {
	out := make([]*bufio.Writer, l.count)
	for b := range l.count {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("band-%03d.tmp", b)))
		if err != nil {
			return err
		}
		l.files = append(l.files, f)
		out[b] = bufio.NewWriterSize(f, 64<<10)
	}
	s := l.signatures
	buf := make([]byte, chunkTexts*s.width)
	var e [entryBytes]byte
	for c := range s.chunks {
		records := s.chunk(c, buf)
		for i := c * chunkTexts; i < min(n, (c+1)*chunkTexts); i++ {
			if l.skip != nil && l.skip(i) {
				continue
			}
			record := records[i%chunkTexts*s.width:]
			for b := range l.count {
				binary.LittleEndian.PutUint32(e[:], bandKey(record[b*l.rows:(b+1)*l.rows]))
				binary.LittleEndian.PutUint32(e[4:], uint32(i))
				if _, err := out[b].Write(e[:]); err != nil {
					return err
				}
			}
		}
	}
	for b := range out {
		if err := out[b].Flush(); err != nil {
			return err
		}
	}
	l.parts = int(2*entryBytes*int64(n)/max(room, 1<<20)) + 1
	return s.failed
}

// load reads the entries of one part of a band: those whose keys leave that rest.
func (l *lsh) load(b, part int, s *sorter) {
	if _, err := l.files[b].Seek(0, io.SeekStart); err != nil {
		l.failed = err
		return
	}
	r := bufio.NewReaderSize(l.files[b], 1<<20)
	var e [entryBytes]byte
	for {
		if _, err := io.ReadFull(r, e[:]); err == io.EOF {
			return
		} else if err != nil {
			l.failed = fmt.Errorf("read band file: %w", err)
			return
		}
		if key := binary.LittleEndian.Uint32(e[:]); int(key%uint32(l.parts)) == part {
			s.entries = append(s.entries, entry{key, int32(binary.LittleEndian.Uint32(e[4:]))})
		}
	}
}

func (l *lsh) closeBands() {
	for _, f := range l.files {
		f.Close()
		os.Remove(f.Name())
	}
}
