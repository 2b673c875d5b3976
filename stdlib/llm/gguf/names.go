package gguf

import (
	"fmt"
	"strconv"
	"strings"
)

// outer are the tensors outside the layers, inner those of one layer, as the
// file and as transformers name them (gguf-py, tensor_mapping.py).
var outer = map[string]string{
	"token_embd.weight":  "model.embed_tokens.weight",
	"output_norm.weight": "model.norm.weight",
	"output.weight":      "lm_head.weight",
	"rope_freqs.weight":  "rope_freqs.weight",
}

var inner = map[string]string{
	"attn_norm":   "input_layernorm",
	"attn_q":      "self_attn.q_proj",
	"attn_k":      "self_attn.k_proj",
	"attn_v":      "self_attn.v_proj",
	"attn_output": "self_attn.o_proj",
	"attn_q_norm": "self_attn.q_norm",
	"attn_k_norm": "self_attn.k_norm",
	"ffn_norm":    "post_attention_layernorm",
	"ffn_gate":    "mlp.gate_proj",
	"ffn_up":      "mlp.up_proj",
	"ffn_down":    "mlp.down_proj",
}

func (m *Model) readNames() error {
	m.names = make(map[string]string, len(m.File.names))
	for _, own := range m.File.names {
		name, ok := translate(own)
		if !ok {
			return fmt.Errorf("tensor %q is not known: the model has a part that is not supported", own)
		}
		if other, twice := m.names[name]; twice {
			return fmt.Errorf("tensors %q and %q are the same", other, own)
		}
		m.names[name] = own
	}
	return nil
}

// translate gives transformers' name of a tensor: blk.N.attn_q.weight is
// model.layers.N.self_attn.q_proj.weight.
func translate(own string) (string, bool) {
	if name, ok := outer[own]; ok {
		return name, true
	}
	parts := strings.Split(own, ".")
	if len(parts) != 4 || parts[0] != "blk" || parts[3] != "weight" && parts[3] != "bias" {
		return "", false
	}
	layer, err := strconv.Atoi(parts[1])
	name, ok := inner[parts[2]]
	if err != nil || layer < 0 || strconv.Itoa(layer) != parts[1] || !ok {
		return "", false
	}
	return fmt.Sprintf("model.layers.%d.%s.%s", layer, name, parts[3]), true
}
