package cli

import (
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"cogumi/stdlib/hub/hubtest"
)

// startHub is the hub that test scripts see; later ends it.
func startHub(later func(func())) string {
	commit := strings.Repeat("1", 40)
	files := func(names ...string) map[string][]byte {
		m := map[string][]byte{}
		for _, n := range names {
			m[n] = []byte(strings.Repeat(n, 100))
		}
		return m
	}
	small := files("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors", "README.md", "pytorch_model.bin", "original/params.json")
	real := map[string][]byte{}
	for _, name := range []string{"config.json", "generation_config.json", "tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "model.safetensors"} {
		if b, err := os.ReadFile(filepath.Join(tinyFolder, name)); err == nil {
			real[name] = b
		}
	}
	s := hubtest.Start(map[string]hubtest.Model{
		"org/tiny":  {Commit: commit, Files: real},
		"org/small": {Commit: commit, Tags: []string{"v1.0"}, Files: small},
		"org/cut":   {Commit: commit, Files: map[string][]byte{"config.json": []byte("{}"), "tokenizer.json": []byte("{}"), "model.safetensors": make([]byte, 77_777)}},
		"org/gated": {Commit: commit, Gated: true, Files: small},
		"org/gguf":  {Commit: commit, Files: files("m-Q4_K_M.gguf", "m-Q8_0.gguf")},
	})
	s.Token("hf_good")
	var cut atomic.Bool
	s.Cut(func(n int) int {
		if n == 77_777 && cut.CompareAndSwap(false, true) {
			return 50_000
		}
		return n
	})
	later(s.Close)
	return s.URL
}
