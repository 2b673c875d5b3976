package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/gguf"
	"cogumi/stdlib/llm/safetensors"
)

// source is where a model comes from.
type source struct {
	folder fs.FS // config.json, tokenizer.json, …
	open   func() (weights, error)
	nf4    bool                   // its projections are quantised when they are loaded
	hash   func() (string, error) // of what decides the model's answers; reads all of it
}

// weights stay open as long as the model is loaded.
type weights interface {
	llm.Weights
	Close() error
}

// builtinSource is a model of the binary.
func builtinSource(folder fs.FS) *source {
	open := func() (weights, error) {
		data, err := fs.ReadFile(folder, "model.safetensors")
		if err != nil {
			return nil, err
		}
		return safetensors.Parse(data)
	}
	hash := func(name string) (string, error) {
		b, err := fs.ReadFile(folder, name)
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:]), err
	}
	return folderSource(folder, open, hash)
}

// folderSource is a Hugging Face folder, which is quantised here. hash is the
// SHA-256 of one of its files.
func folderSource(folder fs.FS, open func() (weights, error), hash func(name string) (string, error)) *source {
	return &source{folder: folder, open: open, nf4: true, hash: func() (string, error) { return hashFolder(folder, hash) }}
}

// openSource is a GGUF file, a folder with one, or a Hugging Face folder.
func openSource(path string) (*source, error) {
	file, err := ggufIn(path)
	if err != nil {
		return nil, err
	}
	if file != "" {
		return ggufSource(file)
	}
	open := func() (weights, error) { return safetensors.Open(path) }
	hash := func(name string) (string, error) { return experiment.HashPath(filepath.Join(path, name)) }
	return folderSource(os.DirFS(path), open, hash), nil
}

// ggufIn is the GGUF file that path is, or the only one in a folder without
// config.json; "" where path is another kind of folder.
func ggufIn(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !info.IsDir() {
		return path, nil
	}
	if _, err := os.Stat(filepath.Join(path, "config.json")); err == nil {
		return "", nil
	}
	files, err := filepath.Glob(filepath.Join(path, "*.gguf"))
	if len(files) > 1 {
		if parts, bad := gguf.Parts(files[0]); bad == nil && slices.Equal(parts, files) {
			return files[0], err
		}
		for i := range files {
			files[i] = filepath.Base(files[i])
		}
		return "", experiment.Hint(fmt.Errorf("%s has %d GGUF files", path, len(files)), "give one of them: "+strings.Join(files, ", "))
	}
	if len(files) == 1 {
		return files[0], err
	}
	return "", err
}

// ggufSource is a GGUF file. A model that is quantised there is used with its own
// values: quantising them again would only lose more.
func ggufSource(path string) (*source, error) {
	m, err := gguf.OpenModel(path)
	if err != nil {
		return nil, err
	}
	defer m.Close() // its folder is in memory
	s := &source{folder: m.Folder(), nf4: !m.Quantized(), open: func() (weights, error) { return gguf.OpenModel(path) }}
	s.hash = func() (string, error) {
		paths, err := gguf.Parts(path)
		if err != nil {
			return "", err
		}
		h := sha256.New()
		fmt.Fprintf(h, "gguf, nf4 %t\n", s.nf4)
		for _, path := range paths {
			content, err := experiment.HashPath(path)
			if err != nil {
				return "", err
			}
			fmt.Fprintln(h, content)
		}
		return hex.EncodeToString(h.Sum(nil)), nil
	}
	return s, nil
}

// hashFolder hashes the files that decide a model's answers, and how it is
// quantised.
func hashFolder(folder fs.FS, hash func(name string) (string, error)) (string, error) {
	h := sha256.New()
	io.WriteString(h, "nf4 double\n")
	names, err := fs.Glob(folder, "*")
	if err != nil {
		return "", err
	}
	weights := 0
	for _, name := range names {
		if !strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".safetensors") && !strings.HasSuffix(name, ".jinja") {
			continue
		}
		if strings.HasSuffix(name, ".safetensors") {
			weights++
		}
		sum, err := hash(name)
		if err != nil {
			return "", fmt.Errorf("read %s: %w", name, err)
		}
		fmt.Fprintf(h, "%s %s\n", sum, name)
	}
	if weights == 0 {
		return "", errors.New("the folder has no *.safetensors")
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
