package hfconfig

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/safetensors"
)

// small is the least that a Llama must say about itself.
const small = `{"architectures":["LlamaForCausalLM"],"vocab_size":96,"hidden_size":64,"intermediate_size":48,
	"num_hidden_layers":2,"num_attention_heads":4 MORE}`

func with(more string) []byte {
	if more != "" {
		more = "," + more
	}
	return []byte(strings.Replace(small, "MORE", more, 1))
}

func TestDefaults(t *testing.T) {
	got, err := Parse(with(""), nil)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Architecture: "LlamaForCausalLM", VocabSize: 96, Hidden: 64, Intermediate: 48, Layers: 2, Heads: 4, KVHeads: 4, HeadDim: 16,
		RMSEps: 1e-6, RopeTheta: 10000, RopeScaling: RopeScaling{Type: "default"}, MaxPositions: 2048, BOS: -1, Pad: -1,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestBothSpellings(t *testing.T) {
	for _, c := range []struct{ v4, v5 string }{
		{`"rope_theta":5e5,"torch_dtype":"bfloat16"`, `"rope_parameters":{"rope_theta":5e5,"rope_type":"default"},"dtype":"bfloat16"`},
		{`"rope_theta":10000.0,"rope_scaling":null`, `"rope_parameters":{"rope_theta":10000.0}`},
		{`"rope_scaling":{"type":"linear","factor":4}`, `"rope_parameters":{"rope_type":"linear","factor":4.0}`},
		{`"rope_theta":5e5,"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}`,
			`"rope_parameters":{"rope_theta":5e5,"rope_type":"llama3","factor":8.0,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}`},
	} {
		a, err := Parse(with(c.v4), nil)
		if err != nil {
			t.Fatal(err)
		}
		b, err := Parse(with(c.v5), nil)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Errorf("%s\n%+v\n%s\n%+v", c.v4, a, c.v5, b)
		}
	}
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		config, generation string
		bos, pad           int
		eos                []int
	}{
		{`"bos_token_id":1,"eos_token_id":2,"pad_token_id":3`, ``, 1, 3, []int{2}},
		{`"bos_token_id":1,"eos_token_id":[2,4]`, `{"eos_token_id":[5,6,7]}`, 1, -1, []int{5, 6, 7}},
		{`"bos_token_id":1,"eos_token_id":2`, `{"bos_token_id":null,"temperature":0.6}`, 1, -1, []int{2}},
		{`"eos_token_id":2,"pad_token_id":-1`, `{"pad_token_id":9}`, -1, 9, []int{2}},
		{`"pad_token_id":96`, `{}`, -1, -1, nil},
	} {
		var generation []byte
		if c.generation != "" {
			generation = []byte(c.generation)
		}
		got, err := Parse(with(c.config), generation)
		if err != nil {
			t.Fatal(err)
		}
		if got.BOS != c.bos || got.Pad != c.pad || !slices.Equal(got.EOS, c.eos) {
			t.Errorf("%s %s: bos %d, eos %v, pad %d", c.config, c.generation, got.BOS, got.EOS, got.Pad)
		}
	}
}

