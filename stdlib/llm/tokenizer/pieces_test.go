package tokenizer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

// variant is the recorded tokenizer.json with parts of it replaced.
func variant(t testing.TB, change func(f map[string]any)) *Tokenizer {
	t.Helper()
	b, err := os.ReadFile("testdata/pieces/each.json")
	if err != nil {
		t.Fatal(err)
	}
	var f map[string]any
	if err := json.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(f)
	}
	if b, err = json.Marshal(f); err != nil {
		t.Fatal(err)
	}
	k, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// metaspace is how Mistral's later files say the same.
func metaspace(f map[string]any) {
	f["normalizer"] = nil
	f["pre_tokenizer"] = map[string]any{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}
}

// TestPieces: ids and texts as Hugging Face's tokenizers gives them; where no
// added token is in the text sentencepiece itself gave the same (testdata/pieces.py).
func TestPieces(t *testing.T) {
	each, first := variant(t, nil), variant(t, metaspace)
	b, err := os.ReadFile("testdata/pieces/vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for in := bufio.NewScanner(bytes.NewReader(b)); in.Scan(); n++ {
		var v struct {
			Text         string
			IDs          []int32
			Each         []int32
			First        []int32
			EachDecoded  string `json:"each_decoded"`
			EachAll      string `json:"each_all"`
			FirstDecoded string `json:"first_decoded"`
			FirstAll     string `json:"first_all"`
		}
		if err := json.Unmarshal(in.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		if v.IDs != nil {
			check(t, each, v.IDs, v.EachDecoded, true)
			continue
		}
		if got := each.Encode(v.Text, Options{AddSpecial: true}); !slices.Equal(got, v.Each) {
			t.Errorf("%q: %v, want %v", v.Text, got, v.Each)
		}
		if got := first.Encode(v.Text, Options{AddSpecial: true}); !slices.Equal(got, v.First) {
			t.Errorf("first %q: %v, want %v", v.Text, got, v.First)
		}
		check(t, each, v.Each, v.EachDecoded, true)
		check(t, each, v.Each, v.EachAll, false)
		check(t, first, v.First, v.FirstDecoded, true)
		check(t, first, v.First, v.FirstAll, false)
	}
	if n < 200 {
		t.Errorf("%d vectors", n)
	}
}

// check decodes at once and token by token.
func check(t *testing.T, k *Tokenizer, ids []int32, want string, skip bool) {
	t.Helper()
	if got := k.Decode(ids, skip); got != want {
		t.Errorf("%v: %q, want %q", ids, got, want)
	}
	s, got := k.Stream(skip), ""
	for _, id := range ids {
		got += s.Push(id)
	}
	if got += s.Flush(); got != want {
		t.Errorf("streamed %v: %q, want %q", ids, got, want)
	}
}

// TestPiecesNormalized: added tokens that are searched in the normalised text, as
// in Llama 2's first files.
func TestPiecesNormalized(t *testing.T) {
	k := variant(t, func(f map[string]any) {
		for _, a := range f["added_tokens"].([]any) {
			a.(map[string]any)["normalized"] = true
		}
	})
	b, err := os.ReadFile("testdata/pieces/normalized_vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Text string
		IDs  []int32
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		if got := k.Encode(v.Text, Options{}); !slices.Equal(got, v.IDs) {
			t.Errorf("%q: %v, want %v", v.Text, got, v.IDs)
		}
	}
}

// TestPiecesRefused: what is almost the same is refused by its name.
func TestPiecesRefused(t *testing.T) {
	b, err := os.ReadFile("testdata/pieces/each.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, to, want string }{
		{`"Prepend"`, `"Lowercase"`, "Lowercase"},
		{`"prepend": "▁"`, `"prepend": "_"`, "Prepend"},
		{`"pre_tokenizer": null`, `"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}`, "splits words"},
		{`"pre_tokenizer": null`, `"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first", "split": false}`, "twice"},
		{`"pre_tokenizer": null`, `"pre_tokenizer": {"type": "Whitespace"}`, "Whitespace"},
		{`"start": 1`, `"start": 2`, "Strip of 2"},
		{`{"type": "Fuse"}, `, ``, "Replace ByteFallback Strip"},
		{`"ignore_merges": false`, `"ignore_merges": true`, "ignore_merges"},
		{`"unk_token": "<unk>"`, `"unk_token": "<none>"`, `"<none>"`},
		{`"dropout": null`, `"dropout": 0.1`, "dropout"},
	} {
		changed := strings.Replace(string(b), c.from, c.to, 1)
		if changed == string(b) {
			t.Fatalf("%s is not in the file", c.from)
		}
		if _, err := Load([]byte(changed)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.to, err, c.want)
		}
	}
}

// FuzzPieces: what was encoded decodes to itself, but for the space in front and
// bytes that are no text.
func FuzzPieces(f *testing.F) {
	k := variant(f, nil)
	f.Add("Hello, naïve 😀 world")
	f.Fuzz(func(t *testing.T, s string) {
		ids := k.Encode(s, Options{SpecialAsText: true})
		if got := k.Decode(ids, false); got != s && !strings.Contains(s, "▁") && !strings.ContainsRune(s, '\ufffd') && strings.ToValidUTF8(s, "") == s {
			t.Fatalf("%q became %q", s, got)
		}
	})
}
