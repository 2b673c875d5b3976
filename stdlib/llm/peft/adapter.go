// Package peft reads and writes LoRA adapters as the PEFT library keeps them: a
// folder with adapter_config.json and adapter_model.safetensors
// (https://github.com/huggingface/peft, src/peft/tuners/lora/config.py and
// src/peft/utils/save_and_load.py).
//
// Tensor keys are base_model.model.NAME.lora_A.weight [r, in] and
// base_model.model.NAME.lora_B.weight [out, r], with NAME the projection, such
// as model.layers.0.self_attn.q_proj. The update of a weight [out, in] is
// scale · B · A.
//
// An adapter that is more than that (DoRA, trained biases or embeddings, ranks
// that differ from layer to layer) is refused by the name of the setting.
package peft

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/stdlib/llm/safetensors"
)

const (
	configFile  = "adapter_config.json"
	weightsFile = "adapter_model.safetensors"
	prefix      = "base_model.model."
	maxRank     = 1 << 16
)

// Adapter is a LoRA adapter in memory.
type Adapter struct {
	BaseModel string  // base_model_name_or_path
	R         int     // rank
	Alpha     float64 // lora_alpha
	Dropout   float64 // lora_dropout, in training only
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

// Scale is the factor of B·A: Alpha/R, or Alpha/√R with RSLoRA.
func (a *Adapter) Scale() float64 {
	if a.RSLoRA {
		return a.Alpha / math.Sqrt(float64(a.R))
	}
	return a.Alpha / float64(a.R)
}

// Read reads an adapter folder.
func Read(folder string) (*Adapter, error) {
	config, err := os.ReadFile(filepath.Join(folder, configFile))
	if err != nil {
		return nil, fmt.Errorf("read adapter: %w", err)
	}
	f, err := safetensors.Open(filepath.Join(folder, weightsFile))
	if err != nil {
		return nil, fmt.Errorf("read adapter: %w", err)
	}
	defer f.Close()
	a, err := parse(config, f)
	if err != nil {
		return nil, fmt.Errorf("read adapter %s: %w", folder, err)
	}
	return a, nil
}

func parse(config []byte, f *safetensors.File) (*Adapter, error) {
	a, err := parseConfig(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", configFile, err)
	}
	if err := a.readTensors(f); err != nil {
		return nil, fmt.Errorf("%s: %w", weightsFile, err)
	}
	return a, nil
}

func (a *Adapter) readTensors(f *safetensors.File) error {
	a.Tensors = map[string]Pair{}
	listed := len(a.Targets) > 0
	for _, key := range f.Names() {
		t, _ := f.Tensor(key)
		name, isA, err := projection(key)
		if err != nil {
			return err
		}
		target := targetOf(name)
		switch known := slices.Contains(a.Targets, target); {
		case listed && !known && !a.targets(name):
			return fmt.Errorf("tensor %s belongs to none of target_modules %v", key, a.Targets)
		case !listed && !known:
			a.Targets = append(a.Targets, target)
		}
		if a.Tensors[name], err = a.Tensors[name].with(t, isA, a.R); err != nil {
			return err
		}
	}
	slices.Sort(a.Targets)
	for _, name := range slices.Sorted(maps.Keys(a.Tensors)) {
		if p := a.Tensors[name]; p.A == nil || p.B == nil {
			return fmt.Errorf("%s has only one of lora_A and lora_B", name)
		}
	}
	if len(a.Tensors) == 0 {
		return errors.New("it holds no tensors")
	}
	return nil
}

// targets tells whether a projection is meant by a target with dots in it, such
// as self_attn.q_proj or a whole name.
func (a *Adapter) targets(name string) bool {
	return slices.ContainsFunc(a.Targets, func(t string) bool { return name == t || strings.HasSuffix(name, "."+t) })
}

// projection takes a tensor's key apart.
func projection(key string) (name string, isA bool, err error) {
	name, ok := strings.CutPrefix(key, prefix)
	name, isA = strings.CutSuffix(name, ".lora_A.weight")
	name, isB := strings.CutSuffix(name, ".lora_B.weight")
	if !ok || isA == isB || name == "" {
		return "", false, fmt.Errorf("tensor %s is not part of a plain LoRA adapter", key)
	}
	return name, isA, nil
}

// with sets one of the two matrices.
func (p Pair) with(t safetensors.Tensor, isA bool, rank int) (Pair, error) {
	if len(t.Shape) != 2 || t.Shape[0] == 0 || t.Shape[1] == 0 {
		return p, fmt.Errorf("tensor %s has shape %v, want two dimensions", t.Name, t.Shape)
	}
	x, err := safetensors.Float32s(t)
	if err != nil {
		return p, err
	}
	if i := slices.IndexFunc(x, func(v float32) bool { return v-v != 0 }); i >= 0 {
		return p, fmt.Errorf("tensor %s holds %v at %d", t.Name, x[i], i)
	}
	got := t.Shape[0]
	if isA {
		p.A, p.In = x, t.Shape[1]
	} else {
		p.B, p.Out, got = x, t.Shape[0], t.Shape[1]
	}
	if got != rank {
		return p, fmt.Errorf("tensor %s has shape %v, but r is %d", t.Name, t.Shape, rank)
	}
	return p, nil
}
