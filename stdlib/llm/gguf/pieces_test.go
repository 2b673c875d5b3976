package gguf

import (
	"bufio"
	"encoding/json"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"cogumi/stdlib/llm/gguf/gguftest"
	"cogumi/stdlib/llm/tokenizer"
)

const recorded = "../tokenizer/testdata/pieces/"

// pieced is small with a vocabulary of sentencepiece's.
func pieced(t *testing.T) *gguftest.File {
	t.Helper()
	b, err := os.ReadFile(recorded + "vocab.json")
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		Pieces []string
		Scores []float32
		Types  []int
	}
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	f := small()
	f.Drop("tokenizer.ggml.pre")
	f.Drop("tokenizer.ggml.merges")
	f.Set("tokenizer.ggml.model", "llama")
	f.Set("tokenizer.ggml.tokens", v.Pieces)
	f.Set("tokenizer.ggml.scores", v.Scores)
	f.Set("tokenizer.ggml.token_type", v.Types)
	f.Set("tokenizer.ggml.bos_token_id", 1)
	f.Set("tokenizer.ggml.eos_token_id", 2)
	f.Tensors[0] = gguftest.Tensor{Name: "token_embd.weight", Shape: []int{len(v.Pieces), 8}, Data: gguftest.Floats(make([]float32, 8*len(v.Pieces)))}
	return f
}

func tokenizerOf(f *gguftest.File) (*tokenizer.Tokenizer, error) {
	file, err := Parse(f.Bytes())
	if err != nil {
		return nil, err
	}
	m, err := NewModel(file)
	if err != nil {
		return nil, err
	}
	b, err := fs.ReadFile(m.Folder(), "tokenizer.json")
	if err != nil {
		return nil, err
	}
	return tokenizer.Load(b)
}

// TestPieces: the file's scores lead to the ids that sentencepiece itself gives.
func TestPieces(t *testing.T) {
	k, err := tokenizerOf(pieced(t))
	if err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(recorded + "vectors.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	n := 0
	for s := bufio.NewScanner(in); s.Scan(); {
		var v struct {
			Text    string
			IDs     []int32
			Each    []int32
			Decoded string `json:"each_decoded"`
		}
		if err := json.Unmarshal(s.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		if v.IDs == nil {
			n++
			if got := k.Encode(v.Text, tokenizer.Options{AddSpecial: true}); !slices.Equal(got, v.Each) {
				t.Errorf("%q: %v, want %v", v.Text, got, v.Each)
			}
		}
	}
	if n < 150 {
		t.Errorf("%d texts", n)
	}
	if got := k.Decode(k.Encode("  two  spaces", tokenizer.Options{}), true); got != "  two  spaces" {
		t.Errorf("%q", got)
	}
}

// TestPiecesPlain: a file may say that no space is put in front.
func TestPiecesPlain(t *testing.T) {
	f := pieced(t)
	f.Set("tokenizer.ggml.add_space_prefix", false)
	f.Set("tokenizer.ggml.add_bos_token", false)
	k, err := tokenizerOf(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"the", " the", "a b"} {
		ids := k.Encode(text, tokenizer.Options{AddSpecial: true})
		if got := k.Decode(ids, true); got != text || ids[0] == 1 {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestPiecesRefused(t *testing.T) {
	for _, c := range []struct {
		change func(f *gguftest.File)
		want   string
	}{
		{func(f *gguftest.File) { f.Set("tokenizer.ggml.remove_extra_whitespaces", true) }, "remove_extra_whitespaces"},
		{func(f *gguftest.File) { f.Set("tokenizer.ggml.precompiled_charsmap", []int{1}) }, "precompiled_charsmap"},
		{func(f *gguftest.File) { f.Drop("tokenizer.ggml.scores") }, "tokenizer.ggml.scores"},
		{func(f *gguftest.File) { f.Set("tokenizer.ggml.scores", []float32{1}) }, "the scores of 1"},
		{func(f *gguftest.File) { f.Set("tokenizer.ggml.bos_token_id", 1<<20) }, "bos_token_id"},
	} {
		f := pieced(t)
		c.change(f)
		if _, err := tokenizerOf(f); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
}
