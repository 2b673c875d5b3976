package tokenizer

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"cogumi/kernels/golden"
)

// benchText is ordinary text: problems and answers, questions of all subjects.
func benchText(b *testing.B) string {
	var text strings.Builder
	for _, name := range []string{"gsm8k/train.jsonl.gz", "mmlu/test.jsonl.gz", "humaneval/HumanEval.jsonl.gz"} {
		f, err := os.Open(filepath.Join(golden.Dir(b, "data"), name))
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(&text, z); err != nil {
			b.Fatal(err)
		}
	}
	return text.String()
}

func BenchmarkEncode(b *testing.B) {
	for _, name := range recorded {
		b.Run(name, func(b *testing.B) {
			tok, text := load(b, name), benchText(b)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.learned = make([]atomic.Pointer[word], cacheSlots) // as in a new process
				tok.Encode(text, Options{})
			}
		})
	}
}

func BenchmarkLoad(b *testing.B) {
	raw, err := os.ReadFile(golden.Dir(b, "golden/tokenizer/smollm2/tokenizer.json"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := Load(raw); err != nil {
			b.Fatal(err)
		}
	}
}
