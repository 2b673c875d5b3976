// Package peft reads and writes LoRA adapters as the PEFT library keeps them: a
// folder with adapter_config.json and adapter_model.safetensors
// (https://github.com/huggingface/peft, src/peft/tuners/lora/config.py and
// src/peft/utils/save_and_load.py).
//
// Tensor keys are base_model.model.NAME.lora_A.weight [r, in] and
// base_model.model.NAME.lora_B.weight [out, r], with NAME the projection, such
// as model.layers.0.self_attn.q_proj. The update of a weight [out, in] is
// scale · B · A. DoRA (arXiv:2402.09353) adds
// base_model.model.NAME.lora_magnitude_vector [out]: row i of the weight becomes
// magnitude[i] · (W + scale·B·A)[i] / ‖(W + scale·B·A)[i]‖. rank_pattern and
// alpha_pattern give projections ranks and alphas of their own.
//
// An adapter that is more than that (trained biases or embeddings, whole modules
// that were trained: modules_to_save) is refused by the name of the setting.
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
	BaseFiles string  // hash of the base's files; empty: unknown. Kept in the weights' metadata
	R         int     // rank
	Alpha     float64 // lora_alpha
	Dropout   float64 // lora_dropout, in training only
	Targets   []string
	RSLoRA    bool
	DoRA      bool
	Ranks     Pattern         // rank_pattern: whole numbers from 1 on
	Alphas    Pattern         // alpha_pattern
	Tensors   map[string]Pair // by projection
}

// Pair are one projection's matrices.
type Pair struct {
	A         []float32 // [r, In], row-major
	B         []float32 // [Out, r], row-major
	Magnitude []float32 // [Out]; nil without DoRA
	In, Out   int
}

// Rank is a projection's r.
func (a *Adapter) Rank(name string) int {
	if r, ok := a.Ranks.Of(name); ok {
		return int(r)
	}
	return a.R
}

// Scale is the factor of a projection's B·A: alpha/r, or alpha/√r with RSLoRA.
func (a *Adapter) Scale(name string) float64 {
	alpha, ok := a.Alphas.Of(name)
	if !ok {
		alpha = a.Alpha
	}
	r := float64(a.Rank(name))
	if a.RSLoRA {
		return alpha / math.Sqrt(r)
	}
	return alpha / r
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
	a.BaseFiles = f.Metadata()[baseKey]
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
		name, part, err := projection(key)
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
		if a.Tensors[name], err = a.Tensors[name].with(t, part, a.Rank(name)); err != nil {
			return err
		}
	}
	slices.Sort(a.Targets)
	for _, name := range slices.Sorted(maps.Keys(a.Tensors)) {
		switch p := a.Tensors[name]; {
		case p.A == nil || p.B == nil:
			return fmt.Errorf("%s has only one of lora_A and lora_B", name)
		case a.DoRA && len(p.Magnitude) != p.Out:
			return fmt.Errorf("use_dora is true, but %s has %d magnitudes for %d rows", name, len(p.Magnitude), p.Out)
		case !a.DoRA && p.Magnitude != nil:
			return fmt.Errorf("%s has a lora_magnitude_vector, but use_dora is false", name)
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

// projection takes a tensor's key apart: the projection, and "A", "B" or "m".
func projection(key string) (name, part string, err error) {
	name, ok := strings.CutPrefix(key, prefix)
	for suffix, part := range map[string]string{".lora_A.weight": "A", ".lora_B.weight": "B", magnitude: "m", magnitude + ".weight": "m"} {
		if name, found := strings.CutSuffix(name, suffix); ok && found && name != "" {
			return name, part, nil
		}
	}
	if strings.Contains(key, "modules_to_save") || !strings.Contains(key, "lora_") {
		return "", "", fmt.Errorf("tensor %s is a module that was trained whole (modules_to_save), which is not supported", key)
	}
	return "", "", fmt.Errorf("tensor %s is not part of a LoRA adapter of linear layers", key)
}

const magnitude = ".lora_magnitude_vector"

// with sets one of the parts.
func (p Pair) with(t safetensors.Tensor, part string, rank int) (Pair, error) {
	dims := 2
	if part == "m" {
		dims = 1
	}
	if len(t.Shape) != dims || slices.Contains(t.Shape, 0) {
		return p, fmt.Errorf("tensor %s has shape %v, want %s", t.Name, t.Shape, []string{"", "one dimension", "two dimensions"}[dims])
	}
	x, err := safetensors.Float32s(t)
	if err != nil {
		return p, err
	}
	if i := slices.IndexFunc(x, func(v float32) bool { return v-v != 0 }); i >= 0 {
		return p, fmt.Errorf("tensor %s holds %v at %d", t.Name, x[i], i)
	}
	got := rank
	switch part {
	case "A":
		p.A, p.In, got = x, t.Shape[1], t.Shape[0]
	case "B":
		p.B, p.Out, got = x, t.Shape[0], t.Shape[1]
	case "m":
		p.Magnitude = x
	}
	if got != rank {
		return p, fmt.Errorf("tensor %s has shape %v, but r is %d", t.Name, t.Shape, rank)
	}
	return p, nil
}
