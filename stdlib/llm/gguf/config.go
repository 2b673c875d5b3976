package gguf

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// known are the keys about an architecture whose meaning is used here, or that
// say nothing about the arithmetic.
var known = []string{
	"vocab_size", "context_length", "embedding_length", "block_count", "feed_forward_length",
	"attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length",
	"attention.layer_norm_rms_epsilon", "rope.dimension_count", "rope.freq_base",
	"rope.scaling.type", "rope.scaling.factor", "rope.scale_linear", "rope.scaling.original_context_length", "rope.scaling.finetuned",
	"tensor_data_layout", "expert_count", "expert_used_count",
}

// readConfig makes config.json.
func (m *Model) readConfig() error {
	prefix := m.arch.name + "."
	for _, key := range m.File.Keys() {
		if own, ok := strings.CutPrefix(key, prefix); ok && !slices.Contains(known, own) {
			return fmt.Errorf("%s is not known: the model has a feature that is not supported", key)
		}
	}
	embedding, ok := m.File.Tensor("token_embd.weight")
	if !ok {
		return errors.New("the file has no tensor token_embd.weight: it holds no whole model")
	}
	r := &reader{f: m.File}
	c := map[string]any{
		"architectures": []string{m.arch.class}, "model_type": m.arch.modelType,
		"vocab_size":              embedding.Shape[0],
		"hidden_size":             r.size(prefix + "embedding_length"),
		"intermediate_size":       r.size(prefix + "feed_forward_length"),
		"num_hidden_layers":       r.size(prefix + "block_count"),
		"num_attention_heads":     r.size(prefix + "attention.head_count"),
		"max_position_embeddings": r.size(prefix + "context_length"),
		"rms_norm_eps":            must[float64](r, prefix+"attention.layer_norm_rms_epsilon", "a number"),
		"rope_theta":              r.number(prefix+"rope.freq_base", 10_000),
		"tie_word_embeddings":     m.names["lm_head.weight"] == "",
		"attention_bias":          m.names["model.layers.0.self_attn.q_proj.bias"] != "",
		"mlp_bias":                m.names["model.layers.0.mlp.gate_proj.bias"] != "",
	}
	if r.err != nil {
		return r.err
	}
	m.readHeads(r, prefix, c)
	m.readScaling(r, prefix, c)
	m.readEnds(r, c)
	if experts := get(r, prefix+"expert_count", "an integer", int64(0)); experts != 0 {
		return fmt.Errorf("%sexpert_count is %d: mixtures of experts are not supported", prefix, experts)
	}
	if r.err != nil {
		return r.err
	}
	return m.addJSON("config.json", c)
}

func (m *Model) readHeads(r *reader, prefix string, c map[string]any) {
	heads, hidden := c["num_attention_heads"].(int64), c["hidden_size"].(int64)
	kv := get(r, prefix+"attention.head_count_kv", "one integer", heads)
	m.heads, m.kvHeads = int(heads), int(kv)
	c["num_key_value_heads"] = kv
	var dim int64
	if heads > 0 {
		dim = hidden / heads
	}
	dim = get(r, prefix+"attention.key_length", "an integer", dim)
	c["head_dim"] = dim
	for _, key := range []string{"attention.value_length", "rope.dimension_count"} {
		if d := get(r, prefix+key, "an integer", dim); d != dim {
			r.fail(prefix+key, fmt.Sprintf("the length of a head, %d", dim), d)
		}
	}
}

// readScaling reads what stretches the frequencies; rope_freqs is a tensor and
// read with the others.
func (m *Model) readScaling(r *reader, prefix string, c map[string]any) {
	kind := r.text(prefix+"rope.scaling.type", "none")
	factor := r.number(prefix+"rope.scaling.factor", r.number(prefix+"rope.scale_linear", 1))
	if kind == "none" && r.has(prefix+"rope.scale_linear") {
		kind = "linear"
	}
	switch {
	case kind == "none" || kind == "linear" && factor == 1:
	case kind == "linear":
		c["rope_scaling"] = map[string]any{"rope_type": "linear", "factor": factor}
	default:
		r.fail(prefix+"rope.scaling.type", "none or linear", kind)
	}
}

// ends are control tokens that end an answer whatever the file's eos is: files of
// chat models often name only one (llama.cpp does the same, llama-vocab.cpp).
var ends = []string{"<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|im_end|>", "<|endoftext|>"}

func (m *Model) readEnds(r *reader, c map[string]any) {
	tokens := get[[]string](r, "tokenizer.ggml.tokens", "texts", nil)
	types := get[[]int64](r, "tokenizer.ggml.token_type", "integers", nil)
	list := []int64{}
	add := func(id int64) {
		if id >= 0 && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	for _, key := range []string{"eos", "eot", "eom"} {
		add(r.id("tokenizer.ggml."+key+"_token_id", len(tokens)))
	}
	for id, text := range tokens {
		if slices.Contains(ends, text) && id < len(types) && types[id] == control {
			add(int64(id))
		}
	}
	c["eos_token_id"] = list
	if id := r.id("tokenizer.ggml.bos_token_id", len(tokens)); id >= 0 {
		c["bos_token_id"] = id
	}
	if id := r.id("tokenizer.ggml.padding_token_id", len(tokens)); id >= 0 {
		c["pad_token_id"] = id
	}
}
