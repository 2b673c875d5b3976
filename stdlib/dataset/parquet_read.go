package dataset

import (
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
	file, err := parquet.OpenFile(in.file, in.size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return in.cutOff(0, "row", err)
	}
	t, err := newTree(file.Root())
	if err != nil {
		return fmt.Errorf("read %s: %w", in.path, err)
	}
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
