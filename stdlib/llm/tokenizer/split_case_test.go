package tokenizer

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// Texts are cut where Hugging Face's library cuts them (testdata/splits.py).
func TestTekkenSplits(t *testing.T) {
	b, err := os.ReadFile("testdata/tekken.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][2]json.RawMessage
	if err := json.Unmarshal(b, &rows); err != nil || len(rows) < 400 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, row := range rows {
		var text string
		var want, got []int
		if err := json.Unmarshal(row[0], &text); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(row[1], &want); err != nil {
			t.Fatal(err)
		}
		for rest := text; rest != ""; {
			n := tekkenWord(rest)
			got, rest = append(got, n), rest[n:]
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+q: %v, want %v", text, got, want)
		}
	}
}
