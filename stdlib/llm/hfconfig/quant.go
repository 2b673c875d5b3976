package hfconfig

import (
	"encoding/json"
	"fmt"
)

// quantization reads quantization_config. Missing keys have the defaults of
// transformers' BitsAndBytesConfig, whose quant type is "fp4".
func (c *Config) quantization(o fields) error {
	const key = "quantization_config"
	raw, ok := o.get(key)
	if !ok {
		return nil
	}
	q, err := object(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	r := reader{o: q}
	out := &Quant{
		Method:       r.text("quant_method", ""),
		Type:         r.text("bnb_4bit_quant_type", "fp4"),
		DoubleQuant:  r.flag("bnb_4bit_use_double_quant", false),
		ComputeDType: r.text("bnb_4bit_compute_dtype", "float32"),
	}
	four := r.flag("load_in_4bit", r.flag("_load_in_4bit", false))
	storage := r.text("bnb_4bit_quant_storage", "uint8")
	if raw, ok := q.get("llm_int8_skip_modules"); ok && r.err == nil {
		if err := json.Unmarshal(raw, &out.SkipModules); err != nil {
			r.fail("llm_int8_skip_modules", fmt.Errorf("want a list of names: %w", err))
		}
	}
	switch {
	case r.err != nil:
	case out.Method != "bitsandbytes":
		r.fail("quant_method", fmt.Errorf("%q is not supported (bitsandbytes is)", out.Method))
	case !four:
		r.fail("load_in_4bit", fmt.Errorf("only 4-bit weights are supported"))
	case out.Type != "nf4":
		r.fail("bnb_4bit_quant_type", fmt.Errorf("%q is not supported (nf4 is)", out.Type))
	case storage != "uint8":
		r.fail("bnb_4bit_quant_storage", fmt.Errorf("%q is not supported (uint8 is)", storage))
	case !knownDType(out.ComputeDType):
		r.fail("bnb_4bit_compute_dtype", fmt.Errorf("%q is not supported", out.ComputeDType))
	}
	if r.err != nil {
		return fmt.Errorf("%s: %w", key, r.err)
	}
	c.Quantization = out
	return nil
}
