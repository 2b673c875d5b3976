package dataset

import (
	"bufio"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
)

// Kinds of bad rows, as they appear in notes and side files.
const (
	badJSON    = "broken JSON"
	badUTF8    = "invalid UTF-8"
	badShape   = "no object"
	badType    = "wrong type"
	badMissing = "missing field"
	badEmpty   = "empty row"
	badLong    = "line too long"
)

// Bad is a row that cannot be used, one line of a side file.
type Bad struct {
	File   string `json:"file"`
	Line   int    `json:"line"` // from 1; of a Parquet file or a JSON list the row
	Kind   string `json:"kind"` // "broken JSON", "missing field" …
	Why    string `json:"why"`
	Bytes  int    `json:"bytes"`            // of the whole row
	Text   string `json:"text,omitempty"`   // the row, at most its first 64 KB
	Base64 string `json:"base64,omitempty"` // instead of Text where that is no UTF-8
}

// textLimit is how much of a bad row a side file repeats.
const textLimit = 64 << 10

// problem is why a row cannot be used.
type problem struct {
	kind string // one of the kinds above
	why  string // for this row
}

// tally counts the rows of one file, good and bad.
type tally struct {
	path  string
	unit  string // what Bad.Line counts: "line" or "row"
	good  int
	bad   int
	kinds map[string]int
	first map[string]Bad
	put   func(Bad) error // where bad rows go
}

func newTally(path string, put func(Bad) error) *tally {
	return &tally{path: path, unit: "line", kinds: map[string]int{}, first: map[string]Bad{}, put: put}
}

// add counts one bad row and hands it on.
func (t *tally) add(r *parsed) error {
	b := Bad{File: t.path, Line: r.line, Kind: r.p.kind, Why: r.p.why, Bytes: r.size}
	if text := r.raw[:min(len(r.raw), textLimit)]; utf8.Valid(text) {
		b.Text = string(text)
	} else {
		b.Base64 = base64.StdEncoding.EncodeToString(text)
	}
	if t.kinds[b.Kind]++; t.kinds[b.Kind] == 1 {
		t.first[b.Kind] = b
	}
	t.bad++
	return t.put(b)
}

// summary is the count of each kind with its first place, most frequent first.
func (t *tally) summary() string {
	kinds := make([]string, 0, len(t.kinds))
	for k := range t.kinds {
		kinds = append(kinds, k)
	}
	slices.SortFunc(kinds, func(x, y string) int {
		if t.kinds[x] != t.kinds[y] {
			return t.kinds[y] - t.kinds[x]
		}
		return strings.Compare(x, y)
	})
	for i, k := range kinds {
		first := t.first[k]
		kinds[i] = fmt.Sprintf("%d × %s (first at %s: %s)", t.kinds[k], k, t.at(first.Line), first.Why)
	}
	return strings.Join(kinds, "; ")
}

// at is a place as file:line, which editors and terminals understand.
func (t *tally) at(line int) string {
	if t.unit == "row" {
		return fmt.Sprintf("%s row %d", filepath.Base(t.path), line)
	}
	return fmt.Sprintf("%s:%d", filepath.Base(t.path), line)
}

// ErrOnlyBad is what the error of a file is that has rows and none that can be used.
var ErrOnlyBad = errors.New("no row can be used")

type onlyBad struct{ error }

func (onlyBad) Is(target error) bool { return target == ErrOnlyBad }

// onlyBad is the error of a file that has rows but none that can be used.
func (t *tally) onlyBad(side string) error {
	if t.bad == 0 || t.good > 0 {
		return nil
	}
	hint := "A row needs one of the fields " + strings.Join(instructionNames, ", ") + ", messages or conversations."
	if side != "" {
		hint += " The rows are in " + side
	}
	err := error(onlyBad{fmt.Errorf("read %s: none of its %d rows can be used: %s", t.path, t.bad, t.summary())})
	return experiment.WithCode(experiment.Hint(err, hint), 3)
}

// report tells the run about rows set aside, and about a file without rows.
func (t *tally) report(side string) {
	x := experiment.Current()
	name := filepath.Base(t.path)
	if t.good+t.bad == 0 {
		x.Note(run.Note{Level: "warn", Topic: "data", Text: name + " holds no rows.", Hint: "Check that this is the file you meant: " + t.path})
	}
	if t.bad == 0 {
		return
	}
	x.Note(run.Note{Level: "warn", Topic: "data",
		Text: fmt.Sprintf("%s: %d of %d rows cannot be used and were set aside: %s.", name, t.bad, t.good+t.bad, t.summary()),
		Hint: "They are in " + side})
}

// sideFile takes the bad rows of one file. It is made when the first one comes,
// and never beside the input, which may be read-only or under version control.
type sideFile struct {
	source string // the file with the bad rows
	path   string // of the side file
	file   *os.File
	w      *bufio.Writer
}

func (s *sideFile) put(b Bad) error {
	err := s.open()
	if err == nil {
		enc := json.NewEncoder(s.w)
		enc.SetEscapeHTML(false)
		err = enc.Encode(b)
	}
	if err != nil {
		return fmt.Errorf("set a row of %s aside: %w", s.source, err)
	}
	return nil
}

func (s *sideFile) open() error {
	if s.file != nil {
		return nil
	}
	dir, err := sideFolder()
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(s.source)
	if err != nil {
		abs = s.source
	}
	sum := sha256.Sum256([]byte(abs)) // files of one name in several folders
	s.path = filepath.Join(dir, shortName(s.source)+"-"+hex.EncodeToString(sum[:4])+".jsonl")
	if s.file, err = os.CreateTemp(dir, ".bad-*.tmp"); err != nil {
		return err
	}
	s.w = bufio.NewWriter(s.file)
	return nil
}

// artefactName is what a run calls a side file.
const artefactName = "bad-rows"

// sideFolder is in the run's folder, or in the cache outside a run.
func sideFolder() (string, error) {
	if dir := experiment.Current().Dir(); dir != "" {
		return filepath.Join(dir, run.ArtefactDir, artefactName), nil
	}
	dir, err := machine.CacheDir()
	return filepath.Join(dir, artefactName), err
}

// close finishes the file and says where it is, "" if there were no bad rows.
func (s *sideFile) close() (string, error) {
	if s.file == nil {
		return "", nil
	}
	defer os.Remove(s.file.Name())
	err := errors.Join(s.w.Flush(), s.file.Chmod(0o644), s.file.Sync(), s.file.Close())
	if err == nil {
		err = durable.Rename(s.file.Name(), s.path)
	}
	if err != nil {
		return "", fmt.Errorf("set rows of %s aside in %s: %w", s.source, s.path, err)
	}
	if x := experiment.Current(); x.Dir() != "" {
		x.Artefact(artefactName+"/"+filepath.Base(s.path), "bad rows", s.path)
	}
	return s.path, nil
}
