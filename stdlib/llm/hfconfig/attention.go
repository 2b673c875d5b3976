package hfconfig

import (
	"encoding/json"
	"fmt"
)

// kvHeads reads num_key_value_heads: null means as many as query heads, a
// missing one what the family's class says.
func (r *reader) kvHeads(heads int, f family) int {
	if _, there := r.o["num_key_value_heads"]; !there && f.kvHeads > 0 {
		return f.kvHeads
	}
	return r.size("num_key_value_heads", heads)
}

func (r *reader) biases(c *Config, f family) {
	c.QKNorm = f.qkNorm
	c.MLPBias = f.mlpBias && r.flag("mlp_bias", false)
	switch f.bias {
	case keyBias:
		c.QKVBias = r.flag("attention_bias", false)
		c.OBias = c.QKVBias
	case qkvBias:
		c.QKVBias = true
	}
}

// defaultWindow is sliding_window where the file does not say; null means none.
const defaultWindow = 4096

func (r *reader) window(c *Config, f family) {
	const key = "sliding_window"
	if f.window == noWindow || f.window == someLayer && !r.flag("use_sliding_window", false) {
		return
	}
	if _, there := r.o[key]; !there {
		c.SlidingWindow = defaultWindow
	} else {
		c.SlidingWindow = r.size(key, 0, optional)
	}
	if f.window == someLayer && c.SlidingWindow > 0 && r.err == nil {
		c.WindowLayers = r.windowLayers(c.Layers)
	}
}

// windowLayers reads layer_types; where it is missing the layers from
// max_window_layers on have the window.
func (r *reader) windowLayers(layers int) []bool {
	raw, ok := r.o.get("layer_types")
	if !ok {
		first := r.count("max_window_layers", 28)
		if r.err != nil || layers > maxLayers {
			return nil
		}
		out := make([]bool, layers)
		for i := range out {
			out[i] = i >= first
		}
		return out
	}
	var types []string
	if err := json.Unmarshal(raw, &types); err != nil || len(types) != layers {
		r.fail("layer_types", fmt.Errorf("want a list of %d names", layers))
		return nil
	}
	out := make([]bool, layers)
	for i, t := range types {
		switch t {
		case "sliding_attention":
			out[i] = true
		case "full_attention":
		default:
			r.fail("layer_types", fmt.Errorf("%q is not supported (full_attention, sliding_attention are)", t))
		}
	}
	return out
}
