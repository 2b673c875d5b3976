package tokenizer

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
)

var recorded = []string{"tiny", "llama3-pattern", "smollm2", "qwen-pattern"}

// load reads a recorded tokenizer, once per test binary.
func load(t testing.TB, name string) *Tokenizer {
	t.Helper()
	path := "models/tiny/tokenizer.json"
	if name != "tiny" {
		path = "golden/tokenizer/" + name + "/tokenizer.json"
	}
	if tok := loaded[name]; tok != nil {
		return tok
	}
	b, err := os.ReadFile(golden.Dir(t, path))
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	loaded[name] = tok
	return tok
}

var loaded = map[string]*Tokenizer{}

// rows reads a file of JSON lines; it fails where there are fewer than least.
func rows[T any](t testing.TB, path string, least int) []T {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []T
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var row T
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	if s.Err() != nil || len(out) < least {
		t.Fatalf("%s: %d rows, %v", path, len(out), s.Err())
	}
	return out
}

type encodeRow struct {
	Text        string
	IDs         []int32
	WithSpecial []int32 `json:"ids_add_special"`
	AsText      []int32 `json:"ids_special_as_text"`
	Decoded     string
	Skipped     *string `json:"decoded_skip_special"`
}

type decodeRow struct {
	IDs     []int32
	Decoded string
	Skipped string `json:"decoded_skip_special"`
	What    string
}

func TestEncodeGolden(t *testing.T) {
	for _, name := range recorded {
		t.Run(name, func(t *testing.T) {
			dir := golden.Dir(t, "golden/tokenizer/"+name)
			tok := load(t, name)
			for i, row := range rows[encodeRow](t, filepath.Join(dir, "encode.jsonl"), 500) {
				if row.WithSpecial == nil {
					row.WithSpecial = row.IDs
				}
				if row.AsText == nil {
					row.AsText = row.IDs
				}
				for o, want := range map[Options][]int32{
					{}: row.IDs, {AddSpecial: true}: row.WithSpecial, {SpecialAsText: true}: row.AsText,
				} {
					if got := tok.Encode(row.Text, o); !slices.Equal(got, want) {
						t.Errorf("row %d, %+v: %+q\ngot  %v\nwant %v", i, o, row.Text, got, want)
					}
				}
				skipped := row.Decoded
				if row.Skipped != nil {
					skipped = *row.Skipped
				}
				compareDecoded(t, tok, row.IDs, row.Decoded, skipped)
			}
		})
	}
}

func TestDecodeGolden(t *testing.T) {
	for _, name := range recorded {
		t.Run(name, func(t *testing.T) {
			dir := golden.Dir(t, "golden/tokenizer/"+name)
			tok := load(t, name)
			for _, row := range rows[decodeRow](t, filepath.Join(dir, "decode.jsonl"), 130) {
				compareDecoded(t, tok, row.IDs, row.Decoded, row.Skipped)
			}
		})
	}
}

// compareDecoded decodes at once and as a stream, with specials and without.
func compareDecoded(t *testing.T, tok *Tokenizer, ids []int32, with, without string) {
	t.Helper()
	for _, skip := range []bool{false, true} {
		want := with
		if skip {
			want = without
		}
		if got := tok.Decode(ids, skip); got != want {
			t.Errorf("%v, skip %t: %+q, want %+q", ids, skip, got, want)
		}
		stream := tok.Stream(skip)
		var got strings.Builder
		for _, id := range ids {
			got.WriteString(stream.Push(id))
		}
		got.WriteString(stream.Flush())
		if got.String() != want {
			t.Errorf("%v, skip %t, streamed: %+q, want %+q", ids, skip, got.String(), want)
		}
	}
}
