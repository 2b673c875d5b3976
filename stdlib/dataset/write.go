package dataset

import (
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
	return writeAs(path, func(w io.Writer, f fileFormat) error {
		if f.shape == shapeParquet {
			return s.writeParquet(w)
		}
		return s.writeLines(w, f.pack)
	})
}

// writeAs makes a file of the format that its name says, whole or not at all.
func writeAs(path string, write func(w io.Writer, f fileFormat) error) error {
	f, ok := formatOf(path)
	if !ok || f.shape == shapeJSON {
		return experiment.Hint(fmt.Errorf("write %s: the name does not say how", path), "Written are .jsonl, .ndjson (also with .gz or .zst) and .parquet.")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return durable.WriteFile(path, func(w io.Writer) error { return write(w, f) })
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
	return streamLines(w, pack, s.put)
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
