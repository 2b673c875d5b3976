package model

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm/tokenizer"
)

// Tokenizer reads the tokenizer of a model and nothing else of it: its weights
// need not be there. name is what Load takes, or a tokenizer.json. hash is the
// file's.
func Tokenizer(name string) (t *tokenizer.Tokenizer, hash string, err error) {
	b, err := tokenizerFile(name)
	if err == nil {
		t, err = tokenizer.Load(b)
	}
	if err != nil {
		return nil, "", experiment.WithCode(fmt.Errorf("read the tokenizer of %s: %w", name, err), 3)
	}
	sum := sha256.Sum256(b)
	return t, hex.EncodeToString(sum[:]), nil
}

func tokenizerFile(name string) ([]byte, error) {
	if strings.HasSuffix(name, ".json") {
		return os.ReadFile(name)
	}
	if folder, ok := builtinFolder(name); ok {
		return fs.ReadFile(folder, "tokenizer.json")
	}
	path, _, err := locate(name)
	if err != nil {
		return nil, err
	}
	s, err := openSource(path)
	if err != nil {
		return nil, err
	}
	return fs.ReadFile(s.folder, "tokenizer.json")
}
