package dataset

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// mendRow has a column of each kind that is mended.
type mendRow struct {
	Instruction string `parquet:"instruction"`
	OK          *bool  `parquet:"ok,optional"`
	Flags       []bool `parquet:"flags,list"`
}

// mendRows are rows whose texts hardly shrink and whose flags come in runs.
func mendRows(n int) []mendRow {
	random := rand.New(rand.NewPCG(5, 6))
	var rows []mendRow
	ok := false
	for i := range n {
		if random.IntN(11) == 0 {
			ok = !ok
		}
		var text strings.Builder
		for range 1 + random.IntN(40) {
			text.WriteByte(byte(33 + random.IntN(90)))
		}
		now := ok
		r := mendRow{Instruction: text.String(), OK: &now}
		if i%7 == 0 {
			r.OK = nil
		}
		for range random.IntN(20) {
			r.Flags = append(r.Flags, ok)
		}
		rows = append(rows, r)
	}
	return rows
}

// suspectFile is a file of a kind that is mended before it is read.
func suspectFile(t testing.TB, kind string) []byte {
	t.Helper()
	options := []parquet.WriterOption{parquet.Compression(&parquet.Lz4Raw), parquet.PageBufferSize(500)}
	switch kind {
	case "lz4 v1":
		options = append(options, parquet.DataPageVersion(1))
	case "booleans":
		options = []parquet.WriterOption{parquet.DefaultEncodingFor(parquet.Boolean, &parquet.RLE)}
	case "booleans v1":
		options = []parquet.WriterOption{parquet.DefaultEncodingFor(parquet.Boolean, &parquet.RLE), parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)}
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, mendRows(60), options...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestMend: what is in such files comes out of them.
func TestMend(t *testing.T) {
	want := mendRows(60)
	for _, kind := range []string{"lz4", "lz4 v1", "booleans", "booleans v1"} {
		b := suspectFile(t, kind)
		in := &input{path: kind, at: bytes.NewReader(b), size: int64(len(b))}
		var got []Row
		err := in.parquetRows(func(r *parsed) error { got = append(got, r.row); return nil })
		if err != nil || len(got) != len(want) {
			t.Fatalf("%s: %d rows, %v", kind, len(got), err)
		}
		for i, w := range want {
			extra := map[string]any{"flags": []any{}}
			for _, f := range w.Flags {
				extra["flags"] = append(extra["flags"].([]any), f)
			}
			if w.OK != nil {
				extra["ok"] = *w.OK
			}
			if got[i].Instruction != w.Instruction || !reflect.DeepEqual(got[i].Extra, extra) {
				t.Errorf("%s row %d: %+v, want %+v", kind, i+1, got[i], w)
			}
		}
	}
}

// TestPlainBooleans: runs of any length, groups of eight, nonsense.
func TestPlainBooleans(t *testing.T) {
	for _, c := range []struct {
		in    []byte // behind the length
		limit int
		want  []byte
		bad   bool
	}{
		{[]byte{3 << 1, 1}, 3, []byte{0b111}, false},
		{[]byte{3 << 1, 1, 2 << 1, 0, 4 << 1, 1}, 9, []byte{0b11100111, 0b1}, false},
		{[]byte{3 << 1, 1, 1<<1 | 1, 0b10101010}, 11, []byte{0b01010111, 0b101}, false},
		{[]byte{0 << 1, 1 << 1, 1}, 1, []byte{1}, false},
		{[]byte{0xff, 0xff, 0xff, 0xff, 0x0f << 0, 1}, 5, []byte{0b00001}, false}, // a huge group: only what is there
		{[]byte{0xfe, 0xff, 0xff, 0xff, 0x0f, 1}, 5, []byte{0b11111}, false},      // a huge run: only what can be
		{nil, 5, nil, false},
		{[]byte{3 << 1}, 5, nil, true},
		{[]byte{0xff}, 5, nil, true},
	} {
		b := append(binary.LittleEndian.AppendUint32(nil, uint32(len(c.in))), c.in...)
		got, err := plainBooleans(b, c.limit)
		if (err != nil) != c.bad || !c.bad && !bytes.Equal(got, c.want) {
			t.Errorf("%v: %08b, %v, want %08b", c.in, got, err, c.want)
		}
	}
	for _, b := range [][]byte{nil, {1}, {9, 0, 0, 0, 2}, {0xff, 0xff, 0xff, 0xff}} {
		if _, err := plainBooleans(b, 5); err == nil {
			t.Errorf("%v has a length", b)
		}
	}
}

// TestFooterIsBounded: a damaged length costs no memory.
func TestFooterIsBounded(t *testing.T) {
	b := suspectFile(t, "booleans")
	binary.LittleEndian.PutUint32(b[len(b)-8:], 0xf5000000)
	if _, err := openParquet(bytes.NewReader(b), int64(len(b))); err == nil || !strings.Contains(err.Error(), "footer") {
		t.Errorf("error %v", err)
	}
}

// FuzzParquetRows: rows of JSON lines survive a Parquet file as they are.
func FuzzParquetRows(f *testing.F) {
	f.Add([]byte("{\"instruction\":\"a\",\"output\":\"b\",\"n\":1}\n{\"instruction\":\"c\",\"n\":1.5,\"id\":9007199254740993}\n{\"question\":\"d\",\"n\":-0.0,\"mixed\":true}"))
	f.Add([]byte("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"tags\":[\"a\",null]}\n{\"instruction\":\"x\",\"tags\":\"plain\",\"mixed\":1}"))
	f.Add([]byte("{\"messages\":[{\"role\":\"user\",\"content\":\"hi\",\"name\":\"me\"},{\"role\":\"assistant\",\"content\":\"\"}]}\n{\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"))
	f.Add([]byte("{\"instruction\":\"a\",\"failure_type\":\"loss\",\"metadata\":{\"a\":{\"b\":[]}},\"a.b\":1,\"\":2,\"List\":[[]]}\n{\"text\":\"t\",\"metadata\":3}"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		s := &Set{}
		for line := range bytes.Lines(lines) {
			if r, err := ParseRow(bytes.TrimSpace(line)); err == nil {
				s.Rows = append(s.Rows, r)
			}
		}
		var b bytes.Buffer
		if err := s.encodeParquet(&b); err != nil {
			if strings.Contains(err.Error(), "no column named") {
				return
			}
			t.Fatal(err)
		}
		back := &Set{}
		in := &input{path: "x.parquet", at: bytes.NewReader(b.Bytes()), size: int64(b.Len())}
		err := in.parquetRows(func(r *parsed) error {
			if r.p != nil {
				t.Errorf("row %d: %+v", r.line, r.p)
			}
			back.Rows = append(back.Rows, r.row)
			return nil
		})
		if err != nil || len(back.Rows) != len(s.Rows) || back.Hash() != s.Hash() {
			t.Fatalf("%+v, want %+v, %v", back.Rows, s.Rows, err)
		}
	})
}
