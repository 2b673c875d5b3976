package curate

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment/experimenttest"
)

// readers reads a file with pyarrow, DuckDB and Hugging Face datasets, and says of
// each how many rows it has, the columns, and one row as JSON.
const readers = `
import json, sys
import duckdb, pyarrow.parquet
from datasets import load_dataset, disable_progress_bars
disable_progress_bars()
path, at, cache = sys.argv[1], int(sys.argv[2]), sys.argv[3]
t = pyarrow.parquet.read_table(path)
d = duckdb.connect()
h = load_dataset("parquet", data_files=path, split="train", cache_dir=cache)
columns = [r[0] for r in d.execute("describe select * from read_parquet(?)", [path]).fetchall()]
row = dict(zip(columns, d.execute("select * from read_parquet(?) limit 1 offset %d" % at, [path]).fetchone()))
kinds = d.execute("select source, count(*) from read_parquet(?) group by source order by source", [path]).fetchall()
print(json.dumps([
  {"rows": t.num_rows, "columns": t.column_names, "row": t.slice(at, 1).to_pylist()[0]},
  {"rows": d.execute("select count(*) from read_parquet(?)", [path]).fetchone()[0], "columns": columns, "row": row},
  {"rows": h.num_rows, "columns": h.column_names, "row": h[at]},
  {"sources": kinds}]))
`

// TestPeerReaders: pyarrow, DuckDB and datasets read what we write, with the same
// values, chats and attributes included. It runs where COGUMI_PEER_PYTHON names a
// Python that has them.
func TestPeerReaders(t *testing.T) {
	python := os.Getenv("COGUMI_PEER_PYTHON")
	if python == "" {
		t.Skip("COGUMI_PEER_PYTHON names no Python with pyarrow, duckdb and datasets")
	}
	experimenttest.Start(t)
	chats := []any{}
	for i := range 5 {
		chats = append(chats, m{"messages": []m{{"role": "user", "content": prose(500+i, 12)}, {"role": "assistant", "content": "Größe: " + prose(600+i, 30)}}, "id": i, "score": 0.5 * float64(i), "tags": []string{"a", "b"}})
	}
	specs := append(raw(t), "chats="+write(t, filepath.Join(t.TempDir(), "chats.jsonl"), chats...))
	rows := curated(t, specs)
	dir := t.TempDir()
	path := filepath.Join(dir, "out.parquet")
	if err := rows.Write(path); err != nil {
		t.Fatal(err)
	}
	script := filepath.Join(dir, "read.py")
	if err := os.WriteFile(script, []byte(readers), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, script, path, "10", filepath.Join(dir, "cache"))
	cmd.Env = append(os.Environ(), "HF_HOME="+filepath.Join(dir, "hf"), "HF_HUB_OFFLINE=1", "HF_DATASETS_OFFLINE=1")
	out, err := cmd.Output()
	if err != nil {
		if e, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v: %s", err, e.Stderr)
		}
		t.Fatal(err)
	}
	var got []struct {
		Rows    int
		Columns []string
		Row     struct {
			Messages []dataset.Message
			Source   string
			Tokens   float64
			Language string
			ID       float64
			Score    float64
		}
		Sources [][]any
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	set, err := dataset.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := set.Rows[10]
	for i, reader := range []string{"pyarrow", "DuckDB", "datasets"} {
		g := got[i]
		if g.Rows != set.Len() || set.Len() != 13 || !reflect.DeepEqual(g.Columns, got[0].Columns) {
			t.Errorf("%s: %d rows of %d, columns %v", reader, g.Rows, set.Len(), g.Columns)
		}
		if r := g.Row; !reflect.DeepEqual(r.Messages, want.Messages) || len(r.Messages) != 2 || r.Source != "chats" || r.Language != want.Extra["language"] || r.Tokens != want.Extra["tokens"] || r.ID != 2 || r.Score != 1 {
			t.Errorf("%s: %+v, want %+v", reader, r, want)
		}
	}
	if s := got[3].Sources; !reflect.DeepEqual(s, [][]any{{"chats", 5.0}, {"first", 2.0}, {"second", 6.0}}) {
		t.Errorf("%v", s)
	}
}
