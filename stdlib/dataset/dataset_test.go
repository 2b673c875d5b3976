package dataset

import (
	"path/filepath"
	"reflect"
	"testing"
)

func TestBuiltin(t *testing.T) {
	for _, c := range []struct {
		name string
		n    int
	}{{"tinyworld/pool", 2586}, {"tinyworld/eval", 600}} {
		s, err := Read(c.name)
		if err != nil || s.Len() != c.n || s.Bad != 0 || s.Name != filepath.Base(c.name) {
			t.Fatalf("%s: %+v, %v", c.name, s, err)
		}
		for i, r := range s.Rows {
			if r.Instruction == "" || r.Output == "" || r.Category == "" || r.Family == "" || r.Extra != nil {
				t.Fatalf("%s row %d: %+v", c.name, i+1, r)
			}
		}
	}
}

// roundTrip writes the set in every format and reads it back.
func roundTrip(t *testing.T, s *Set) {
	t.Helper()
	for _, name := range []string{"x.jsonl", "x.jsonl.gz", "x.ndjson.zst", "x.parquet"} {
		path := filepath.Join(t.TempDir(), "deep", name)
		if err := s.Write(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		back, err := Read(path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if back.Name != "x" || back.Bad != 0 || back.Hash() != s.Hash() {
			t.Errorf("%s: named %s, %d bad, hash %s, want %s", name, back.Name, back.Bad, back.Hash(), s.Hash())
		}
		for i := range s.Rows {
			if !reflect.DeepEqual(back.Rows[i], s.Rows[i]) {
				t.Fatalf("%s row %d: %#v, want %#v", name, i+1, back.Rows[i], s.Rows[i])
			}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	eval, err := Read("tinyworld/eval")
	if err != nil {
		t.Fatal(err)
	}
	roundTrip(t, eval)
	roundTrip(t, &Set{})
}