func TestRefused(t *testing.T) {
	for more, want := range map[string]string{
		`"architectures":["MambaForCausalLM"]`:     `"MambaForCausalLM"`,
		`"architectures":["LlamaForCausalLM","X"]`: "want one",
		`"architectures":"LlamaForCausalLM"`:       "want a list",
		`"model_type":"mistral"`:                   `"mistral"`,
		`"model_type":"qwen2","architectures":["Qwen2ForCausalLM"],"num_key_value_heads":4,"use_sliding_window":true,"layer_types":["chunked_attention","full_attention"]`: "chunked_attention",
		`"model_type":"qwen2","architectures":["Qwen2ForCausalLM"],"num_key_value_heads":4,"use_sliding_window":true,"layer_types":["full_attention"]`:                     "list of 2",
		`"hidden_act":"gelu"`:                               `hidden_act: "gelu"`,
		`"hidden_size":0`:                                   "hidden_size: 0",
		`"hidden_size":64.0`:                                "hidden_size: 64.0",
		`"hidden_size":null`:                                "hidden_size: missing",
		`"hidden_size":1e18`:                                "hidden_size",
		`"vocab_size":99999999999999999999`:                 "vocab_size",
		`"num_key_value_heads":3`:                           "num_key_value_heads: 3",
		`"head_dim":15`:                                     "head_dim: 15",
		`"head_dim":1000000`:                                "head_dim",
		`"num_attention_heads":5`:                           "num_attention_heads: 5",
		`"rms_norm_eps":0`:                                  "rms_norm_eps",
		`"rms_norm_eps":"1e-5"`:                             "rms_norm_eps",
		`"tie_word_embeddings":1`:                           "tie_word_embeddings",
		`"torch_dtype":"float8_e4m3fn"`:                     "float8_e4m3fn",
		`"rope_scaling":{"rope_type":"yarn","factor":4}`:    `rope_type: "yarn"`,
		`"rope_scaling":{"type":"dynamic","factor":4}`:      `"dynamic"`,
		`"rope_scaling":{"type":"linear"}`:                  "rope_scaling: factor",
		`"rope_scaling":{"type":"linear","factor":0.5}`:     "factor",
		`"rope_parameters":{"rope_type":"llama3"}`:          "original_max_position_embeddings: missing",
		`"rope_parameters":[1]`:                             "rope_parameters",
		`"rope_theta":1,"rope_parameters":{}`:               "rope_theta",
		`"rope_theta":5,"rope_parameters":{"rope_theta":6}`: "rope_theta is 5",
		`"partial_rotary_factor":0.5`:                       "partial_rotary_factor",
		`"rope_parameters":{"partial_rotary_factor":0.5}`:   "partial_rotary_factor",
		`"eos_token_id":96`:                                 "96 is outside",
		`"eos_token_id":"</s>"`:                             "eos_token_id",
		`"eos_token_id":[null]`:                             "eos_token_id",
		`"bos_token_id":[1,2]`:                              "bos_token_id",
		`"quantization_config":{"quant_method":"gptq"}`:     `"gptq"`,
		`"quantization_config":{"quant_method":"bitsandbytes","load_in_8bit":true}`:                                                                 "4-bit",
		`"quantization_config":{"quant_method":"bitsandbytes","load_in_4bit":true}`:                                                                 `"fp4"`,
		`"quantization_config":{"quant_method":"bitsandbytes","load_in_4bit":true,"bnb_4bit_quant_type":"nf4","bnb_4bit_quant_storage":"bfloat16"}`: "storage",
		`"quantization_config":7`: "quantization_config",
	} {
		_, err := Parse(with(more), nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %s", more, err, want)
		}
	}
	for _, whole := range []string{"", "[]", "null", "{}", small} {
		if _, err := Parse([]byte(whole), nil); err == nil {
			t.Errorf("%q was accepted", whole)
		}
	}
	if _, err := Parse(with(""), []byte(`{"eos_token_id":1000}`)); err == nil || !strings.Contains(err.Error(), "generation_config.json") {
		t.Errorf("error %v does not name the file", err)
	}
}

