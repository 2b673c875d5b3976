package dataset

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	"cogumi/stdlib/experiment"
)

// rowsPerGroup bounds what a Parquet reader must hold.
const rowsPerGroup = 50_000

// Write writes the rows as the path's ending says: .parquet, .jsonl, .jsonl.gz
// or .jsonl.zst. The file appears whole or not at all; equal rows give equal
// bytes.
func (s *Set) Write(path string) error {
	if err := s.write(path); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// MustWrite is Write; an error ends the run. Files inside the run folder become
// artefacts of the run.
func (s *Set) MustWrite(path string) {
	if err := s.Write(path); err != nil {
		experiment.Stop(err)
	}
	experiment.Current().Artefact(filepath.Base(path), "dataset", path)
}

func (s *Set) write(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if strings.HasSuffix(path, ".parquet") {
		err = s.writeParquet(f)
	} else {
		err = s.writeLines(f, path)
	}
	if err = errors.Join(err, f.Sync(), f.Chmod(0o644), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (s *Set) writeLines(f io.Writer, path string) error {
	var closers []io.Closer
	switch {
	case strings.HasSuffix(path, ".gz"):
		z := gzip.NewWriter(f)
		f, closers = z, append(closers, z)
	case strings.HasSuffix(path, ".zst"):
		z, err := zstd.NewWriter(f)
		if err != nil {
			return err
		}
		f, closers = z, append(closers, z)
	case !strings.HasSuffix(path, ".jsonl"):
		return errors.New("unknown kind of file: .jsonl, .jsonl.gz, .jsonl.zst and .parquet are written")
	}
	out := bufio.NewWriter(f)
	for i := range s.Rows {
		b, err := s.Rows[i].Marshal()
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		if _, err := out.Write(append(b, '\n')); err != nil {
			return err
		}
	}
	err := out.Flush()
	for _, c := range closers {
		err = errors.Join(err, c.Close())
	}
	return err
}

// record is a row in a Parquet file. What Row does not know is JSON text.
type record struct {
	Instruction   string    `parquet:"instruction"`
	Input         string    `parquet:"input,optional"`
	Output        string    `parquet:"output"`
	Messages      []Message `parquet:"messages,list"`
	Category      string    `parquet:"category,dict,optional"`
	Family        string    `parquet:"family,dict,optional"`
	Answer        string    `parquet:"answer,optional"`
	FailureType   string    `parquet:"failure_type,dict,optional"`
	CorrectAnswer string    `parquet:"correct_answer,optional"`
	ModelResponse string    `parquet:"model_response,optional"`
	Metadata      string    `parquet:"metadata,optional,json"`
	Extra         string    `parquet:"extra,optional,json"`
}

func toRecord(r *Row) (record, error) {
	out := record{r.Instruction, r.Input, r.Output, r.Messages, r.Category, r.Family, r.Answer, r.FailureType, r.CorrectAnswer, r.ModelResponse, "", ""}
	for _, x := range []struct {
		m  map[string]any
		to *string
	}{{r.Metadata, &out.Metadata}, {r.Extra, &out.Extra}} {
		if len(x.m) == 0 {
			continue
		}
		b, err := json.Marshal(x.m)
		if err != nil {
			return out, err
		}
		*x.to = string(b)
	}
	return out, nil
}

func (s *Set) writeParquet(f *os.File) error {
	out := parquet.NewGenericWriter[record](f, parquet.Compression(&parquet.Zstd), parquet.MaxRowsPerRowGroup(rowsPerGroup),
		parquet.CreatedBy("cogumi", "1", ""))
	for i := range s.Rows {
		r, err := toRecord(&s.Rows[i])
		if err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		if _, err := out.Write([]record{r}); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
	}
	if err := out.Close(); err != nil {
		return err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	back, err := parquet.OpenFile(f, size)
	if err != nil {
		return fmt.Errorf("it cannot be read back: %w", err)
	}
	if back.NumRows() != int64(len(s.Rows)) {
		return fmt.Errorf("%d rows were written, %d can be read back", len(s.Rows), back.NumRows())
	}
	return nil
}
