package peft

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
)

// known are the settings that change what an adapter means, with the values
// that a plain LoRA adapter may have. Anything else is refused by name.
var known = map[string][]string{
	"peft_type": {`"LORA"`}, "task_type": {`"CAUSAL_LM"`, "null"}, "bias": {`"none"`}, "use_dora": {"false"},
	"fan_in_fan_out": {"false"}, "modules_to_save": {"null", "[]"}, "rank_pattern": {"{}", "null"}, "alpha_pattern": {"{}", "null"},
	"layers_to_transform": {"null"}, "layers_pattern": {"null", "[]"}, "layer_replication": {"null"}, "lora_bias": {"false"},
	"megatron_config": {"null"}, "trainable_token_indices": {"null"}, "alora_invocation_tokens": {"null"}, "target_parameters": {"null"},
	"use_qalora": {"false"}, "use_bdlora": {"null", "false"}, "exclude_modules": {"null", "[]"},
}

// parseConfig reads adapter_config.json.
func parseConfig(b []byte) (*Adapter, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	if _, ok := raw["peft_type"]; !ok {
		return nil, fmt.Errorf("peft_type is missing")
	}
	for _, key := range slices.Sorted(maps.Keys(known)) {
		if v, ok := raw[key]; ok && !slices.Contains(known[key], string(v)) {
			return nil, fmt.Errorf("%s = %s is not supported", key, v)
		}
	}
	var c struct {
		Base    *string         `json:"base_model_name_or_path"`
		R       int             `json:"r"`
		Alpha   float64         `json:"lora_alpha"`
		Dropout float64         `json:"lora_dropout"`
		Targets json.RawMessage `json:"target_modules"`
		RSLoRA  bool            `json:"use_rslora"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, err
	}
	a := &Adapter{R: c.R, Alpha: c.Alpha, Dropout: c.Dropout, RSLoRA: c.RSLoRA}
	if c.Base != nil {
		a.BaseModel = *c.Base
	}
	if err := json.Unmarshal(c.Targets, &a.Targets); err != nil {
		return nil, fmt.Errorf("target_modules = %s: a list of names is supported", c.Targets)
	}
	slices.Sort(a.Targets)
	switch {
	case c.R < 1 || c.R > 1<<16:
		return nil, fmt.Errorf("r = %d is not a rank", c.R)
	case math.IsNaN(c.Alpha) || c.Dropout < 0 || c.Dropout >= 1:
		return nil, fmt.Errorf("lora_alpha = %g, lora_dropout = %g make no sense", c.Alpha, c.Dropout)
	}
	return a, nil
}

// config is the file with every field that PEFT's readers ask for.
func (a *Adapter) config() []byte {
	targets := slices.Clone(a.Targets)
	slices.Sort(targets)
	return indented(map[string]any{
		"alpha_pattern": map[string]any{}, "base_model_name_or_path": a.BaseModel, "bias": "none", "fan_in_fan_out": false,
		"inference_mode": true, "init_lora_weights": true, "lora_alpha": a.Alpha, "lora_dropout": a.Dropout, "modules_to_save": nil,
		"peft_type": "LORA", "r": a.R, "rank_pattern": map[string]any{}, "target_modules": targets, "task_type": "CAUSAL_LM",
		"use_dora": false, "use_rslora": a.RSLoRA,
	})
}