func TestTiny(t *testing.T) {
	got, err := Read(os.DirFS(golden.Dir(t, "models/tiny")))
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Architecture: "LlamaForCausalLM", VocabSize: 2048, Hidden: 256, Intermediate: 704, Layers: 8, Heads: 4, KVHeads: 2, HeadDim: 64,
		RMSEps: 1e-5, RopeTheta: 10000, RopeScaling: RopeScaling{Type: "default"}, TieEmbeddings: true, MaxPositions: 1024,
		BOS: 2042, EOS: []int{2046}, Pad: 2047, DType: "bfloat16",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got, err = Read(os.DirFS(golden.Dir(t, "golden/nf4/tiny-bnb-4bit"))); err != nil {
		t.Fatal(err)
	}
	want.Quantization = &Quant{Method: "bitsandbytes", Type: "nf4", DoubleQuant: true, ComputeDType: "bfloat16"}
	got.BOS, got.EOS, got.Pad = want.BOS, want.EOS, want.Pad
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestFamilies(t *testing.T) {
	root := golden.Dir(t, "golden/families")
	dirs, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for _, d := range dirs {
		dir := filepath.Join(root, d.Name())
		config, err := os.ReadFile(filepath.Join(dir, "config.json"))
		if err != nil {
			t.Fatal(err)
		}
		c, err := Parse(config, nil)
		if err != nil {
			t.Errorf("%s: %v", d.Name(), err)
			continue
		}
		tried++
		if d.Name() == "mistral-window16" && c.SlidingWindow != 16 {
			t.Errorf("%s: window %d", d.Name(), c.SlidingWindow)
		}
		if d.Name() == "qwen2" && (!c.QKVBias || c.OBias || c.QKNorm) || d.Name() == "qwen3-headdim24" && (c.QKVBias || !c.QKNorm || c.HeadDim != 24) {
			t.Errorf("%s: %+v", d.Name(), c)
		}
		if d.Name() == "llama-untied-bias" && !(c.QKVBias && c.OBias && c.MLPBias && !c.TieEmbeddings) {
			t.Errorf("%s: %+v", d.Name(), c)
		}
		if old, err := os.ReadFile(filepath.Join(dir, "config.v4.json")); err == nil {
			c4, err := Parse(old, nil)
			if err != nil || !reflect.DeepEqual(c, c4) {
				t.Errorf("%s: the spellings differ: %v\n%+v\n%+v", d.Name(), err, c, c4)
			}
		}
		if _, err := os.Stat(filepath.Join(dir, "expected.safetensors")); err == nil {
			compareInvFreq(t, d.Name(), c, filepath.Join(dir, "expected.safetensors"))
		}
	}
	if tried < 10 {
		t.Errorf("only %d families", tried)
	}
}

// What a configuration does not say is what the family's class says.
func TestFamilyDefaults(t *testing.T) {
	type seen struct {
		kv, dim, window int
		layers          []bool
	}
	for _, c := range []struct {
		model, more string
		want        seen
	}{
		{"Mistral", `"head_dim":16`, seen{8, 16, 4096, nil}},
		{"Mistral", `"sliding_window":null,"num_key_value_heads":null`, seen{16, 4, 0, nil}},
		{"Mistral", `"sliding_window":7,"use_sliding_window":false`, seen{8, 4, 7, nil}},
		{"Qwen2", `"num_key_value_heads":4,"sliding_window":7`, seen{4, 4, 0, nil}},
		{"Qwen2", `"num_key_value_heads":4,"sliding_window":7,"use_sliding_window":true,"max_window_layers":1`, seen{4, 4, 7, []bool{false, true, true}}},
		{"Qwen2", `"num_key_value_heads":4,"use_sliding_window":true,"max_window_layers":0`, seen{4, 4, 4096, []bool{true, true, true}}},
		{"Qwen3", `"num_key_value_heads":4`, seen{4, 128, 0, nil}},
		{"Qwen3", `"num_key_value_heads":4,"head_dim":null,"sliding_window":7,"use_sliding_window":true,"layer_types":["sliding_attention","full_attention","sliding_attention"]`,
			seen{4, 4, 7, []bool{true, false, true}}},
		{"Llama", `"sliding_window":7`, seen{16, 4, 0, nil}},
	} {
		text := strings.Replace(string(with(c.more)), `"LlamaForCausalLM"`, `"`+c.model+`ForCausalLM"`, 1)
		text = strings.Replace(text, `"num_hidden_layers":2,"num_attention_heads":4`, `"num_hidden_layers":3,"num_attention_heads":16`, 1)
		got, err := Parse([]byte(text), nil)
		if err != nil {
			t.Errorf("%s %s: %v", c.model, c.more, err)
			continue
		}
		if s := (seen{got.KVHeads, got.HeadDim, got.SlidingWindow, got.WindowLayers}); !reflect.DeepEqual(s, c.want) {
			t.Errorf("%s %s: %+v, want %+v", c.model, c.more, s, c.want)
		}
		if got.WindowLayers != nil && got.Window(0) != map[bool]int{true: got.SlidingWindow}[got.WindowLayers[0]] {
			t.Errorf("%s %s: layer 0 sees %d", c.model, c.more, got.Window(0))
		}
	}
}

func compareInvFreq(t *testing.T, name string, c *Config, path string) {
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	recorded, ok := f.Tensor("inv_freq")
	if !ok {
		return
	}
	want, err := safetensors.Float32s(recorded)
	if err != nil {
		t.Fatal(err)
	}
	got := c.InvFreq()
	if len(got) != len(want) {
		t.Fatalf("%s: %d frequencies, want %d", name, len(got), len(want))
	}
	for i := range got {
		if d := int(math.Float32bits(got[i])) - int(math.Float32bits(want[i])); d < -1 || d > 1 {
			t.Errorf("%s: inv_freq[%d] is %v, want %v (%d ulp)", name, i, got[i], want[i], d)
		}
	}
}

// A Llama-3.1-8B shape: the frequencies that its configuration is known for,
// computed independently in float64.
func TestInvFreqLlama31(t *testing.T) {
	c := &Config{HeadDim: 128, RopeTheta: 500000, RopeScaling: RopeScaling{Type: "llama3", Factor: 8, LowFreq: 1, HighFreq: 4, Original: 8192}}
	for i, got := range c.InvFreq() {
		freq := math.Pow(500000, -float64(2*i)/128)
		turns := 8192 * freq / (2 * math.Pi)
		mix := min(max((turns-1)/3, 0), 1)
		want := freq*mix + freq/8*(1-mix)
		if math.Abs(float64(got)-want) > 1e-6*want {
			t.Errorf("inv_freq[%d] is %v, want %v", i, got, want)
		}
	}
}

// Whatever the bytes, Parse ends with an error or a shape that can be computed.
func FuzzParse(f *testing.F) {
	f.Add(with(`"rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1,"high_freq_factor":4,"original_max_position_embeddings":8192}`), []byte(`{"eos_token_id":[1,2]}`))
	f.Add(with(`"quantization_config":{"quant_method":"bitsandbytes","load_in_4bit":true,"bnb_4bit_quant_type":"nf4"},"head_dim":16`), []byte(`{}`))
	f.Add(with(`"rope_parameters":{"rope_theta":5e5,"rope_type":"linear","factor":2},"pad_token_id":-1`), []byte(`null`))
	f.Fuzz(func(t *testing.T, config, generation []byte) {
		c, err := Parse(config, generation)
		if err != nil {
			return
		}
		if c.Heads%c.KVHeads != 0 || c.HeadDim%2 != 0 || min(c.VocabSize, c.Hidden, c.Layers, c.Intermediate, c.MaxPositions) < 1 {
			t.Fatalf("%+v", c)
		}
		for i, freq := range c.InvFreq() {
			if !(freq >= 0 && freq <= 1) {
				t.Fatalf("frequency %d is %v of %+v", i, freq, c)
			}
		}
	})
}
