package llm

import (
	"context"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
)

// named are weights in memory.
type named map[string]safetensors.Tensor

func (n named) Names() []string { return slices.Sorted(maps.Keys(n)) }

func (n named) Tensor(name string) (safetensors.Tensor, bool) { t, ok := n[name]; return t, ok }

// familyFiles are a recorded model's configuration and weights, to be changed.
func familyFiles(t *testing.T, name string) (*hfconfig.Config, named) {
	t.Helper()
	dir := golden.Dir(t, "golden/families/"+name)
	c, err := hfconfig.Read(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	w := named{}
	for _, n := range f.Names() {
		w[n], _ = f.Tensor(n)
	}
	return c, w
}

// Files that do not fit the configuration are refused, whichever has too much.
func TestPlaceRefuses(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(c *hfconfig.Config, w named)
		want   string // "": accepted
	}{
		{"qwen3-headdim24", func(c *hfconfig.Config, w named) { c.QKNorm = false }, "k_norm.weight"},
		{"qwen2", func(c *hfconfig.Config, w named) { c.QKVBias = false }, "k_proj.bias"},
		{"llama-untied-bias", func(c *hfconfig.Config, w named) { c.MLPBias = false }, "mlp.down_proj.bias"},
		{"llama3-rope", func(c *hfconfig.Config, w named) { c.QKVBias = true }, "no tensor model.layers.0.self_attn.q_proj.bias"},
		{"llama3-rope", func(c *hfconfig.Config, w named) { c.TieEmbeddings = false }, "no tensor lm_head.weight"},
		{"llama3-rope", func(c *hfconfig.Config, w named) { delete(w, "model.layers.1.mlp.up_proj.weight") }, "no tensor model.layers.1.mlp.up_proj.weight"},
		{"llama3-rope", func(c *hfconfig.Config, w named) { c.Layers = 1 }, "model.layers.1."},
		{"llama3-rope", func(c *hfconfig.Config, w named) { c.Intermediate++ }, "config.json wants"},
		{"llama3-rope", func(c *hfconfig.Config, w named) {
			x := w["model.norm.weight"]
			x.DType, x.Data = "I32", slices.Clone(x.Data)
			w["model.norm.weight"] = x
		}, "I32"},
		{"llama3-rope", func(c *hfconfig.Config, w named) {
			w["model.layers.0.self_attn.rotary_emb.inv_freq"] = safetensors.Tensor{}
		}, ""},
		{"llama3-rope", func(c *hfconfig.Config, w named) { w["lm_head.weight"] = w["model.embed_tokens.weight"] }, ""},
	} {
		config, w := familyFiles(t, c.name)
		c.change(config, w)
		m := &Model{Config: config, device: cpu.New()}
		err := m.place(w, Options{})
		m.Close()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.want)
		}
	}
}

// Nothing in the format promises that data begins where the machine wants it.
func TestWeightsAnywhere(t *testing.T) {
	ids := []int32{94, 91, 42, 20, 59, 77, 88, 58, 55, 5}
	for _, name := range []string{"llama3-rope", "llama3-rope-bf16", "llama3-rope-fp16"} {
		want, err := loadFamily(t, cpu.New(), name, "config.json", Options{}).Logits(context.Background(), nil, ids)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(golden.Dir(t, "golden/families/"+name), "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		n := binary.LittleEndian.Uint64(b)
		moved := binary.LittleEndian.AppendUint64(nil, n+1)
		moved = append(append(append(moved, b[8:8+n]...), ' '), b[8+n:]...)
		f, err := safetensors.Parse(moved)
		if err != nil {
			t.Fatal(err)
		}
		c, err := hfconfig.Read(os.DirFS(golden.Dir(t, "golden/families/"+name)))
		if err != nil {
			t.Fatal(err)
		}
		m := &Model{Config: c, device: cpu.New()}
		if err := m.place(f, Options{}); err != nil {
			t.Fatal(err)
		}
		got, err := m.Logits(context.Background(), nil, ids)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: moved by a byte it computes something else (%v)", name, err)
		}
	}
}

// A 4-bit checkpoint whose parts do not fit is refused.
func TestBitsandbytesRefuses(t *testing.T) {
	const name = "model.layers.0.self_attn.q_proj.weight"
	const state = name + ".quant_state.bitsandbytes__nf4"
	f, err := safetensors.Open(golden.Dir(t, quantized))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	change := func(part, from, to string) func(w named) {
		return func(w named) {
			x := w[part]
			x.Data = []byte(strings.Replace(string(x.Data), from, to, 1))
			w[part] = x
		}
	}
	for _, c := range []struct {
		change func(w named)
		out    int
		want   string
	}{
		{func(w named) {}, 256, ""},
		{func(w named) {}, 128, "config.json wants [128 256]"},
		{change(state, "nf4", "fp4"), 256, "fp4"},
		{change(state, `"blocksize": 64`, `"blocksize": 32`), 256, "blocks of 32"},
		{change(state, `"nested_blocksize": 256`, `"nested_blocksize": 64`), 256, "nested blocks of 64"},
		{change(state, "{", "["), 256, "quant_state"},
		{change(name+".quant_map", "\x00\x00\x80\xbf", "\x00\x00\x80\xbe"), 256, "quant_map"},
	} {
		w := named{}
		for _, n := range f.Names() {
			if strings.HasPrefix(n, name) {
				w[n], _ = f.Tensor(n)
			}
		}
		c.change(w)
		_, err := readBitsandbytes(w, name, c.out, 256)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("error %v, want one that says %q", err, c.want)
		}
	}
}
