package curate

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/dataset"

	"github.com/klauspost/compress/zstd"
)

// A part is some rows of one file with their attributes: lines of rows, packed,
// lines of attributes, and a manifest that is written last.
const partBytes = 16 << 20

var partRows = 8192 // smaller in tests

// manifest says what a part is, and what a finished one must still be.
type manifest struct {
	File    int             `json:"file"`
	Rows    int             `json:"rows"`
	Bytes   int64           `json:"bytes"` // of the lines, unpacked
	Lines   string          `json:"lines"` // SHA-256 of the packed lines
	Tags    string          `json:"tags"`  // of the attributes
	Columns dataset.Columns `json:"columns"`
}

// part is one under way.
type part struct {
	number int
	rows   []dataset.Row
	at     []attributes // File and Row
}

func partPath(dir string, number int, end string) string {
	return filepath.Join(dir, fmt.Sprintf("part-%05d%s", number, end))
}

const (
	linesEnd    = ".jsonl.zst"
	tagsEnd     = ".tags.jsonl"
	manifestEnd = ".json"
)

// finished gives the manifest of a part that an earlier attempt finished, if its
// files are still what they were.
func finished(dir string, number int) (*manifest, bool) {
	b, err := os.ReadFile(partPath(dir, number, manifestEnd))
	if err != nil {
		return nil, false
	}
	var m manifest
	if json.Unmarshal(b, &m) != nil {
		return nil, false
	}
	for end, want := range map[string]string{linesEnd: m.Lines, tagsEnd: m.Tags} {
		b, err := os.ReadFile(partPath(dir, number, end))
		if err != nil || sum(b) != want {
			return nil, false
		}
	}
	return &m, true
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// packers are encoders of one goroutine each: parts are packed side by side.
var packers = sync.Pool{New: func() any {
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		panic(err)
	}
	return z
}}

// write computes the attributes of a part's rows and writes it.
func (p *part) write(dir, source string, j *gauge) (*manifest, error) {
	m := &manifest{Rows: len(p.rows)}
	var lines, tags bytes.Buffer
	enc := json.NewEncoder(&tags)
	enc.SetEscapeHTML(false)
	for i := range p.rows {
		r := &p.rows[i]
		a := j.row(r)
		a.File, a.Row = p.at[i].File, p.at[i].Row
		a.put(source, r)
		m.File = a.File
		m.Columns.Add(r)
		line, err := r.Marshal()
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", a.Row, err)
		}
		lines.Write(line)
		lines.WriteByte('\n')
		if err := enc.Encode(&a); err != nil {
			return nil, fmt.Errorf("row %d: %w", a.Row, err)
		}
	}
	m.Bytes = int64(lines.Len())
	z := packers.Get().(*zstd.Encoder)
	packed := z.EncodeAll(lines.Bytes(), nil)
	packers.Put(z)
	m.Lines, m.Tags = sum(packed), sum(tags.Bytes())
	about, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	for _, f := range []struct {
		end  string
		text []byte
	}{{linesEnd, packed}, {tagsEnd, tags.Bytes()}, {manifestEnd, about}} {
		if err := durable.WriteBytes(partPath(dir, p.number, f.end), f.text); err != nil {
			return nil, fmt.Errorf("write part %d: %w", p.number, err)
		}
	}
	return m, nil
}

// unpackers are decoders of one goroutine each.
var unpackers = sync.Pool{New: func() any {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return z
}}

// readPart gives the lines of a part with their attributes.
func readPart(dir string, number int, m *manifest) (lines [][]byte, tags []attributes, err error) {
	packed, err := os.ReadFile(partPath(dir, number, linesEnd))
	if err != nil {
		return nil, nil, err
	}
	z := unpackers.Get().(*zstd.Decoder)
	text, err := z.DecodeAll(packed, make([]byte, 0, m.Bytes))
	unpackers.Put(z)
	if err != nil {
		return nil, nil, fmt.Errorf("read part %d: %w", number, err)
	}
	f, err := os.Open(partPath(dir, number, tagsEnd))
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	dec := json.NewDecoder(bufio.NewReaderSize(f, 1<<16))
	for len(text) > 0 {
		line, rest, _ := bytes.Cut(text, []byte("\n"))
		lines, text = append(lines, line), rest
		var a attributes
		if err := dec.Decode(&a); err != nil {
			return nil, nil, fmt.Errorf("read the attributes of part %d: %w", number, err)
		}
		tags = append(tags, a)
	}
	if len(lines) != m.Rows {
		return nil, nil, fmt.Errorf("read part %d: it has %d rows, not %d", number, len(lines), m.Rows)
	}
	return lines, tags, nil
}
