// Package bench measures training on the shapes of known models, with drawn
// weights: tokens a second, the share of what the device's products reach,
// memory by kind, and where the time of a step goes.
package bench

import (
	"fmt"
	"sort"
	"strings"

	"cogumi/kernels"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/hfconfig"
)

// preset is the part of config.json that decides a model's work. The shapes are
// those of the models' own files.
type preset struct {
	family                                   string // model_type
	vocabulary, hidden, intermediate, layers int
	heads, kvHeads, headDim                  int
	theta                                    float64
	positions                                int
	tied                                     bool
}

var presets = map[string]preset{
	"llama-3.1-8b": {"llama", 128256, 4096, 14336, 32, 32, 8, 128, 5e5, 131072, false},
	"llama-3.2-1b": {"llama", 128256, 2048, 8192, 16, 32, 8, 64, 5e5, 131072, true},
	"qwen3-8b":     {"qwen3", 151936, 4096, 12288, 36, 32, 8, 128, 1e6, 40960, false},
	"smollm2-135m": {"llama", 49152, 576, 1536, 30, 9, 3, 64, 1e5, 8192, true},
	"tiny":         {"llama", 2048, 256, 640, 8, 4, 2, 64, 1e4, 512, true},
}

// Presets lists the names, sorted.
func Presets() []string {
	var names []string
	for n := range presets {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
}

var architectures = map[string]string{"llama": "LlamaForCausalLM", "qwen3": "Qwen3ForCausalLM"}

// shape reads a preset as a model's configuration would be read.
func shape(name string) (*hfconfig.Config, error) {
	p, ok := presets[name]
	if !ok {
		return nil, fmt.Errorf("there is no preset %q: %s", name, strings.Join(Presets(), ", "))
	}
	return hfconfig.Parse(fmt.Appendf(nil, `{"architectures": [%q], "model_type": %q, "vocab_size": %d, "hidden_size": %d,
		"intermediate_size": %d, "num_hidden_layers": %d, "num_attention_heads": %d, "num_key_value_heads": %d, "head_dim": %d,
		"rms_norm_eps": 1e-5, "rope_theta": %g, "max_position_embeddings": %d, "hidden_act": "silu", "tie_word_embeddings": %t}`,
		architectures[p.family], p.family, p.vocabulary, p.hidden, p.intermediate, p.layers, p.heads, p.kvHeads, p.headDim,
		p.theta, p.positions, p.tied), nil)
}

// Drawn is a model of a preset's shape with drawn weights, without a tokenizer.
func Drawn(device kernels.Device, preset string) (*llm.Model, error) {
	config, err := shape(preset)
	if err != nil {
		return nil, err
	}
	return llm.NewRandom(device, config, 1)
}
