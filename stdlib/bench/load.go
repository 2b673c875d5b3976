package bench

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"path/filepath"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// loader reads a benchmark's files and looks at them.
type loader struct {
	run    *experiment.Run
	dir    string
	shots  int
	limit  int // items of each task; 0: all
	read   []string
	checks []run.Check
}

// known is a file as it was published.
type known struct {
	name string // "the test set of GSM8K"
	rows int
	hash string // contentHash of its rows
}

// file finds a file. k says what it should be.
func (l *loader) file(folder string, k known, names ...string) (string, error) {
	path, err := find(l.dir, folder, names...)
	if err != nil && k.name != "" {
		err = fmt.Errorf("%s: %w", k.name, err)
	}
	if err == nil {
		l.read = append(l.read, path)
	}
	return path, err
}

// check compares a file with the published one: another number of rows is an
// error, the same number with another content a warning. Files that hold the rows
// of another benchmark are named as such.
func (l *loader) check(path string, k known, rows int, texts []string) error {
	c := run.Check{Topic: "bench", Name: filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path), Outcome: "ok", N: rows, Of: k.rows}
	switch {
	case rows != k.rows:
		err := fmt.Errorf("%s has %d rows, %s has %d", path, rows, k.name, k.rows)
		hint := "a score over other items cannot be compared: get the whole file, and use --limit for a part"
		if id, err := Identify(path); err == nil && id.Name != "" {
			hint = fmt.Sprintf("%d of its %d rows are those of %s", id.Known, id.Rows, id.Name)
		}
		return experiment.WithCode(experiment.Hint(err, hint), 3)
	case contentHash(texts) != k.hash:
		c.Outcome = "warn"
		c.Text = fmt.Sprintf("%s has as many rows as %s, but not the same content: scores may differ from published ones.", path, k.name)
		if id, err := Identify(path); err == nil && id.Name != "" {
			c.Text += fmt.Sprintf(" %d of its %d rows are those of %s.", id.Known, id.Rows, id.Name)
		}
	default:
		c.Text = fmt.Sprintf("This is %s: %d rows, content %s.", k.name, k.rows, k.hash[:12])
	}
	l.checks = append(l.checks, c)
	return nil
}

// contentHash is over texts and their lengths: how the file spells its JSON, and
// whether it is packed, does not matter.
func contentHash(texts []string) string {
	h := sha256.New()
	for _, t := range texts {
		var n [8]byte
		binary.LittleEndian.PutUint64(n[:], uint64(len(t)))
		h.Write(n[:])
		h.Write([]byte(t))
	}
	return hex.EncodeToString(h.Sum(nil))
}
