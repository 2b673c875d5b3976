package gguf

import (
	"bytes"
	"encoding/binary"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"cogumi/kernels"
	"cogumi/stdlib/llm/gguf/gguftest"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
	"cogumi/stdlib/llm/tokenizer"
)

func addressOf(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }

// small is a Llama of one layer, hidden 4, two heads.
func small() *gguftest.File {
	f := &gguftest.File{}
	for k, v := range map[string]any{
		"general.architecture": "llama", "llama.block_count": 1, "llama.context_length": 32, "llama.embedding_length": 8,
		"llama.feed_forward_length": 6, "llama.attention.head_count": 2, "llama.attention.head_count_kv": 1,
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5), "llama.rope.freq_base": float32(1000),
	} {
		f.Set(k, v)
	}
	f.SetVocabulary("gpt-2", 100)
	add := func(name string, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i)
		}
		f.Tensors = append(f.Tensors, gguftest.Tensor{Name: name, Shape: shape, Data: gguftest.Floats(x)})
	}
	add("token_embd.weight", 100, 8)
	add("output_norm.weight", 8)
	add("blk.0.attn_norm.weight", 8)
	add("blk.0.attn_q.weight", 8, 8)
	add("blk.0.attn_k.weight", 4, 8)
	add("blk.0.attn_v.weight", 4, 8)
	add("blk.0.attn_output.weight", 8, 8)
	add("blk.0.ffn_norm.weight", 8)
	add("blk.0.ffn_gate.weight", 6, 8)
	add("blk.0.ffn_up.weight", 6, 8)
	add("blk.0.ffn_down.weight", 8, 6)
	return f
}

