package dedup

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"cogumi/stdlib/dedup/minhash"
)

// badLine is a row that cannot be read.
type badLine struct {
	row int
	why string // empty for one that an earlier run has seen
}

// why says what is wrong with a row.
func (s *source) why(b badLine) string {
	if b.why != "" {
		return b.why
	}
	r := reader{field: s.head.Field, quality: s.head.Quality, signer: newSigner(s.head.Ngram, minhash.New(s.head.Permutations)), signature: make([]byte, s.head.Permutations)}
	line := make([]byte, s.row(b.row).size)
	if _, err := s.file.ReadAt(line, s.row(b.row).at); err != nil {
		return err.Error()
	}
	if _, err := r.line(line); err != nil {
		return err.Error()
	}
	return "it could not be read"
}

// setAside is an unreadable row in the file of those.
type setAside struct {
	File string `json:"file"`
	Line int    `json:"line"` // from 1; in a file that is not made of lines: the row
	Row  int    `json:"row"`  // from 0, over all files
	Why  string `json:"why"`
	Text string `json:"text"` // how it begins
}

// beginning is how much of an unreadable row is shown.
const beginning = 200

// badRows gives every unreadable row, with its place.
func (j *job) badRows(take func(setAside) error) error {
	for k, s := range j.sources[j.index:] {
		lines, err := s.lineNumbers()
		if err != nil {
			return err
		}
		for i, b := range s.bad {
			text := make([]byte, min(beginning, int(s.row(b.row).size)))
			if _, err := s.file.ReadAt(text, s.row(b.row).at); err != nil {
				return err
			}
			row := setAside{File: s.path, Line: lines[i], Row: j.first[j.index+k] - j.indexRows() + b.row, Why: s.why(b), Text: string(text)}
			if err := take(row); err != nil {
				return err
			}
		}
	}
	return nil
}

// lineNumbers are the lines of the unreadable rows, counted from 1.
func (s *source) lineNumbers() ([]int, error) {
	lines := make([]int, len(s.bad))
	if len(lines) == 0 {
		return nil, nil
	}
	r := bufio.NewReaderSize(io.NewSectionReader(s.file, 0, 1<<62), 1<<20)
	at, line := int64(0), 1
	for i, b := range s.bad {
		for ; at < s.row(b.row).at; at++ {
			c, err := r.ReadByte()
			if err != nil {
				return nil, err
			}
			if c == '\n' {
				line++
			}
		}
		lines[i] = line
	}
	return lines, nil
}

// badLines writes them as JSON lines.
func (j *job) badLines(take func([]byte) error) error {
	return j.badRows(func(row setAside) error {
		b, err := json.Marshal(row)
		if err != nil {
			return err
		}
		return take(b)
	})
}

// firstBad are the first few, as the run shows them.
func (j *job) firstBad(n int) (list []string, err error) {
	err = j.badRows(func(row setAside) error {
		if len(list) < n {
			list = append(list, fmt.Sprintf("%s:%d: %s", row.File, row.Line, row.Why))
		}
		return nil
	})
	return list, err
}
