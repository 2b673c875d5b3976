package dataset

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"cogumi/stdlib/experiment"

	"github.com/parquet-go/parquet-go"
)

// Columns are what a Parquet file needs to hold rows that are not all in memory.
// The zero value holds none.
type Columns struct{ kinds map[string]columnKind }

// Add makes room for what a row has.
func (c *Columns) Add(r *Row) {
	for _, f := range r.fields() {
		c.widen(f.name, kindOf(f.value))
	}
}

// Merge makes room for what rows of others have.
func (c *Columns) Merge(o Columns) {
	for name, kind := range o.kinds {
		c.widen(name, kind)
	}
}

func (c *Columns) widen(name string, kind columnKind) {
	if c.kinds == nil {
		c.kinds = map[string]columnKind{}
	}
	was, known := c.kinds[name]
	if !known || was != kind {
		c.kinds[name] = both(was, kind)
	}
}

// kindNames are how columns are kept between runs.
var kindNames = []string{"none", "text", "bool", "int", "long", "float", "messages", "json"}

// MarshalJSON gives {"name": "kind"}.
func (c Columns) MarshalJSON() ([]byte, error) {
	out := make(map[string]string, len(c.kinds))
	for name, kind := range c.kinds {
		out[name] = kindNames[kind]
	}
	return json.Marshal(out)
}

// UnmarshalJSON reads what MarshalJSON gave.
func (c *Columns) UnmarshalJSON(b []byte) error {
	var in map[string]string
	if err := json.Unmarshal(b, &in); err != nil {
		return err
	}
	for name, text := range in {
		known := false
		for kind, k := range kindNames {
			if k == text {
				c.widen(name, columnKind(kind))
				known = true
			}
		}
		if !known {
			return fmt.Errorf("the column %q is of the kind %q, which nobody knows", name, text)
		}
	}
	return nil
}

// WriteStream writes the rows that rows puts, one after another and without holding
// them, as Set.Write does. Columns must have room for them if the file is Parquet; a
// row that does not fit is an error.
func WriteStream(path string, c *Columns, rows func(put func(*Row) error) error) error {
	return writeAs(path, func(w io.Writer, f fileFormat) error {
		if f.shape == shapeParquet {
			return streamParquet(w, c.list(), rows)
		}
		return streamLines(w, f.pack, rows)
	})
}

func streamParquet(w io.Writer, columns []column, rows func(put func(*Row) error) error) error {
	n, err := encodeRows(w, columns, rows)
	if err != nil {
		return err
	}
	return readBack(w, n)
}

func encodeRows(w io.Writer, columns []column, rows func(put func(*Row) error) error) (n int, err error) {
	ours := false // the library may panic, those who put rows do so on their own
	defer func() {
		if !ours {
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("parquet: %v", p)
		}
	}()
	for _, c := range columns {
		if c.name == "" || !utf8.ValidString(c.name) {
			return 0, fmt.Errorf("no column named %q in Parquet: write JSONL, or rename the field", c.name)
		}
	}
	ours = true
	out := parquet.NewWriter(w, schema(columns), parquet.Compression(&parquet.Zstd),
		parquet.MaxRowsPerRowGroup(rowsPerGroup), parquet.CreatedBy("cogumi", "1", ""))
	ctx := experiment.Current().Context()
	put := func(r *Row) error {
		n++
		ours = true
		values, err := r.values(columns)
		if err == nil {
			_, err = out.WriteRows([]parquet.Row{values})
		}
		ours = false
		if err == nil && n%hashBlock == 0 {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		return nil
	}
	ours = false
	if err := rows(put); err != nil {
		return n, err
	}
	ours = true
	return n, out.Close()
}

func streamLines(w io.Writer, pack string, rows func(put func(*Row) error) error) error {
	packed, err := packer(w, pack)
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(packed, 256<<10)
	ctx := experiment.Current().Context()
	var line []byte
	n := 0
	err = rows(func(r *Row) (err error) {
		n++
		if line, err = r.append(line[:0], false); err == nil {
			line = append(line, '\n')
			_, err = out.Write(line)
		}
		if err != nil {
			return fmt.Errorf("row %d: %w", n, err)
		}
		if n%hashBlock == 0 {
			return ctx.Err()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return packed.Close()
}