func TestSmall(t *testing.T) {
	for _, version := range []uint32{2, 3} {
		f := small()
		f.Version = version
		path := filepath.Join(t.TempDir(), "small.gguf")
		if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := OpenModel(path)
		if err != nil {
			t.Fatal(err)
		}
		c, err := hfconfig.Read(m.Folder())
		if err != nil {
			t.Fatal(err)
		}
		if c.Heads != 2 || c.KVHeads != 1 || c.HeadDim != 4 || c.RopeTheta != 1000 || !c.TieEmbeddings || c.BOS != 98 || !reflect.DeepEqual(c.EOS, []int{99}) {
			t.Errorf("%+v", c)
		}
		if m.Quantized() {
			t.Error("F32 is called quantised")
		}
		if len(m.Names()) != 11 || m.Names()[0] != "model.embed_tokens.weight" {
			t.Errorf("%q", m.Names())
		}
		q, ok := m.Tensor("model.layers.0.self_attn.q_proj.weight")
		// Rows 0 1 2 3 of a head in the file are 0 2 1 3 in transformers.
		if want := []byte{0, 2, 1, 3, 4, 6, 5, 7}; !ok || !bytes.Equal(rowsOf(q.Data, 8), want) {
			t.Errorf("rows of q: %v, want %v", rowsOf(q.Data, 8), want)
		}
		k, _ := m.Tensor("model.layers.0.self_attn.k_proj.weight")
		if want := []byte{0, 2, 1, 3}; !bytes.Equal(rowsOf(k.Data, 8), want) {
			t.Errorf("rows of k: %v, want %v", rowsOf(k.Data, 8), want)
		}
		v, _ := m.Tensor("model.layers.0.self_attn.v_proj.weight")
		if want := []byte{0, 1, 2, 3}; !bytes.Equal(rowsOf(v.Data, 8), want) {
			t.Errorf("rows of v: %v, want %v", rowsOf(v.Data, 8), want)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// rowsOf gives which row each row was: values are counted up.
func rowsOf(data []byte, cols int) (rows []byte) {
	x, err := safetensors.Float32s(safetensors.Tensor{DType: "F32", Data: data})
	if err != nil {
		panic(err)
	}
	for i := 0; i < len(x); i += cols {
		rows = append(rows, byte(int(x[i])/cols))
	}
	return rows
}

// What is not known is refused by its name.
func TestRefused(t *testing.T) {
	set := func(key string, value any) func(*gguftest.File) {
		return func(f *gguftest.File) { f.Set(key, value) }
	}
	drop := func(key string) func(*gguftest.File) { return func(f *gguftest.File) { f.Drop(key) } }
	for _, c := range []struct {
		change func(*gguftest.File)
		want   string
	}{
		{set("general.architecture", "mamba"), `"mamba"`},
		{drop("general.architecture"), "general.architecture"},
		{set("general.architecture", 7), "general.architecture is int64"},
		{set("split.count", 3), "one of 3 parts"},
		{set("llama.attention.clamp_kqv", float32(3)), "llama.attention.clamp_kqv"},
		{set("llama.expert_count", 8), "mixtures of experts"},
		{set("llama.rope.scaling.type", "yarn"), "yarn"},
		{set("llama.rope.dimension_count", 2), "rope.dimension_count is 2"},
		{set("llama.attention.value_length", 8), "value_length is 8"},
		{set("llama.attention.head_count_kv", []int{1, 1}), "head_count_kv is []int64"},
		{drop("llama.block_count"), "llama.block_count"},
		{drop("llama.attention.layer_norm_rms_epsilon"), "epsilon"},
		{set("tokenizer.ggml.model", "t5"), `"t5" is not supported`},
		{set("tokenizer.ggml.pre", "refact"), `"refact"`},
		{drop("tokenizer.ggml.pre"), "tokenizer.ggml.pre"},
		{set("tokenizer.ggml.add_space_prefix", true), "add_space_prefix"},
		{set("tokenizer.ggml.token_type", []int{1}), "the types of 1"},
		{set("tokenizer.ggml.eos_token_id", 100), "eos_token_id is 100"},
		{set("tokenizer.ggml.tokens", append([]string{"!", "!"}, make([]string, 98)...)), "twice"},
		{set("tokenizer.chat_template", "\xff"), "not UTF-8"},
		{func(f *gguftest.File) { f.Tensors[3].Name = "blk.0.ffn_gate_inp.weight" }, "ffn_gate_inp"},
		{func(f *gguftest.File) { f.Tensors[3].Name = "blk.00.attn_q.weight" }, "blk.00"},
		{func(f *gguftest.File) { f.Tensors[0].Name = "token_types.weight" }, "token_types"},
		{func(f *gguftest.File) { f.Tensors[0].Type = 22 }, "IQ2_S is not supported"},
		{func(f *gguftest.File) { f.Tensors[0].Type = 99 }, "type 99 is not supported"},
		{func(f *gguftest.File) { f.Tensors[0].Type = 2 }, "no blocks of Q4_0"},
		{func(f *gguftest.File) { f.Tensors[1].Name = f.Tensors[0].Name }, "twice"},
		{func(f *gguftest.File) { f.Tensors[0].Shape = []int{110, 8} }, "overlap"},
		{func(f *gguftest.File) { f.Tensors[10].Shape = []int{1000, 8} }, "cut short"},
		{func(f *gguftest.File) { f.Tensors[0].Shape = []int{0, 8} }, "a dimension is 0"},
		{func(f *gguftest.File) { f.Tensors[0].Shape = []int{1, 1, 1, 100, 8} }, "5 dimensions"},
		{func(f *gguftest.File) { f.Version = 1 }, "version 1"},
		{func(f *gguftest.File) { f.Version = 3 << 24 }, "big-endian"},
		{set("general.alignment", 12), "general.alignment"},
		{set("general.alignment", 4096), "no multiple of 4096"},
	} {
		f := small()
		c.change(f)
		file, err := Parse(f.Bytes())
		if err == nil {
			_, err = NewModel(file)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %s", err, c.want)
		}
	}
}

// However a file is cut, or whatever a length says, the error comes before the
// memory is taken.
func TestCutShort(t *testing.T) {
	b := small().Bytes()
	for n := 0; n < len(b); n += 1 + n/97 {
		if n > len(b)-32 {
			break // padding behind the last tensor is not needed
		}
		if _, err := Parse(b[:n:n]); err == nil {
			t.Fatalf("%d of %d bytes were accepted", n, len(b))
		}
	}
	for at := 0; at+8 <= 2000; at++ {
		x := bytes.Clone(b)
		binary.LittleEndian.PutUint64(x[at:], 1<<60+7)
		if f, err := Parse(x); err == nil {
			NewModel(f)
		}
	}
}

// A file of chat models gets its template, BOS and the tokens that end answers.
func TestTokenizerJSON(t *testing.T) {
	f := small()
	f.Set("tokenizer.ggml.pre", "llama-bpe")
	tokens := f.Values[indexOf(f, "tokenizer.ggml.tokens")].([]string)
	types := f.Values[indexOf(f, "tokenizer.ggml.token_type")].([]int)
	tokens[95], types[95] = "<|eot_id|>", 3
	tokens[96], types[96] = "<tool>", 4
	tokens[97], types[97] = "[PAD97]", 5
	tokens[94] = "ab"
	f.Set("tokenizer.ggml.merges", []string{"a b"})
	f.Set("tokenizer.chat_template", "{{ bos_token }}x")
	file, err := Parse(f.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModel(file)
	if err != nil {
		t.Fatal(err)
	}
	c, err := hfconfig.Read(m.Folder())
	if err != nil || !reflect.DeepEqual(c.EOS, []int{99, 95}) {
		t.Errorf("%v, %+v", err, c)
	}
	b, err := fs.ReadFile(m.Folder(), "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("ab<tool><|eot_id|>[PAD97]", tokenizer.Options{AddSpecial: true}); !reflect.DeepEqual(got[:4], []int32{98, 94, 96, 95}) {
		t.Errorf("%v", got)
	}
	if tok.Special(96) || !tok.Special(95) {
		t.Error("a user's token is special, or a control token is none")
	}
	if _, ok := tok.TokenBytes(97); ok {
		t.Error("an unused id stands for something")
	}
	b, err = fs.ReadFile(m.Folder(), "tokenizer_config.json")
	if err != nil || !bytes.Contains(b, []byte(`"bos_token":"\u003cs\u003e"`)) || !bytes.Contains(b, []byte("bos_token }}x")) {
		t.Errorf("%s, %v", b, err)
	}
	if _, err := fs.ReadFile(m.Folder(), "generation_config.json"); !os.IsNotExist(err) {
		t.Errorf("a file that is not there: %v", err)
	}
}

func indexOf(f *gguftest.File, key string) int {
	for i, k := range f.Keys {
		if k == key {
			return i
		}
	}
	return -1
}

// Whatever the bytes, Parse and NewModel end with an error or with tensors that
// lie in the file.
func FuzzParse(f *testing.F) {
	s := small()
	s.Tensors[3].Type, s.Tensors[3].Shape, s.Tensors[3].Data = 8, []int{8, 32}, make([]byte, 8*34)
	f.Add(s.Bytes())
	tiny := &gguftest.File{Tensors: []gguftest.Tensor{{Name: "token_embd.weight", Type: 12, Shape: []int{1, 256}, Data: make([]byte, 144)}}}
	tiny.Set("general.architecture", "qwen2")
	tiny.Set("a", []float32{1, 2})
	tiny.Set("b", uint64(1<<63))
	f.Add(tiny.Bytes())
	tiny.Drop("b")
	f.Add(tiny.Bytes())
	// A whole model in a few hundred bytes, so that mutations hit what matters.
	least := &gguftest.File{}
	for _, key := range []string{"block_count", "context_length", "embedding_length", "feed_forward_length", "attention.head_count"} {
		least.Set("llama."+key, 2)
	}
	least.Set("llama.attention.layer_norm_rms_epsilon", float32(1e-5))
	least.Set("general.architecture", "llama")
	least.SetVocabulary("llama-bpe", 3)
	least.Tensors = []gguftest.Tensor{{Name: "token_embd.weight", Shape: []int{3, 2}, Data: make([]byte, 24)}, {Name: "blk.0.attn_q.bias", Shape: []int{4}, Data: make([]byte, 16)}}
	f.Add(least.Bytes())
	for _, value := range []any{true, "none", []string{"a b"}, []int{1, -1}, float32(2)} {
		f.Add((&gguftest.File{Keys: []string{"k"}, Values: []any{value}}).Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse(b)
		if err != nil {
			return
		}
		for _, name := range file.Names() {
			x, ok := file.Tensor(name)
			n := len(x.Data)
			for _, d := range x.Shape {
				n = min(n, n*d)
			}
			if !ok || n == 0 || addressOf(x.Data) < addressOf(b) || addressOf(x.Data)+uintptr(len(x.Data)) > addressOf(b)+uintptr(len(b)) {
				t.Fatalf("tensor %s: %d bytes of %v are not in the file", name, len(x.Data), x.Shape)
			}
		}
		m, err := NewModel(file)
		if err != nil {
			return
		}
		for _, name := range m.Names() {
			own, _ := file.Tensor(m.names[name])
			if x, ok := m.Tensor(name); !ok || len(x.Data) != len(own.Data) {
				t.Fatalf("tensor %s changed its size", name)
			}
		}
		hfconfig.Read(m.Folder())
		if b, err := fs.ReadFile(m.Folder(), "tokenizer.json"); err == nil {
			tokenizer.Load(b)
		}
	})
}

// The types' sizes are those that devices compute with.
func TestLayouts(t *testing.T) {
	sizes := map[string]layout{}
	for d := kernels.F32; d <= kernels.IQ4_XS; d++ {
		values, bytes := d.Block()
		name := strings.ToUpper(d.String())
		sizes[name] = layout{name, values, bytes}
	}
	for number, l := range layouts {
		if sizes[l.name] != l {
			t.Errorf("type %d: %v, devices say %v", number, l, sizes[l.name])
		}
	}
	for number, name := range others {
		if _, both := layouts[number]; both {
			t.Errorf("%s is read, and refused", name)
		}
	}
}
