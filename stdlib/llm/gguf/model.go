package gguf

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"cogumi/stdlib/llm/safetensors"
)

// Model is a GGUF file seen as a Hugging Face folder: config.json, tokenizer.json
// and tokenizer_config.json are made from the metadata, tensors have the names,
// the shapes and the order of rows that transformers uses.
type Model struct {
	File *File
	arch architecture
	// heads are those of the rows of q and k that are put back in order.
	heads, kvHeads int
	files          folder
	names          map[string]string // transformers' name → the file's
}

// architecture is how a family is called here and there.
type architecture struct {
	name, class, modelType string
	permuted               bool // rows of q and k are in another order
	normed                 bool // q and k are normalised per head
}

var architectures = []architecture{
	{name: "llama", class: "LlamaForCausalLM", modelType: "llama", permuted: true},
	{name: "qwen2", class: "Qwen2ForCausalLM", modelType: "qwen2"},
	{name: "qwen3", class: "Qwen3ForCausalLM", modelType: "qwen3", normed: true},
}

// OpenModel maps a file and reads its model. Close it when its weights are no
// longer used.
func OpenModel(path string) (*Model, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	m, err := NewModel(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// NewModel reads the model of a file; an architecture, a tokenizer or a feature
// that is not known is an error that names it.
func NewModel(f *File) (*Model, error) {
	m := &Model{File: f, files: folder{}}
	for _, read := range []func() error{m.readArchitecture, m.readNames, m.readConfig, m.readTokenizer} {
		if err := read(); err != nil {
			return nil, fmt.Errorf("gguf: %w", err)
		}
	}
	return m, nil
}

// Close gives the file's memory back.
func (m *Model) Close() error { return m.File.Close() }

// Folder holds config.json, tokenizer.json and tokenizer_config.json.
func (m *Model) Folder() fs.FS { return m.files }

// Quantized tells whether projections are in a block format.
func (m *Model) Quantized() bool {
	for name := range m.names {
		t, _ := m.File.Tensor(m.names[name])
		if strings.HasSuffix(name, "_proj.weight") && !floating[t.DType] {
			return true
		}
	}
	return false
}

func (m *Model) readArchitecture() error {
	r := &reader{f: m.File}
	name := must[string](r, "general.architecture", "a text")
	parts := get(r, "split.count", "an integer", int64(0))
	if r.err != nil {
		return r.err
	}
	if parts > 1 && !m.File.whole {
		return fmt.Errorf("it is one of %d parts, and its name does not say which: NAME-00001-of-%05d.gguf is wanted", parts, parts)
	}
	i := slices.IndexFunc(architectures, func(a architecture) bool { return a.name == name })
	if i < 0 {
		var known []string
		for _, a := range architectures {
			known = append(known, a.name)
		}
		return fmt.Errorf("architecture %q is not supported (%s are)", name, strings.Join(known, ", "))
	}
	m.arch = architectures[i]
	return nil
}

// addJSON makes a file of the folder.
func (m *Model) addJSON(name string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	m.files[name] = b
	return nil
}

// Names returns the names of all tensors as transformers has them, sorted.
func (m *Model) Names() []string {
	var names []string
	for name := range m.names {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Tensor returns a tensor by transformers' name, in the type that the file holds
// it in.
func (m *Model) Tensor(name string) (safetensors.Tensor, bool) {
	own, ok := m.names[name]
	if !ok {
		return safetensors.Tensor{}, false
	}
	t, ok := m.File.Tensor(own)
	if !ok {
		return t, false
	}
	t.Name = name
	if m.arch.permuted {
		switch {
		case strings.Contains(own, ".attn_q."):
			t.Data = unpermute(t, m.heads)
		case strings.Contains(own, ".attn_k."):
			t.Data = unpermute(t, m.kvHeads)
		}
	}
	return t, true
}

// unpermute puts the rows of q or k back into the order of transformers. Of each
// head of d rows the file has row i of the first half, then row i of the second
// half, then row i+1 of the first: its row 2i+h was row h·d/2 + i.
func unpermute(t safetensors.Tensor, heads int) []byte {
	rows := t.Shape[0]
	size := len(t.Data) / rows
	if heads < 1 || rows%(2*heads) != 0 { // its shape is refused elsewhere
		return t.Data
	}
	d := rows / heads
	out := make([]byte, 0, len(t.Data))
	for head := range heads {
		for half := range 2 {
			for i := range d / 2 {
				from := (head*d + 2*i + half) * size
				out = append(out, t.Data[from:from+size]...)
			}
		}
	}
	return out
}
