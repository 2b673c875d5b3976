package dataset

import (
	"errors"
	"runtime"

	"cogumi/stdlib/experiment"
)

// maxLine is the longest line that is read as a row.
const maxLine = 64 << 20

// Read reads all rows of a file, or of the built-in "tinyworld/pool" and
// "tinyworld/eval". The name says the format: .jsonl, .ndjson, .json (each also
// packed, .gz or .zst) and .parquet.
//
// Rows that cannot be used are set aside: see Set.Bad and Set.Side. It is an
// error if no row can be used, if the file is cut off, and if the path is a
// folder or has an unknown extension.
func Read(path string) (*Set, error) {
	set := &Set{Name: shortName(path), Path: path}
	t, side, err := each(path, maxLine, func(r Row) error {
		set.Rows = append(set.Rows, r)
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	set.Bad, set.Side = t.bad, side
	return set, nil
}

// MustRead is Read that ends the run when it fails.
func MustRead(path string) *Set {
	set, err := Read(path)
	if err != nil {
		experiment.Stop(err)
	}
	return set
}

// Each calls fn with every good row in order and bad with every other, without
// holding the file in memory. An error of fn ends the reading and is returned.
// With bad nil the others are set aside and reported as Read does.
func Each(path string, fn func(Row) error, bad func(Bad)) error {
	return EachAs(path, nil, fn, bad)
}

// EachAs is Each for a file whose fields have names of its own.
func EachAs(path string, names Names, fn func(Row) error, bad func(Bad)) error {
	_, _, err := eachAs(path, names, maxLine, fn, bad)
	return err
}

// ParseRow reads one line of JSONL.
func ParseRow(line []byte) (Row, error) {
	r := parseLine(line, 1, nil)
	if r.p != nil {
		return Row{}, errors.New(r.p.kind + ": " + r.p.why)
	}
	return r.row, nil
}

// parsed is a row or why it is none.
type parsed struct {
	row  Row
	p    *problem
	line int    // from 1
	raw  []byte // of a bad row: its text or the head of it
	size int    // bytes of the whole row, if it is bad
}

// parseLine makes a row of one line of JSON.
func parseLine(line []byte, number int, names Names) parsed {
	m, p := parseObject(line)
	var r Row
	if p == nil {
		names.rename(m)
		r, p = fromRecord(m)
	}
	if p != nil {
		return parsed{p: p, line: number, raw: line, size: len(line)}
	}
	return parsed{row: r, line: number}
}

// each reads the file; side is the file with its bad rows, "" if there is none.
func each(path string, limit int, fn func(Row) error, bad func(Bad)) (t *tally, side string, err error) {
	return eachAs(path, nil, limit, fn, bad)
}

func eachAs(path string, names Names, limit int, fn func(Row) error, bad func(Bad)) (t *tally, side string, err error) {
	in, err := open(path)
	if err != nil {
		return nil, "", err
	}
	defer in.Close()
	in.names = names
	aside := &sideFile{source: path}
	t = newTally(path, aside.put)
	if bad != nil {
		t.put = func(b Bad) error { bad(b); return nil }
	}
	err = in.rows(limit, t, fn)
	side, closed := aside.close()
	if err == nil {
		err = closed
	}
	if err == nil {
		err = t.onlyBad(side)
	}
	if err == nil && bad == nil {
		t.report(side)
	}
	return t, side, err
}

// rows counts every row of the file in order and gives the good ones to fn.
func (in *input) rows(limit int, t *tally, fn func(Row) error) error {
	count := func() {}
	if in.size > 32<<20 {
		bar := experiment.Current().Progress("read "+shortName(in.path), "rows", 0)
		count = func() { bar.Add(1) }
		defer bar.Done()
	}
	take := func(r *parsed) error {
		count()
		if r.p != nil {
			return t.add(r)
		}
		t.good++
		return fn(r.row)
	}
	list, err := in.isList()
	switch {
	case err != nil:
		return err
	case in.format.shape == shapeParquet:
		t.unit = "row"
		return in.parquetRows(take)
	case list:
		t.unit = "row"
		return in.listRows(take)
	}
	l := &lines{in: in, limit: limit}
	return l.each(runtime.GOMAXPROCS(0), take)
}
