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
	"os"

	"cogumi/reports/run/durable"
)

// hashSize is what is kept of a text's SHA-256: enough that no two texts share it.
const hashSize = 16

// sketch is what is kept of the rows of a file: 164 bytes a row at 128
// permutations, no text.
type sketch struct {
	head    sketchHead
	records *store // signature, then hash; of several sketches in a row
	base    int    // record of the first row
	at      []int64
	size    []int32 // bytes of the line, its end not counted
	length  []int32 // bytes of the normalised text; 0: none, −1: a row that cannot be read
	quality []float32
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

const sketchFormat = "cogumi-sketch-2"

// newSketch begins a sketch behind what records holds already; nil: in a store
// of its own.
func newSketch(h sketchHead, records *store) *sketch {
	h.Format = sketchFormat
	if records == nil {
		records = newStore(h.Permutations+hashSize, 0)
	}
	return &sketch{head: h, records: records, base: records.n}
}

func (k *sketch) record(i int) []byte { return k.records.at(k.base + i) }

func (k *sketch) rows() int { return len(k.at) }

func (k *sketch) hash(i int) []byte { return k.record(i)[k.head.Permutations:] }

func (k *sketch) add(record []byte, at int64, size, length int32, quality float32) {
	k.records.add(record)
	k.at, k.size, k.length, k.quality = append(k.at, at), append(k.size, size), append(k.length, length), append(k.quality, quality)
}

// save writes the sketch: its head as a line of JSON, the columns little-endian,
// the SHA-256 of all that.
func (k *sketch) save(path string) error {
	k.head.Rows = k.rows()
	return durable.WriteFile(path, func(to io.Writer) error {
		b, sum := bufio.NewWriterSize(to, 1<<20), sha256.New()
		w := io.MultiWriter(b, sum)
		head, err := json.Marshal(k.head)
		if err != nil {
			return err
		}
		if _, err := w.Write(append(head, '\n')); err != nil {
			return err
		}
		for i := range k.rows() {
			if _, err := w.Write(k.record(i)); err != nil {
				return err
			}
		}
		for _, column := range []any{k.at, k.size, k.length, k.quality} {
			if err := binary.Write(w, binary.LittleEndian, column); err != nil {
				return err
			}
		}
		if _, err := b.Write(sum.Sum(nil)); err != nil {
			return err
		}
		return b.Flush()
	})
}

func loadSketch(path string, records *store) (*sketch, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	k, err := readSketch(f, fi.Size(), records)
	if err != nil {
		return nil, fmt.Errorf("read sketch %s: %w", path, err)
	}
	return k, nil
}

// readSketch believes nothing that the checksum has not confirmed, and allocates
// no more than size allows. After an error records may hold some of it.
func readSketch(from io.Reader, size int64, records *store) (*sketch, error) {
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
		size != int64(len(line))+int64(h.Rows)*int64(h.Permutations+hashSize+20)+sha256.Size {
		return nil, errors.New("its length is not what its head says")
	}
	if records != nil && records.width != h.Permutations+hashSize {
		return nil, errors.New("it has another number of permutations")
	}
	k := newSketch(h, records)
	body := io.TeeReader(r, sum)
	record := make([]byte, k.records.width)
	for range h.Rows {
		if _, err := io.ReadFull(body, record); err != nil {
			return nil, err
		}
		k.records.add(record)
	}
	k.at, k.size, k.length, k.quality = make([]int64, h.Rows), make([]int32, h.Rows), make([]int32, h.Rows), make([]float32, h.Rows)
	for _, column := range []any{k.at, k.size, k.length, k.quality} {
		if err := binary.Read(body, binary.LittleEndian, column); err != nil {
			return nil, err
		}
	}
	want := make([]byte, sha256.Size)
	if _, err := io.ReadFull(r, want); err != nil || !bytes.Equal(want, sum.Sum(nil)) {
		return nil, errors.New("its checksum is wrong: it is damaged")
	}
	return k, nil
}
