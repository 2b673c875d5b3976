package hfconfig

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// family says how one architecture reads the keys that are not the same for
// all. A new family is a new row, and a new column where it differs in something
// that no family before it did.
type family struct {
	architecture string  // in "architectures"
	modelType    string  // "model_type"
	rmsEps       float64 // defaults of the family's configuration class
	maxPositions int
	theta        float64
	kvHeads      int // 0: as many as query heads
	headDim      int // 0: a head's share of hidden
	bias         bias
	window       window
	mlpBias      bool // reads mlp_bias
	qkNorm       bool
}

// bias says which projections of the attention have one.
type bias uint8

const (
	noBias  bias = iota
	keyBias      // as attention_bias says, q, k, v and o alike
	qkvBias      // q, k and v always, o never
)

// window says who sees how far.
type window uint8

const (
	noWindow  window = iota
	allLayers        // sliding_window holds for every layer
	someLayer        // and only where use_sliding_window is set, in the layers that layer_types names
)

// The defaults are those of the configuration_….py of each family in
// transformers 5.
var families = []family{
	{architecture: "LlamaForCausalLM", modelType: "llama", rmsEps: 1e-6, maxPositions: 2048, theta: 10_000, bias: keyBias, mlpBias: true},
	{architecture: "MistralForCausalLM", modelType: "mistral", rmsEps: 1e-6, maxPositions: 131_072, theta: 10_000, kvHeads: 8, window: allLayers},
	{architecture: "Qwen2ForCausalLM", modelType: "qwen2", rmsEps: 1e-6, maxPositions: 32_768, theta: 10_000, kvHeads: 32, bias: qkvBias, window: someLayer},
	{architecture: "Qwen3ForCausalLM", modelType: "qwen3", rmsEps: 1e-6, maxPositions: 32_768, theta: 10_000, kvHeads: 32, headDim: 128, bias: keyBias, window: someLayer, qkNorm: true},
}

// familyOf finds the row by the architecture or, in configurations that name
// none, by the model type.
func familyOf(o fields) (family, error) {
	var architectures []string
	if raw, ok := o.get("architectures"); ok {
		if err := json.Unmarshal(raw, &architectures); err != nil {
			return family{}, fmt.Errorf("architectures: want a list of names: %w", err)
		}
	}
	r := reader{o: o}
	modelType := r.text("model_type", "")
	if r.err != nil {
		return family{}, r.err
	}
	if len(architectures) > 1 {
		return family{}, fmt.Errorf("architectures: %q, want one", architectures)
	}
	i := slices.IndexFunc(families, func(f family) bool {
		if len(architectures) == 1 {
			return f.architecture == architectures[0] && (modelType == "" || f.modelType == modelType)
		}
		return f.modelType == modelType
	})
	if i < 0 {
		var known []string
		for _, f := range families {
			known = append(known, f.architecture)
		}
		return family{}, fmt.Errorf("architecture %q (model_type %q) is not supported; supported: %s",
			strings.Join(architectures, ""), modelType, strings.Join(known, ", "))
	}
	return families[i], nil
}
