// Package hfconfig reads config.json and generation_config.json of a Hugging
// Face model folder.
//
// Two spellings are in use and mean the same (transformers 4 and 5,
// configuration_llama.py and modeling_rope_utils.py of each): rope_theta,
// rope_scaling {type or rope_type, …} and torch_dtype; rope_parameters
// {rope_theta, rope_type, …} and dtype. What a model needs and this package
// does not know is refused by its name: a model that runs with the wrong
// arithmetic is worse than one that does not run.
package hfconfig

import (
	"errors"
	"fmt"
	"io/fs"
)

// Config is the shape of a model. All sizes are positive.
type Config struct {
	Architecture  string // "LlamaForCausalLM"
	VocabSize     int    // rows of the embedding
	Hidden        int    // width of the residual stream
	Intermediate  int    // width inside the MLP
	Layers        int
	Heads         int     // query heads
	KVHeads       int     // key and value heads; divides Heads
	HeadDim       int     // even; Heads·HeadDim need not be Hidden
	RMSEps        float64 // of every norm
	RopeTheta     float64 // base of the rotary frequencies
	RopeScaling   RopeScaling
	TieEmbeddings bool   // lm_head is the embedding
	QKVBias       bool   // q, k, v have a bias
	OBias         bool   // o has one
	MLPBias       bool   // gate, up, down have one
	QKNorm        bool   // each head of q and k is normalised before RoPE
	MaxPositions  int    // longest sequence the model was made for
	SlidingWindow int    // a token sees itself and the SlidingWindow-1 before it; 0: all
	WindowLayers  []bool // by layer: SlidingWindow holds there; nil: in all
	BOS           int    // -1: none
	EOS           []int  // any of them ends a text; generation_config.json goes before config.json
	Pad           int    // -1: none, or not a row of the embedding
	DType         string // "float32", "bfloat16", "float16"; "" where the file does not say
	Quantization  *Quant // nil: weights are not quantised
}

// Quant is quantization_config of a checkpoint that bitsandbytes quantised to
// 4 bits (transformers, BitsAndBytesConfig).
type Quant struct {
	Method       string   // "bitsandbytes"
	Type         string   // "nf4"
	DoubleQuant  bool     // the blocks' absmax are quantised too
	ComputeDType string   // "bfloat16", "float16", "float32"
	SkipModules  []string // llm_int8_skip_modules: not quantised; nil: lm_head alone
}

// Read reads config.json and, where there is one, generation_config.json of a
// model's folder (os.DirFS, or an embedded one).
func Read(folder fs.FS) (*Config, error) {
	config, err := fs.ReadFile(folder, "config.json")
	if err != nil {
		return nil, fmt.Errorf("model config: %w", err)
	}
	generation, err := fs.ReadFile(folder, "generation_config.json")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("model config: %w", err)
	}
	return Parse(config, generation)
}

// Parse reads the two files' contents; generation may be nil.
func Parse(config, generation []byte) (*Config, error) {
	o, err := object(config)
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	c, err := read(o)
	if err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	if generation == nil {
		return c, nil
	}
	if o, err = object(generation); err == nil {
		err = c.tokens(o)
	}
	if err != nil {
		return nil, fmt.Errorf("generation_config.json: %w", err)
	}
	return c, nil
}

func read(o fields) (*Config, error) {
	f, err := familyOf(o)
	if err != nil {
		return nil, err
	}
	c := &Config{Architecture: f.architecture, BOS: -1, Pad: -1}
	r := reader{o: o}
	c.VocabSize = r.size("vocab_size", 0)
	c.Hidden = r.size("hidden_size", 0)
	c.Intermediate = r.size("intermediate_size", 0)
	c.Layers = r.size("num_hidden_layers", 0)
	c.Heads = r.size("num_attention_heads", 0)
	c.KVHeads = r.kvHeads(c.Heads, f)
	c.HeadDim = r.headDim(c.Hidden, c.Heads, f)
	c.MaxPositions = r.size("max_position_embeddings", f.maxPositions)
	c.RMSEps = r.number("rms_norm_eps", f.rmsEps)
	c.TieEmbeddings = r.flag("tie_word_embeddings", false)
	r.biases(c, f)
	r.window(c, f)
	c.DType = r.dtype()
	if act := r.text("hidden_act", "silu"); r.err == nil && act != "silu" {
		r.fail("hidden_act", fmt.Errorf("%q is not supported (silu is)", act))
	}
	if r.err != nil {
		return nil, r.err
	}
	if err := c.rope(o, f); err != nil {
		return nil, err
	}
	if err := c.quantization(o); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, c.tokens(o)
}

// Window is how many tokens a token sees in a layer, itself included; 0: all.
func (c *Config) Window(layer int) int {
	if c.WindowLayers != nil && !c.WindowLayers[layer] {
		return 0
	}
	return c.SlidingWindow
}

// check refuses shapes that no product could have.
func (c *Config) check() error {
	switch {
	case c.Heads%c.KVHeads != 0:
		return fmt.Errorf("num_key_value_heads: %d does not divide num_attention_heads %d", c.KVHeads, c.Heads)
	case c.HeadDim%2 != 0:
		return fmt.Errorf("head_dim: %d is odd, rotary positions need pairs", c.HeadDim)
	case c.Layers > maxLayers:
		return fmt.Errorf("num_hidden_layers: %d, more than %d is refused", c.Layers, maxLayers)
	case c.HeadDim > maxHeadDim:
		return fmt.Errorf("head_dim: %d, more than %d is refused", c.HeadDim, maxHeadDim)
	case !(c.RMSEps > 0 && c.RMSEps < 1):
		return fmt.Errorf("rms_norm_eps: %v is not between 0 and 1", c.RMSEps)
	}
	return nil
}

// tokens reads the special tokens' ids; a key that is missing or null changes
// nothing.
func (c *Config) tokens(o fields) error {
	r := reader{o: o}
	bos := r.ids("bos_token_id")
	eos := r.ids("eos_token_id")
	pad := r.ids("pad_token_id")
	if r.err != nil {
		return r.err
	}
	for _, id := range append(append([]int{}, bos...), eos...) {
		if id >= c.VocabSize {
			return fmt.Errorf("bos_token_id or eos_token_id: %d is outside the vocabulary of %d", id, c.VocabSize)
		}
	}
	if len(bos) > 1 {
		return fmt.Errorf("bos_token_id: %d ids, want one", len(bos))
	}
	if len(bos) == 1 {
		c.BOS = bos[0]
	}
	if len(eos) > 0 {
		c.EOS = eos
	}
	// Published models name padding ids that have no embedding; padding is
	// masked by length here, so such an id is as good as none.
	if len(pad) == 1 && pad[0] < c.VocabSize {
		c.Pad = pad[0]
	}
	return nil
}
