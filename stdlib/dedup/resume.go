package dedup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"

	"cogumi/stdlib/experiment"
)

// In the work folder a file's sketch is saved in parts while the file is read:
// NAME-0000.sketch and so on. Each says from where to where in the file it goes,
// the last one that it is the last. A killed run goes on behind the last part
// that is there.
type parts struct {
	name  string // path without number and ending
	head  sketchHead
	count int
}

// partBytes is how much of a file goes into a part.
var partBytes int64 = 256 << 20

// savedParts is where the parts of a file are; nil where nothing is kept.
func (j *job) savedParts(s *source, h sketchHead) (*parts, error) {
	fi, err := os.Stat(s.path)
	if j.Work == "" || errors.Is(err, fs.ErrNotExist) { // built-in rows are read in no time
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("dedup: %w", err)
	}
	h.Bytes, h.Modified = fi.Size(), fi.ModTime().UnixNano()
	name, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(name)
	return &parts{name: filepath.Join(j.Work, hex.EncodeToString(sum[:12])), head: h}, nil
}

func (p *parts) path(n int) string { return fmt.Sprintf("%s-%04d.sketch", p.name, n) }

// load takes up the parts that are there: how far they go, and whether that is all.
func (p *parts) load(s *source) (upto int64, all bool, err error) {
	for ; !all; p.count++ {
		before := s.signatures.n
		k, err := loadSketch(p.path(p.count), s.signatures)
		if err != nil {
			if s.signatures.n != before {
				return 0, false, experiment.Hint(err, "Remove it; the file is read again then.")
			}
			return upto, false, nil // not there, or not whole
		}
		if k.head.From != upto {
			return 0, false, experiment.Hint(fmt.Errorf("read sketch %s: it begins at byte %d, not at %d", p.path(p.count), k.head.From, upto), "Empty the work folder.")
		}
		for i := range k.rows() {
			s.list.add(*k.row(i))
		}
		upto, all = k.head.Upto, k.head.Last
	}
	return upto, all, nil
}

// save writes the rows from the given one on as the next part.
func (p *parts) save(s *source, row int, from, upto int64, last bool) error {
	s.head = p.head
	s.head.From, s.head.Upto, s.head.Last = from, upto, last
	if err := s.sketch.save(p.path(p.count), row); err != nil {
		return fmt.Errorf("keep what was read of %s: %w", s.path, err)
	}
	p.count++
	return nil
}

// readOne sketches a file, from where a killed run has left off.
func (j *job) readOne(ctx context.Context, s *source) error {
	h := sketchHead{Source: s.path, Field: s.field, Quality: j.QualityField, Ngram: j.Ngram, Permutations: j.Permutations, Format: sketchFormat}
	p, err := j.savedParts(s, h)
	if err != nil {
		return err
	}
	s.sketch = newSketch(h, j.signatures)
	upto, all := int64(0), false
	if p != nil {
		if upto, all, err = p.load(s); err != nil {
			return err
		}
	}
	bar := experiment.Current().Progress("read "+filepath.Base(s.path), "rows", 0)
	defer bar.Done()
	bar.Add(s.rows())
	for i := range s.rows() {
		if s.row(i).length < 0 {
			s.bad = append(s.bad, badLine{i, ""}) // why is seen again when it is told
		}
	}
	from, row := upto, s.rows()
	if !all {
		err = s.read(ctx, upto, func(rows int, end int64) error {
			bar.Add(rows)
			upto = end
			n := s.base + s.rows()
			if err := j.fits(n); err != nil {
				return err
			}
			debug.SetGCPercent(slackPercent(n))
			if p == nil || end-from < partBytes {
				return nil
			}
			err := p.save(s, row, from, end, false)
			from, row = end, s.rows()
			return err
		})
	}
	if err == nil {
		err = s.anyText()
	}
	if err == nil && p != nil && !all {
		err = p.save(s, row, from, upto, true)
	}
	return err
}
