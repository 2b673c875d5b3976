package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/stdlib/experiment"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Formats are the file names that Read and Write understand.
const formats = ".jsonl, .ndjson, .json (each also with .gz or .zst) and .parquet"

// shape is how a file holds rows.
type shape int

const (
	shapeLines   shape = iota // one JSON object per line
	shapeJSON                 // one JSON list, or lines
	shapeParquet              //
)

// fileFormat is what a file's name says about its content.
type fileFormat struct {
	shape shape
	pack  string // "", "gz", "zst"
}

// formatOf reads a file's name. ok is false for names that say nothing.
func formatOf(path string) (f fileFormat, ok bool) {
	name := strings.ToLower(filepath.Base(path))
	for _, pack := range []string{"gz", "zst"} {
		if cut, found := strings.CutSuffix(name, "."+pack); found {
			name, f.pack = cut, pack
		}
	}
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson":
		return f, true
	case ".json":
		f.shape = shapeJSON
		return f, true
	case ".parquet":
		f.shape = shapeParquet
		return f, f.pack == ""
	}
	return f, false
}

// shortName is a file's name without folder and extensions.
func shortName(path string) string {
	name := filepath.Base(path)
	for {
		switch ext := filepath.Ext(name); strings.ToLower(ext) {
		case ".gz", ".zst", ".jsonl", ".ndjson", ".json", ".parquet":
			if cut := strings.TrimSuffix(name, ext); cut != "" {
				name = cut
				continue
			}
		}
		return name
	}
}

// input is an open file.
type input struct {
	path   string
	format fileFormat
	names  Names
	file   *os.File    // nil for built-in data
	at     io.ReaderAt // of Parquet
	size   int64       // of the file, packed
	text   io.Reader   // unpacked; nil for Parquet
	unpack io.Closer   // may be nil
}

func (in *input) Close() {
	if in.unpack != nil {
		in.unpack.Close()
	}
	if in.file != nil {
		in.file.Close()
	}
}

// open opens path, a file or the name of built-in data. Its errors carry the
// exit code of a missing input.
func open(path string) (*input, error) {
	in, err := openFile(path)
	if err != nil {
		return nil, experiment.WithCode(err, 3)
	}
	return in, nil
}

func openFile(path string) (*input, error) {
	if b, ok := openBuiltin(path); ok {
		in := &input{path: path, format: fileFormat{pack: "gz"}, size: int64(len(b))}
		return in, in.unpacked(bytes.NewReader(b))
	}
	fi, err := os.Stat(path)
	if err != nil {
		return nil, notThere(path, err)
	}
	if fi.IsDir() {
		return nil, folder(path)
	}
	f, ok := formatOf(path)
	if !ok {
		return nil, experiment.Hint(fmt.Errorf("read %s: the name does not say what is in it", path), "Known are "+formats+".")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	in := &input{path: path, format: f, file: file, at: file, size: fi.Size()}
	if f.shape != shapeParquet {
		err = in.unpacked(file)
	}
	if err != nil {
		in.Close()
		return nil, err
	}
	return in, nil
}

// unpacked looks at the first bytes and sets in.text. A name that promises more
// or less packing than there is does not matter; a pointer file does.
func (in *input) unpacked(r io.Reader) error {
	b := bufio.NewReaderSize(r, 1<<20)
	head, err := b.Peek(64)
	if err != nil && err != io.EOF {
		return fmt.Errorf("read %s: %w", in.path, err)
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		z, err := gzip.NewReader(b)
		if err != nil {
			return fmt.Errorf("read %s: gzip: %w", in.path, err)
		}
		in.text, in.unpack = z, z
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		z, err := zstd.NewReader(b)
		if err != nil {
			return fmt.Errorf("read %s: zstd: %w", in.path, err)
		}
		in.text, in.unpack = z, z.IOReadCloser()
	case bytes.HasPrefix(head, []byte("version https://git-lfs")):
		return experiment.Hint(fmt.Errorf("read %s: it is a Git LFS pointer, not the data", in.path), "Fetch the data with: git lfs pull")
	case bytes.HasPrefix(head, []byte("PAR1")):
		return experiment.Hint(fmt.Errorf("read %s: it is a Parquet file", in.path), "Give it the extension .parquet.")
	case in.format.pack != "" && len(head) > 0:
		err := fmt.Errorf("read %s: it is not packed as .%s, whatever its name says", in.path, in.format.pack)
		return experiment.Hint(err, "Rename it without ."+in.format.pack+", or fetch it again.")
	default:
		in.text = b
	}
	return nil
}

// notThere says what is wrong with a path that cannot be opened, and which
// neighbour may have been meant.
func notThere(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read rows: %w", err)
	}
	err = fmt.Errorf("read %s: there is no such file", path)
	names := slices.Concat(rowFiles(filepath.Dir(path)), builtinNames())
	if near := experiment.Nearest(path, names); near != "" {
		return experiment.Hint(err, "Did you mean "+near+"?")
	}
	return experiment.Hint(err, "Built in are "+strings.Join(builtinNames(), " and ")+".")
}

func folder(path string) error {
	err := fmt.Errorf("read %s: it is a folder, a file is needed", path)
	files := rowFiles(path)
	if len(files) == 0 {
		return experiment.Hint(err, "There is no file in it that can be read; known are "+formats+".")
	}
	if len(files) > 5 {
		files = append(files[:5], "…")
	}
	return experiment.Hint(err, "Name one of its files: "+strings.Join(files, ", "))
}

// rowFiles are the files of a folder whose names Read understands.
func rowFiles(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var files []string
	for _, e := range entries {
		if _, ok := formatOf(e.Name()); ok && !e.IsDir() {
			files = append(files, filepath.Join(dir, e.Name()))
		}
	}
	return files
}

// cutOff says that a file cannot be read to its end.
func (in *input) cutOff(after int, unit string, err error) error {
	err = fmt.Errorf("read %s: after %s %d: %w", in.path, unit, after, err)
	return experiment.WithCode(experiment.Hint(err, "The file is cut off or damaged: fetch or make it again."), 3)
}
