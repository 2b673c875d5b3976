package model

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/chat"
	"cogumi/stdlib/llm/tokenizer"
)

// A GGUF file is a model like any other, and keeps its own quantisation.
func TestLoadGGUF(t *testing.T) {
	path := golden.Model(t, golden.SmolLM2)
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != golden.SmolLM2 || m.Path != path || len(m.Hash) != 64 {
		t.Errorf("%q, %q, %q", m.Name, m.Path, m.Hash)
	}
	e, err := m.Engine()
	if err != nil {
		t.Fatal(err)
	}
	if e.Format != "q4_1" {
		t.Skipf("the device keeps %s", e.Format)
	}
	prompt, err := e.Prompt([]chat.Message{{Role: "user", Content: "What is the capital of France?"}})
	if err != nil {
		t.Fatal(err)
	}
	out, err := e.Generate(context.Background(), nil, [][]int32{e.Tokenizer.Encode(prompt, tokenizer.Options{})}, llm.GenerateConfig{MaxTokens: 12}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Tokenizer.Decode(out[0].IDs, true); got != "The capital of France is Paris." || out[0].Truncated {
		t.Errorf("%q", got)
	}
}

// A folder without config.json that holds one GGUF file is that file; of several
// one must be named.
func TestFolderOfGGUF(t *testing.T) {
	dir := t.TempDir()
	put := func(name string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("GGUF no more"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("a.gguf")
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "a.gguf") || !strings.Contains(err.Error(), "gguf: ") {
		t.Errorf("a broken file: %v", err)
	}
	put("b.gguf")
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "2 GGUF files") {
		t.Errorf("two files: %v", err)
	}
	put("config.json")
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "config.json") {
		t.Errorf("a folder with config.json: %v", err)
	}
}
