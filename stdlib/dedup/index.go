package dedup

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
)

// An index is a folder: the normalised texts that were kept, a file of JSON lines
// for each time some were added, its sketch beside it, and manifest.json, which
// alone says what belongs to the index. It is replaced whole after the files are
// there, so that a kill leaves the old index or the new one.
type manifest struct {
	Format       string    `json:"format"`
	Ngram        int       `json:"ngram"`
	Permutations int       `json:"permutations"`
	Segments     []segment `json:"segments"`
}

type segment struct {
	Name string `json:"name"` // of its files, without .jsonl and .sketch
	Rows int    `json:"rows"`
}

const indexFormat = "cogumi-index-1"

func (j *job) manifestPath() string { return filepath.Join(j.Against, "manifest.json") }

// parseManifest checks what the file says against the configuration.
func parseManifest(b []byte, c Config) (m manifest, err error) {
	if err := json.Unmarshal(b, &m); err != nil {
		return m, err
	}
	if m.Format != indexFormat {
		return m, fmt.Errorf("the format is %q, %s is needed", m.Format, indexFormat)
	}
	if m.Ngram != c.Ngram || m.Permutations != c.Permutations {
		return m, fmt.Errorf("it was made with n-grams of %d and %d permutations, asked for are %d and %d", m.Ngram, m.Permutations, c.Ngram, c.Permutations)
	}
	for _, s := range m.Segments {
		if s.Name == "" || s.Name != filepath.Base(s.Name) || strings.HasPrefix(s.Name, ".") || s.Rows < 0 {
			return m, fmt.Errorf("%q is no name of a segment", s.Name)
		}
	}
	return m, nil
}

// openIndex makes sources of the index's segments. An index that is to be added
// to may be missing.
func (j *job) openIndex() error {
	if j.Against == "" {
		return nil
	}
	b, err := os.ReadFile(j.manifestPath())
	if errors.Is(err, fs.ErrNotExist) && j.Add {
		return nil
	}
	if err != nil {
		return experiment.WithCode(experiment.Hint(fmt.Errorf("dedup: open index: %w", err), "Make one by adding to it."), 3)
	}
	m, err := parseManifest(b, j.Config)
	if err != nil {
		return experiment.WithCode(fmt.Errorf("dedup: index %s: %w", j.Against, err), 3)
	}
	for _, seg := range m.Segments {
		s := &source{path: filepath.Join(j.Against, seg.Name+".jsonl"), field: "text"}
		if s.sketch, err = loadSketch(filepath.Join(j.Against, seg.Name+".sketch"), j.signatures); err != nil {
			return fmt.Errorf("dedup: open index: %w", err)
		}
		if s.file, err = os.Open(s.path); err != nil {
			return fmt.Errorf("dedup: open index: %w", err)
		}
		j.sources = append(j.sources, s)
		fi, err := s.file.Stat()
		if err != nil || s.rows() != seg.Rows || fi.Size() != s.head.Bytes {
			return fmt.Errorf("dedup: index %s: %s is not what was written", j.Against, s.path)
		}
	}
	return nil
}

// addToIndex adds the texts that were kept, in the keep order.
func (j *job) addToIndex(ctx context.Context, gone []bool) error {
	unlock, err := j.lockIndex(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	m := manifest{Format: indexFormat, Ngram: j.Ngram, Permutations: j.Permutations}
	if b, err := os.ReadFile(j.manifestPath()); err == nil {
		if m, err = parseManifest(b, j.Config); err != nil {
			return err
		}
	}
	if len(m.Segments) != j.index {
		return fmt.Errorf("dedup: index %s was changed meanwhile: run again", j.Against)
	}
	name := fmt.Sprintf("segment-%05d", len(m.Segments)+1)
	h := sketchHead{Source: name, Field: "text", Ngram: j.Ngram, Permutations: j.Permutations}
	var rows []int32
	var starts []int64 // of their lines
	err = durable.WriteFile(filepath.Join(j.Against, name+".jsonl"), func(to io.Writer) error {
		w := bufio.NewWriterSize(to, 1<<20)
		var buf []byte
		at := int64(0)
		for place, row := range j.order {
			if int(row) < j.indexRows() || gone[row] {
				continue
			}
			text, err := j.text(int32(place), buf)
			if err != nil {
				return err
			}
			buf = text
			line, err := json.Marshal(map[string]string{"text": string(text)})
			if err != nil {
				return err
			}
			rows, starts = append(rows, row), append(starts, at)
			at += int64(len(line)) + 1
			if _, err := w.Write(append(line, '\n')); err != nil {
				return err
			}
		}
		h.Bytes = at
		return w.Flush()
	})
	if err != nil {
		return err
	}
	starts = append(starts, h.Bytes)
	err = saveSketch(filepath.Join(j.Against, name+".sketch"), h, len(rows), func(i int, buf []byte) ([]byte, row) {
		s, k := j.source(rows[i])
		r := *s.row(k)
		r.at, r.size, r.quality = starts[i], int32(starts[i+1]-starts[i]-1), 0
		return j.signatures.at(int(rows[i]), buf), r
	})
	if err != nil {
		return err
	}
	m.Segments = append(m.Segments, segment{name, len(rows)})
	b, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteBytes(j.manifestPath(), append(b, '\n'))
}

// lockIndex keeps others from adding at the same time.
func (j *job) lockIndex(ctx context.Context) (func(), error) {
	if err := os.MkdirAll(j.Against, 0o755); err != nil {
		return nil, fmt.Errorf("dedup: add to index: %w", err)
	}
	return durable.Lock(ctx, filepath.Join(j.Against, ".lock"), nil)
}
