package dedup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"cogumi/reports/run/durable"
)

// sketch is what is kept of the rows of a file: 168 bytes a row at 128
// permutations, no text.
type sketch struct {
	head       sketchHead
	signatures *store // of several sketches in a row
	base       int    // signature of the first row
	list       rowList
}

// sketchHead says what a sketch is of. A sketch with another head is another one.
type sketchHead struct {
	Format       string `json:"format"`
	Source       string `json:"source"`
	Bytes        int64  `json:"bytes"`
	Modified     int64  `json:"modified"`
	Field        string `json:"field"`
	Quality      string `json:"quality"`
	Ngram        int    `json:"ngram"`
	Permutations int    `json:"permutations"`
	Rows         int    `json:"rows"`
	From         int64  `json:"from"` // of a part of a file: its bytes
	Upto         int64  `json:"upto"`
	Last         bool   `json:"last"`
}

const sketchFormat = "cogumi-sketch-3"

// savedBytes is a row in a file, its signature not counted.
const savedBytes = hashSize + 8 + 4 + 4 + 4

// newSketch begins a sketch behind what signatures holds already; nil: in a store
// of its own.
func newSketch(h sketchHead, signatures *store) *sketch {
	h.Format = sketchFormat
	if signatures == nil {
		signatures = newStore(h.Permutations, 0)
	}
	return &sketch{head: h, signatures: signatures, base: signatures.n}
}

func (k *sketch) rows() int { return k.list.n }

func (k *sketch) row(i int) *row { return k.list.at(i) }

func (k *sketch) add(signature []byte, r row) {
	k.signatures.add(signature)
	k.list.add(r)
}

// save writes the rows from the given one on.
func (k *sketch) save(path string, from int) error {
	return saveSketch(path, k.head, k.rows()-from, func(i int, buf []byte) ([]byte, row) {
		return k.signatures.at(k.base+from+i, buf), *k.row(from + i)
	})
}

// saveSketch writes a sketch: its head as a line of JSON, the rows (signature,
// hash, at, size, length, quality; little-endian), the SHA-256 of all that.
func saveSketch(path string, h sketchHead, n int, at func(i int, buf []byte) ([]byte, row)) error {
	h.Format, h.Rows = sketchFormat, n
	return durable.WriteFile(path, func(to io.Writer) error {
		b, sum := bufio.NewWriterSize(to, 1<<20), sha256.New()
		w := bufio.NewWriterSize(io.MultiWriter(b, sum), 64<<10)
		head, err := json.Marshal(h)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(head, '\n')); err != nil {
			return err
		}
		line, buf := make([]byte, 0, h.Permutations+savedBytes), make([]byte, h.Permutations)
		for i := range n {
			signature, r := at(i, buf)
			line = r.append(append(line[:0], signature...))
			if _, err := w.Write(line); err != nil {
				return err
			}
		}
		if err := w.Flush(); err != nil {
			return err
		}
		if _, err := b.Write(sum.Sum(nil)); err != nil {
			return err
		}
		return b.Flush()
	})
}

func (r *row) append(b []byte) []byte {
	b = append(b, r.hash[:]...)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.at))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.size))
	b = binary.LittleEndian.AppendUint32(b, uint32(r.length))
	return binary.LittleEndian.AppendUint32(b, math.Float32bits(r.quality))
}

func savedRow(b []byte) (r row) {
	copy(r.hash[:], b)
	b = b[hashSize:]
	r.at = int64(binary.LittleEndian.Uint64(b))
	r.size, r.length = int32(binary.LittleEndian.Uint32(b[8:])), int32(binary.LittleEndian.Uint32(b[12:]))
	r.quality = math.Float32frombits(binary.LittleEndian.Uint32(b[16:]))
	return r
}

func loadSketch(path string, signatures *store) (*sketch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	k, err := readSketch(f, fi.Size(), signatures)
	if err != nil {
		return nil, fmt.Errorf("read sketch %s: %w", path, err)
	}
	return k, nil
}

// readSketch believes nothing that the checksum has not confirmed, and allocates
// no more than size allows. After an error signatures may hold some of it.
func readSketch(from io.Reader, size int64, signatures *store) (*sketch, error) {
	sum := sha256.New()
	r := bufio.NewReaderSize(from, 1<<16)
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, errors.New("it has no head")
	}
	var h sketchHead
	if err := json.Unmarshal(line, &h); err != nil || h.Format != sketchFormat {
		return nil, errors.New("it is no sketch of this format")
	}
	sum.Write(line)
	if h.Permutations < 1 || h.Permutations > 1<<16 || h.Rows < 0 || int64(h.Rows) > size ||
		size != int64(len(line))+int64(h.Rows)*int64(h.Permutations+savedBytes)+sha256.Size {
		return nil, errors.New("its length is not what its head says")
	}
	if signatures != nil && signatures.width != h.Permutations {
		return nil, errors.New("it has another number of permutations")
	}
	k := newSketch(h, signatures)
	body := bufio.NewReaderSize(io.TeeReader(io.LimitReader(r, size-int64(len(line))-sha256.Size), sum), 1<<16)
	saved := make([]byte, h.Permutations+savedBytes)
	for range h.Rows {
		if _, err := io.ReadFull(body, saved); err != nil {
			return nil, err
		}
		k.add(saved[:h.Permutations], savedRow(saved[h.Permutations:]))
	}
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, want); err != nil || !bytes.Equal(want, sum.Sum(nil)) {
		return nil, errors.New("its checksum is wrong: it is damaged")
	}
	return k, nil
}
