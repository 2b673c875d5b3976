package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"cogumi/stdlib/experiment"

	"github.com/parquet-go/parquet-go"
)

// parquetRows reads any schema. The library may panic on damaged files; panics
// of take go on.
func (in *input) parquetRows(take func(*parsed) error) (err error) {
	row, ours := 0, false
	defer func() {
		if ours {
			return
		}
		if p := recover(); p != nil {
			err = in.cutOff(row, "row", fmt.Errorf("%v", p))
		}
	}()
	give := take
	take = func(r *parsed) error {
		ours = true
		err := give(r)
		ours = false
		return err
	}
	file, err := openParquet(in.at, in.size)
	if err != nil {
		return in.cutOff(0, "row", err)
	}
	t, err := newTree(file.Root())
	if err != nil {
		return fmt.Errorf("read %s: %w", in.path, err)
	}
	t.names = in.names
	for _, group := range file.RowGroups() {
		if group.NumRows() == 0 {
			continue // its columns may have no pages to look for
		}
		if row, err = in.parquetGroup(t, group, row, take); err != nil {
			return err
		}
	}
	if int64(row) != file.NumRows() {
		return in.cutOff(row, "row", fmt.Errorf("it has %d rows by its own count", file.NumRows()))
	}
	return nil
}

// openOptions leave away what only helps to skip rows.
var openOptions = []parquet.FileOption{parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true)}

// openParquet opens a file of which everything that can be read is read right.
func openParquet(r io.ReaderAt, size int64) (*parquet.File, error) {
	// The library would make room for whatever length the last bytes claim.
	var end [8]byte
	if size < 12 {
		return nil, errors.New("too short for a Parquet file")
	}
	if _, err := r.ReadAt(end[:], size-8); err != nil {
		return nil, err
	}
	if footer := int64(binary.LittleEndian.Uint32(end[:])); footer > size-12 {
		return nil, fmt.Errorf("its footer has %d bytes, the file %d", footer, size)
	}
	file, err := parquet.OpenFile(r, size, openOptions...)
	if err != nil {
		return nil, err
	}
	return mend(r, size, file)
}

// parquetGroup reads the rows of one row group; row counts those before it.
func (in *input) parquetGroup(t *tree, group parquet.RowGroup, row int, take func(*parsed) error) (int, error) {
	rows := group.Rows()
	defer rows.Close()
	ctx := experiment.Current().Context()
	buffer := make([]parquet.Row, 64)
	for {
		n, err := rows.ReadRows(buffer)
		for _, values := range buffer[:n] {
			row++
			r, bad := t.parse(values, row)
			if bad != nil {
				return row, in.cutOff(row-1, "row", bad)
			}
			if err := take(&r); err != nil {
				return row, err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return row, nil
		case err != nil:
			return row, in.cutOff(row, "row", err)
		case n == 0:
			return row, in.cutOff(row, "row", io.ErrNoProgress)
		case ctx.Err() != nil:
			return row, fmt.Errorf("read %s: %w", in.path, ctx.Err())
		}
	}
}

// parse makes a row of a record. The values belong to the reader and are copied.
func (t *tree) parse(values parquet.Row, number int) (parsed, error) {
	m, err := t.record(values)
	var p *problem
	var r Row
	if errors.Is(err, errNoUTF8) {
		p = &problem{kind: badUTF8, why: err.Error()}
	} else if err != nil {
		return parsed{}, err
	} else {
		t.names.rename(m)
		r, p = fromRecord(m)
	}
	if p == nil {
		return parsed{row: r, line: number}, nil
	}
	raw := []byte(fmt.Sprintf("%+v", values))
	if m, err := t.record(values); err == nil { // once more: fromRecord took the fields out
		raw, _ = appendValue(nil, m, true)
	}
	return parsed{p: p, line: number, raw: raw, size: len(raw)}, nil
}
