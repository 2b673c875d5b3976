package dedup

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// write writes the kept rows, the audit and the index.
func (j *job) write(ctx context.Context) error {
	n := j.first[len(j.sources)]
	gone := make([]bool, n)
	for _, m := range j.removed {
		gone[m.row] = true
	}
	for s, source := range j.sources[j.index:] {
		for _, b := range source.bad {
			gone[j.first[j.index+s]+b.row] = true
		}
	}
	j.result.Kept = 0
	for _, g := range gone[j.indexRows():] {
		if !g {
			j.result.Kept++
		}
	}
	if j.Out != "" {
		if err := j.writeFile(j.Out, func(take func([]byte) error) error { return j.keptLines(ctx, gone, take) }); err != nil {
			return err
		}
	}
	if j.Audit != "" {
		if err := j.writeFile(j.Audit, j.auditLines); err != nil {
			return err
		}
	}
	if j.BadRows != "" && j.result.Bad > 0 {
		if err := j.writeFile(j.BadRows, j.badLines); err != nil {
			return err
		}
	}
	var err error
	if j.result.firstBad, err = j.firstBad(5); err != nil {
		return fmt.Errorf("dedup: %w", err)
	}
	if j.Add {
		return j.addToIndex(ctx, gone)
	}
	return nil
}

// keptLines gives the lines that stay, as they are in the files.
func (j *job) keptLines(ctx context.Context, gone []bool, take func([]byte) error) error {
	for s, source := range j.sources[j.index:] {
		r := bufio.NewReaderSize(io.NewSectionReader(source.file, 0, 1<<62), 1<<20)
		var line []byte
		for i, at := 0, int64(0); i < source.rows(); i++ {
			if _, err := r.Discard(int(source.row(i).at - at)); err != nil {
				return fmt.Errorf("read %s again: %w", source.path, err)
			}
			if size := int(source.row(i).size); cap(line) < size {
				line = make([]byte, size, 2*size)
			} else {
				line = line[:size]
			}
			if _, err := io.ReadFull(r, line); err != nil {
				return fmt.Errorf("read %s again: %w", source.path, err)
			}
			at = source.row(i).at + int64(len(line))
			if i%chunkTexts == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if gone[j.first[j.index+s]+i] {
				continue
			}
			if err := take(line); err != nil {
				return err
			}
		}
	}
	return nil
}

// auditRow is one removal. Rows count from 0 over all files in their order, those
// of the index over its segments.
type auditRow struct {
	Row     int32   `json:"row"`
	KeptRow int32   `json:"kept_row"`
	InIndex bool    `json:"in_index"` // kept_row is one of the index
	Jaccard float64 `json:"jaccard"`
	Exact   bool    `json:"exact"`
	Cluster int32   `json:"cluster"` // rows of one kept row share it: kept_row, or −1 − kept_row in the index
	Band    int     `json:"band"`
	File    string  `json:"file"`
}

func (j *job) auditLines(take func([]byte) error) error {
	index := int32(j.indexRows())
	for _, m := range j.removed {
		s, _ := j.source(m.row)
		a := auditRow{Row: m.row - index, KeptRow: m.kept - index, Jaccard: m.jaccard, Exact: j.twin[m.row] == j.twin[m.kept], Band: m.band, File: s.path}
		if a.Cluster = a.KeptRow; m.kept < index {
			a.KeptRow, a.InIndex, a.Cluster = m.kept, true, -1-m.kept
		}
		line, err := json.Marshal(a)
		if err != nil {
			return err
		}
		if err := take(line); err != nil {
			return err
		}
	}
	return nil
}

// checkOutput fails for a name that does not say how to write: before the work,
// not after it.
func checkOutput(path string) error {
	name := strings.ToLower(path)
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	if path == "" || strings.HasSuffix(strings.ToLower(path), ".parquet") || lines(name) {
		return nil
	}
	return experiment.WithCode(experiment.Hint(fmt.Errorf("write %s: the name does not say how", path), "Written are .jsonl, .ndjson (also with .gz or .zst) and .parquet."), 2)
}

// writeFile writes lines as the path's ending says: JSON lines, packed or not, or
// Parquet. The file appears whole or not at all.
func (j *job) writeFile(path string, lines func(take func([]byte) error) error) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	name := strings.ToLower(path)
	pack := ""
	switch {
	case strings.HasSuffix(name, ".parquet"):
		return writeRows(path, lines)
	case strings.HasSuffix(name, ".gz"), strings.HasSuffix(name, ".zst"):
		pack = filepath.Ext(name)
	}
	return durable.WriteFile(path, func(w io.Writer) error {
		packed, err := packer(w, pack)
		if err != nil {
			return err
		}
		b := bufio.NewWriterSize(packed, 1<<20)
		err = lines(func(line []byte) error {
			if _, err := b.Write(line); err != nil {
				return err
			}
			return b.WriteByte('\n')
		})
		if err != nil {
			return err
		}
		if err := b.Flush(); err != nil {
			return err
		}
		return packed.Close()
	})
}

func packer(w io.Writer, pack string) (io.WriteCloser, error) {
	switch pack {
	case ".gz":
		return gzip.NewWriter(w), nil
	case ".zst":
		return zstd.NewWriter(w)
	}
	return plainWriter{w}, nil
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

// writeRows goes over the lines twice: the first time finds the columns.
func writeRows(path string, lines func(take func([]byte) error) error) error {
	var columns dataset.Columns
	err := lines(func(line []byte) error {
		r, err := rowOf(line)
		if err == nil {
			columns.Add(&r)
		}
		return err
	})
	if err != nil {
		return err
	}
	return dataset.WriteStream(path, &columns, func(put func(*dataset.Row) error) error {
		return lines(func(line []byte) error {
			r, err := rowOf(line)
			if err != nil {
				return err
			}
			return put(&r)
		})
	})
}

// rowOf is a line as a row: one that holds no text, as those of the audit, with
// all its fields as extra ones.
func rowOf(line []byte) (dataset.Row, error) {
	r, err := dataset.ParseRow(line)
	if err == nil {
		return r, nil
	}
	var extra map[string]any
	if json.Unmarshal(line, &extra) != nil {
		return r, err
	}
	return dataset.Row{Extra: extra}, nil
}
