package peft

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// settings are the keys of adapter_config.json that this package knows, with the
// values it accepts as compact JSON; nil: read by parseConfig, or without effect
// on a finished adapter. A key that is not here is fine as long as it is empty:
// PEFT writes new settings into every file, switched off.
var settings = map[string][]string{
	"base_model_name_or_path": nil, "r": nil, "lora_alpha": nil, "lora_dropout": nil, "target_modules": nil, "use_rslora": nil,
	"use_dora": nil, "rank_pattern": nil, "alpha_pattern": nil,
	"inference_mode": nil, "peft_version": nil, "revision": nil, "auto_mapping": nil, "megatron_core": nil,
	"qalora_group_size": nil, "eva_config": nil, "runtime_config": nil,

	"peft_type": {`"LORA"`}, "task_type": {`"CAUSAL_LM"`, "null"}, "bias": {`"none"`},
	// The other ways to start change the base's weights too, and the adapter only
	// fits the changed ones.
	"init_lora_weights": {"true", "false", "null", `"gaussian"`, `"eva"`, `"orthogonal"`},
}

// parseConfig reads adapter_config.json (src/peft/tuners/lora/config.py). Without
// a list of targets, which may also be a pattern, Targets stay nil.
func parseConfig(b []byte) (*Adapter, error) {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(b, &raw); err != nil {
		return nil, err
	}
	for _, key := range []string{"peft_type", "r", "lora_alpha"} {
		if _, ok := raw[key]; !ok {
			return nil, fmt.Errorf("%s is missing", key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		if err := checkSetting(key, raw[key]); err != nil {
			return nil, err
		}
	}
	a := &Adapter{}
	for key, to := range map[string]any{
		"base_model_name_or_path": &a.BaseModel, "r": &a.R, "lora_alpha": &a.Alpha, "lora_dropout": &a.Dropout, "use_rslora": &a.RSLoRA, "use_dora": &a.DoRA, "rank_pattern": &a.Ranks, "alpha_pattern": &a.Alphas,
	} {
		if v, ok := raw[key]; ok {
			if err := json.Unmarshal(v, to); err != nil {
				return nil, fmt.Errorf("%s = %.80s: %w", key, v, err)
			}
		}
	}
	if err := a.parseTargets(raw["target_modules"]); err != nil {
		return nil, err
	}
	return a, a.checkNumbers()
}

func checkSetting(key string, value json.RawMessage) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, value); err != nil {
		return err
	}
	v := compact.String()
	allowed, known := settings[key]
	if !known {
		allowed = []string{"null", "false", "{}", "[]", `""`}
	}
	if allowed != nil && !slices.Contains(allowed, v) {
		return fmt.Errorf("%s = %.80s is not supported", key, v)
	}
	return nil
}

func (a *Adapter) parseTargets(v json.RawMessage) error {
	var list []string
	if err := json.Unmarshal(v, &list); err == nil && len(list) > 0 {
		slices.Sort(list)
		a.Targets = slices.Compact(list)
		return nil
	}
	var pattern string
	if err := json.Unmarshal(v, &pattern); err != nil || pattern == "" {
		return fmt.Errorf("target_modules = %.80s: want a list of names", v)
	}
	return nil
}

func (a *Adapter) checkNumbers() error {
	switch {
	case a.R < 1 || a.R > maxRank:
		return fmt.Errorf("r = %d is not a rank from 1 to %d", a.R, maxRank)
	case math.IsNaN(a.Alpha) || math.IsInf(a.Alpha, 0):
		return fmt.Errorf("lora_alpha = %v is not a number", a.Alpha)
	case !(a.Dropout >= 0 && a.Dropout < 1):
		return fmt.Errorf("lora_dropout = %v is not in [0, 1)", a.Dropout)
	}
	for _, e := range a.Ranks {
		if e.Value != math.Trunc(e.Value) || e.Value < 1 || e.Value > maxRank {
			return fmt.Errorf("rank_pattern: %q is %v, which is not a rank from 1 to %d", e.Key, e.Value, maxRank)
		}
	}
	return nil
}

// config is adapter_config.json with every field that PEFT's readers ask for.
func (a *Adapter) config() ([]byte, error) {
	if err := a.checkNumbers(); err != nil {
		return nil, err
	}
	targets := slices.Sorted(slices.Values(a.Targets))
	if len(targets) == 0 {
		return nil, errors.New("no target modules")
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(map[string]any{
		"alpha_pattern": a.Alphas, "base_model_name_or_path": a.BaseModel, "bias": "none", "fan_in_fan_out": false,
		"inference_mode": true, "init_lora_weights": true, "lora_alpha": a.Alpha, "lora_dropout": a.Dropout, "modules_to_save": nil,
		"peft_type": "LORA", "r": a.R, "rank_pattern": a.Ranks, "target_modules": targets, "task_type": "CAUSAL_LM",
		"use_dora": a.DoRA, "use_rslora": a.RSLoRA,
	})
	return b.Bytes(), err
}

// targetOf is the last part of a projection's name: q_proj.
func targetOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
