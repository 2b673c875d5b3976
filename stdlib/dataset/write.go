package dataset

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Write writes the rows as the path's extension says: .jsonl or .ndjson, also
// packed (.gz, .zst), or .parquet. The file appears whole or not at all, missing
// folders are made, and equal rows give equal bytes.
//
// Fields come in a fixed order, those of Extra behind them by name; empty ones
// are left out. Rows with a FailureType have all fields of training rows, null
// where empty: instruction, output, category, failure_type, correct_answer,
// model_response, metadata.
func (s *Set) Write(path string) error {
	f, ok := formatOf(path)
	if !ok || f.shape == shapeJSON {
		return experiment.Hint(fmt.Errorf("write %s: the name does not say how", path), "Written are .jsonl, .ndjson (also with .gz or .zst) and .parquet.")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error {
		if f.shape == shapeParquet {
			return s.writeParquet(w)
		}
		return s.writeLines(w, f.pack)
	})
}

// MustWrite is Write that ends the run when it fails. The file becomes an
// artefact of the run.
func (s *Set) MustWrite(path string) {
	if err := s.Write(path); err != nil {
		experiment.Stop(err)
	}
	experiment.Current().Artefact(filepath.Base(path), "dataset", path)
}

func (s *Set) writeLines(w io.Writer, pack string) error {
	packed, err := packer(w, pack)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(packed, 256<<10)
	ctx := experiment.Current().Context()
	var line []byte
	for i := range s.Rows {
		if line, err = s.Rows[i].append(line[:0], false); err != nil {
			return fmt.Errorf("row %d: %w", i+1, err)
		}
		if _, err := out.Write(append(line, '\n')); err != nil {
			return err
		}
		if i%hashBlock == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return packed.Close()
}

// packer compresses what is written to it; without pack it passes it on.
func packer(w io.Writer, pack string) (io.WriteCloser, error) {
	switch pack {
	case "gz":
		return gzip.NewWriter(w), nil
	case "zst":
		// One goroutine: the bytes must not depend on the number of cores.
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return unpackedWriter{w}, nil
}

// unpackedWriter is a writer that Close leaves open.
type unpackedWriter struct{ io.Writer }

func (unpackedWriter) Close() error { return nil }
