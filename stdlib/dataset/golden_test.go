package dataset

import (
	"encoding/json"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"cogumi/kernels/golden"

	"github.com/parquet-go/parquet-go"
)

// TestParquetOfPyarrow: the usual training rows, as another program writes them,
// are the rows of the same file in JSONL.
func TestParquetOfPyarrow(t *testing.T) {
	dir := golden.Dir(t, "golden/parquet")
	want, err := Read(filepath.Join(dir, "chat-hf-style.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(filepath.Join(dir, "chat-hf-style.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Len() == 0 || got.Len() != want.Len() || got.Bad+want.Bad != 0 {
		t.Fatalf("%d rows (%d bad), want %d", got.Len(), got.Bad, want.Len())
	}
	for i := range want.Rows {
		if len(want.Rows[i].Messages) == 0 || !reflect.DeepEqual(got.Rows[i], want.Rows[i]) {
			t.Errorf("row %d: %+v, want %+v", i+1, got.Rows[i], want.Rows[i])
		}
	}
	if got.Hash() != want.Hash() {
		t.Error("another hash")
	}
}

// TestParquetCodecs: 300 rows of every kind of column, in every codec and
// encoding, have the values of the recorded rows.
func TestParquetCodecs(t *testing.T) {
	dir := golden.Dir(t, "golden/parquet")
	text, err := os.ReadFile(filepath.Join(dir, "rows.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var want []map[string]any
	for line := range strings.Lines(string(text)) {
		m, p := parseObject([]byte(strings.TrimRight(line, "\n")))
		if p != nil {
			t.Fatal(p)
		}
		want = append(want, m)
	}
	for _, name := range []string{"snappy", "zstd-v2pages", "gzip-plain", "none-delta", "lz4-smallpages", "brotli", "ts-int96"} {
		file, err := os.Open(filepath.Join(dir, name+".parquet"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		fi, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		if got := compareRecords(t, name, file, fi.Size(), want); got != 300 || len(want) != 300 {
			t.Errorf("%s: %d rows, want %d", name, got, len(want))
		}
		good, bad := 0, 0
		err = Each(file.Name(), func(Row) error { good++; return nil }, func(b Bad) { bad++ })
		if err != nil || good+bad != 300 || good != 195 {
			t.Errorf("%s: %d good and %d bad rows, %v", name, good, bad, err)
		}
	}
}

// compareRecords compares every field of every record and counts them.
func compareRecords(t *testing.T, name string, r io.ReaderAt, size int64, want []map[string]any) (n int) {
	t.Helper()
	file, err := openParquet(r, size)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	tr, err := newTree(file.Root())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, group := range file.RowGroups() {
		rows := group.Rows()
		buffer := make([]parquet.Row, 7)
		for {
			k, err := rows.ReadRows(buffer)
			for _, values := range buffer[:k] {
				got, err := tr.record(values)
				if err != nil {
					t.Fatalf("%s row %d: %v", name, n+1, err)
				}
				for field, v := range want[n] {
					if name == "ts-int96" && field == "ts_ms_utc" { // the type has no zone
						v = strings.TrimSuffix(v.(string), "+00:00")
					}
					if f, ok := got[field].(float64); ok && math.IsInf(f, 0) {
						got[field] = map[bool]string{true: "inf", false: "-inf"}[f > 0]
					}
					if !reflect.DeepEqual(got[field], v) {
						t.Errorf("%s row %d %s: %#v, want %#v", name, n+1, field, got[field], v)
					}
				}
				if len(got) != len(want[n]) {
					t.Errorf("%s row %d: %d fields, want %d", name, n+1, len(got), len(want[n]))
				}
				n++
			}
			if err == io.EOF {
				break
			}
			if err != nil || t.Failed() {
				t.Fatalf("%s row %d: %v", name, n, err)
			}
		}
		rows.Close()
	}
	return n
}

// TestParquetEdges: no rows is no error, cells of 200 KB are whole.
func TestParquetEdges(t *testing.T) {
	dir := golden.Dir(t, "golden/parquet")
	empty, err := Read(filepath.Join(dir, "empty.parquet"))
	if err != nil || empty.Len() != 0 || empty.Bad != 0 {
		t.Errorf("no rows: %+v, %v", empty, err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "big-strings.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []struct {
		Bytes, Runes *int
		Head         string
	}
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	var got []string
	take := func(r Row) error { got = append(got, r.Output); return nil }
	err = Each(filepath.Join(dir, "big-strings.parquet"), take, func(b Bad) { got = append(got, "") })
	if err != nil || len(got) != len(want) || len(got) == 0 {
		t.Fatalf("big cells: %d rows, want %d, %v", len(got), len(want), err)
	}
	for i, w := range want {
		if w.Bytes != nil && (len(got[i]) != *w.Bytes || utf8.RuneCountInString(got[i]) != *w.Runes || !strings.HasPrefix(got[i], w.Head)) {
			t.Errorf("row %d: %d bytes %.20q, want %+v", i+1, len(got[i]), got[i], w)
		}
	}
}
