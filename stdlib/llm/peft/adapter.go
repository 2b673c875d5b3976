// Package peft reads and writes LoRA adapters as the PEFT library keeps them: a
// folder with adapter_config.json and adapter_model.safetensors
// (https://github.com/huggingface/peft, src/peft/tuners/lora/config.py).
//
// Tensor keys are base_model.model.NAME.lora_A.weight [r, in] and
// base_model.model.NAME.lora_B.weight [out, r], with NAME the projection, such
// as model.layers.0.self_attn.q_proj.
package peft

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/stdlib/llm/safetensors"
)

// Adapter is a LoRA adapter in memory.
type Adapter struct {
	BaseModel string  // base_model_name_or_path
	R         int     // rank
	Alpha     float64 // lora_alpha; the scale is Alpha/R, or Alpha/√R with RSLoRA
	Dropout   float64 // lora_dropout
	Targets   []string
	RSLoRA    bool
	Tensors   map[string]Pair // by projection
}

// Pair are one projection's matrices.
type Pair struct {
	A       []float32 // [R, In], row-major
	B       []float32 // [Out, R], row-major
	In, Out int
}

const prefix = "base_model.model."

// Read reads an adapter folder.
func Read(folder string) (*Adapter, error) {
	b, err := os.ReadFile(filepath.Join(folder, "adapter_config.json"))
	if err != nil {
		return nil, fmt.Errorf("read adapter: %w", err)
	}
	a, err := parseConfig(b)
	if err != nil {
		return nil, fmt.Errorf("read adapter %s: adapter_config.json: %w", folder, err)
	}
	f, err := safetensors.Open(filepath.Join(folder, "adapter_model.safetensors"))
	if err != nil {
		return nil, fmt.Errorf("read adapter: %w", err)
	}
	defer f.Close()
	if err := a.readTensors(f); err != nil {
		return nil, fmt.Errorf("read adapter %s: %w", folder, err)
	}
	return a, nil
}

func (a *Adapter) readTensors(f *safetensors.File) error {
	a.Tensors = map[string]Pair{}
	for _, key := range f.Names() {
		name, ok := strings.CutPrefix(key, prefix)
		name, isA := strings.CutSuffix(name, ".lora_A.weight")
		name, isB := strings.CutSuffix(name, ".lora_B.weight")
		t, _ := f.Tensor(key)
		if !ok || isA == isB || len(t.Shape) != 2 {
			return fmt.Errorf("tensor %s %v is not part of a plain LoRA adapter", key, t.Shape)
		}
		x, err := safetensors.Float32s(t)
		if err != nil {
			return err
		}
		p, rank := a.Tensors[name], t.Shape[0]
		if isA {
			p.A, p.In = x, t.Shape[1]
		} else {
			p.B, p.Out, rank = x, t.Shape[0], t.Shape[1]
		}
		if rank != a.R {
			return fmt.Errorf("tensor %s is %v, the config says r = %d", key, t.Shape, a.R)
		}
		a.Tensors[name] = p
	}
	for name, p := range a.Tensors {
		if p.A == nil || p.B == nil {
			return fmt.Errorf("%s has only one of lora_A and lora_B", name)
		}
	}
	if len(a.Tensors) == 0 {
		return fmt.Errorf("it holds no tensors")
	}
	return nil
}

// Write writes the folder; equal adapters give equal bytes. It is complete when
// its adapter_config.json is there.
func (a *Adapter) Write(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("write adapter: %w", err)
	}
	var tensors []safetensors.Tensor
	for _, name := range slices.Sorted(maps.Keys(a.Tensors)) {
		p := a.Tensors[name]
		tensors = append(tensors,
			safetensors.FromFloat32s(prefix+name+".lora_A.weight", []int{a.R, len(p.A) / a.R}, p.A),
			safetensors.FromFloat32s(prefix+name+".lora_B.weight", []int{len(p.B) / a.R, a.R}, p.B))
	}
	path := filepath.Join(folder, "adapter_model.safetensors")
	if err := safetensors.Write(path, tensors, map[string]string{"format": "pt"}); err != nil {
		return fmt.Errorf("write adapter: %w", err)
	}
	return writeAtomically(filepath.Join(folder, "adapter_config.json"), a.config())
}

func writeAtomically(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".tmp-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(f.Name())
	_, err = f.Write(b)
	for _, step := range []func() error{f.Sync, func() error { return f.Chmod(0o644) }, f.Close} {
		if e := step(); err == nil {
			err = e
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// indented is JSON as people read it.
func indented(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return b.Bytes()
}
