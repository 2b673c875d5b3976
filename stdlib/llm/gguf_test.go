package llm

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/cpu"
	"cogumi/kernels/ggml"
	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/chat"
	"cogumi/stdlib/llm/gguf"
	"cogumi/stdlib/llm/gguf/gguftest"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
	"cogumi/stdlib/llm/tokenizer"
)

// loadGGUF puts the model of a GGUF file on a device.
func loadGGUF(t testing.TB, device kernels.Device, path string, o Options) *Model {
	t.Helper()
	g, err := gguf.OpenModel(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(device, g.Folder(), g, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close(); g.Close() })
	return m
}

type recordedChat struct {
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	Prompt string  `json:"prompt"`
	IDs    []int32 `json:"ids"`
	Want   struct {
		IDs    []int32      `json:"ids"`
		Text   string       `json:"text"`
		Margin float64      `json:"min_margin"`
		Top    [][2]float64 `json:"prompt_top10"`
	} `json:"transformers_f32_dequantised"`
}

func recordedChats(t *testing.T) (rows []recordedChat) {
	t.Helper()
	f, err := os.Open(golden.Dir(t, "golden/gguf/smollm2_greedy.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var row recordedChat
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	if len(rows) != 5 {
		t.Fatalf("%d chats", len(rows))
	}
	return rows
}

// A real model, from the file to the text: template, ids, logits, greedy answers
// are those of transformers with the dequantised weights.
func TestSmolLM2(t *testing.T) {
	m := loadGGUF(t, cpu.New(), golden.Model(t, golden.SmolLM2), Options{})
	if m.Format != "q4_1" {
		t.Errorf("format %q", m.Format)
	}
	if m.Bytes > 105<<20 {
		t.Errorf("the weights take %d bytes, the file 98 MB", m.Bytes)
	}
	var prompts [][]int32
	rows := recordedChats(t)
	for i, row := range rows {
		checkPrompt(t, m, i, row)
		prompts = append(prompts, row.IDs)
	}
	got, err := m.Generate(context.Background(), nil, prompts, GenerateConfig{MaxTokens: 64}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if row.Want.Margin >= 1e-2 && !slices.Equal(got[i].IDs, row.Want.IDs) {
			t.Errorf("chat %d: %q\nwant %q", i, m.Tokenizer.Decode(got[i].IDs, true), row.Want.Text)
		}
		text := m.Tokenizer.Decode(got[i].IDs, true)
		if row.Want.Margin >= 1e-2 && strings.TrimSpace(text) != strings.TrimSpace(row.Want.Text) {
			t.Errorf("chat %d: %q, want %q", i, text, row.Want.Text)
		}
	}
}

func checkPrompt(t *testing.T, m *Model, i int, row recordedChat) {
	t.Helper()
	var turns []chat.Message
	for _, m := range row.Messages {
		turns = append(turns, chat.Message{Role: m.Role, Content: m.Content})
	}
	prompt, err := m.Prompt(turns)
	if err != nil || prompt != row.Prompt {
		t.Errorf("chat %d: prompt %q (%v), want %q", i, prompt, err, row.Prompt)
	}
	if ids := m.Tokenizer.Encode(prompt, tokenizer.Options{}); !slices.Equal(ids, row.IDs) {
		t.Errorf("chat %d: ids %v, want %v", i, ids, row.IDs)
	}
	logits, err := m.Logits(context.Background(), nil, row.IDs)
	if err != nil {
		t.Fatal(err)
	}
	last := logits[len(logits)-m.Config.VocabSize:]
	for _, top := range row.Want.Top {
		if d := math.Abs(float64(last[int(top[0])]) - top[1]); !(d <= 5e-3) {
			t.Errorf("chat %d: logit of %g is %g, want %g", i, top[0], last[int(top[0])], top[1])
		}
	}
	best := slices.Index(last, slices.Max(last))
	if best != int(row.Want.Top[0][0]) {
		t.Errorf("chat %d: the best token is %d, want %g", i, best, row.Want.Top[0][0])
	}
}

// asGGUF writes a recorded model as llama.cpp's converter does, in f32; matrices
// are what change makes of them.
func asGGUF(t *testing.T, name string, change func(gguftest.Tensor) gguftest.Tensor) string {
	t.Helper()
	m := loadFamily(t, cpu.New(), name, "config.json", Options{})
	c := m.Config
	arch := map[string]string{"LlamaForCausalLM": "llama", "Qwen2ForCausalLM": "qwen2", "Qwen3ForCausalLM": "qwen3"}[c.Architecture]
	f := &gguftest.File{}
	f.Set("general.architecture", arch)
	for key, n := range map[string]int{"context_length": c.MaxPositions, "embedding_length": c.Hidden, "block_count": c.Layers,
		"feed_forward_length": c.Intermediate, "attention.head_count": c.Heads, "attention.head_count_kv": c.KVHeads,
		"attention.key_length": c.HeadDim, "attention.value_length": c.HeadDim} {
		f.Set(arch+"."+key, n)
	}
	f.Set(arch+".attention.layer_norm_rms_epsilon", float32(c.RMSEps))
	f.Set(arch+".rope.freq_base", float32(c.RopeTheta))
	f.SetVocabulary(map[string]string{"llama": "llama-bpe", "qwen2": "qwen2", "qwen3": "qwen2"}[arch], c.VocabSize)
	w, err := safetensors.Open(golden.Dir(t, "golden/families/"+name))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, n := range w.Names() {
		x, _ := w.Tensor(n)
		data := slices.Clone(x.Data)
		if arch == "llama" && strings.Contains(n, "q_proj") {
			data = permute(data, x.Shape[0], c.Heads)
		} else if arch == "llama" && strings.Contains(n, "k_proj") {
			data = permute(data, x.Shape[0], c.KVHeads)
		}
		tensor := gguftest.Tensor{Name: fileName(n), Shape: x.Shape, Data: data}
		if len(x.Shape) == 2 && change != nil {
			tensor = change(tensor)
		}
		f.Tensors = append(f.Tensors, tensor)
	}
	switch c.RopeScaling.Type {
	case "linear":
		f.Set(arch+".rope.scaling.type", "linear")
		f.Set(arch+".rope.scaling.factor", float32(c.RopeScaling.Factor))
	case "llama3": // the divisors, in a tensor
		scaled, plain := c.InvFreq(), *c
		plain.RopeScaling = hfconfig.RopeScaling{Type: "default"}
		divisors := plain.InvFreq()
		for i := range divisors {
			divisors[i] /= scaled[i]
		}
		f.Tensors = append(f.Tensors, gguftest.Tensor{Name: "rope_freqs.weight", Shape: []int{len(divisors)}, Data: gguftest.Floats(divisors)})
	}
	path := filepath.Join(t.TempDir(), "model.gguf")
	if err := os.WriteFile(path, f.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// permute moves row h·d/2+i of each head to 2i+h.
func permute(data []byte, rows, heads int) []byte {
	size, d := len(data)/rows, rows/heads
	out := make([]byte, len(data))
	for r := range rows {
		head, half, i := r/d, r%d/(d/2), r%(d/2)
		copy(out[(head*d+2*i+half)*size:][:size], data[r*size:])
	}
	return out
}

// fileName is how GGUF names a tensor of transformers.
func fileName(name string) string {
	return strings.NewReplacer("model.layers.", "blk.", "model.embed_tokens", "token_embd", "model.norm", "output_norm", "lm_head", "output",
		"input_layernorm", "attn_norm", "post_attention_layernorm", "ffn_norm", "self_attn.q_proj", "attn_q", "self_attn.k_proj", "attn_k",
		"self_attn.v_proj", "attn_v", "self_attn.o_proj", "attn_output", "self_attn.q_norm", "attn_q_norm", "self_attn.k_norm", "attn_k_norm",
		"mlp.gate_proj", "ffn_gate", "mlp.up_proj", "ffn_up", "mlp.down_proj", "ffn_down").Replace(name)
}

// Each family gives the recorded logits from a GGUF file as well, and the same
// weights when they are quantised here.
func TestFamiliesFromGGUF(t *testing.T) {
	for _, name := range []string{"llama3-rope", "llama-linear-rope", "llama-untied-bias", "smollm2-like", "qwen2", "qwen3-headdim24"} {
		t.Run(name, func(t *testing.T) {
			var want familyExpected
			readJSON(t, "golden/families/"+name+"/expected.json", &want)
			path := asGGUF(t, name, nil)
			m := loadGGUF(t, cpu.New(), path, Options{})
			got, err := m.Logits(context.Background(), nil, want.IDs)
			if err != nil {
				t.Fatal(err)
			}
			compareRows(t, got, recordedFamilies()[name], "logits", want, 5e-5)
			compareArgmax(t, got, want)
			if name == "llama3-rope" { // its divisors are rounded once more
				return
			}
			a, err := loadGGUF(t, cpu.New(), path, Options{NF4: true}).Logits(context.Background(), nil, want.IDs[:30])
			if err != nil {
				t.Fatal(err)
			}
			b, err := loadFamily(t, cpu.New(), name, "config.json", Options{NF4: true}).Logits(context.Background(), nil, want.IDs[:30])
			if err != nil {
				t.Fatal(err)
			}
			within(t, "quantised here", a, b, 1e-5)
			if largest(a, got[:len(a)]) < 1e-2 {
				t.Error("nothing was quantised")
			}
		})
	}
}

// inEights quantises a matrix to Q8_0 with scales that are powers of two.
func inEights(x gguftest.Tensor) gguftest.Tensor {
	v := floats(x.Data)
	var out []byte
	for ; len(v) > 0; v = v[32:] {
		var top float64
		for _, a := range v[:32] {
			top = max(top, math.Abs(float64(a)))
		}
		_, e := math.Frexp(top / 127) // top/127 < 2^e
		out = binary.LittleEndian.AppendUint16(out, uint16(e+15)<<10)
		for _, a := range v[:32] {
			out = append(out, byte(int8(math.Round(float64(a)/math.Ldexp(1, e)))))
		}
	}
	return gguftest.Tensor{Name: x.Name, Type: 8, Shape: x.Shape, Data: out}
}

// backToFloats gives the values of inEights.
func backToFloats(x gguftest.Tensor) gguftest.Tensor {
	q := inEights(x)
	v := make([]float32, len(q.Data)/34*32)
	ggml.Dequantize(v, q.Data, kernels.Q8_0)
	return gguftest.Tensor{Name: x.Name, Shape: x.Shape, Data: gguftest.Floats(v)}
}

// Weights that stay in a file's blocks give the bits that their values give:
// logits, and the gradients of an adapter.
func TestBlocksAreTheirValues(t *testing.T) {
	var want familyExpected
	readJSON(t, "golden/families/qwen2/expected.json", &want)
	examples := []Example{{IDs: want.IDs[:40], Labels: want.IDs[:40]}}
	for name, device := range devices() {
		var logits, grads [2][]float32
		for i, change := range []func(gguftest.Tensor) gguftest.Tensor{inEights, backToFloats} {
			m := loadGGUF(t, device, asGGUF(t, "qwen2", change), Options{})
			if format := []string{"q8_0", "f32"}[i]; m.Format != format {
				t.Errorf("%s: format %s, want %s", name, m.Format, format)
			}
			var err error
			if logits[i], err = m.Logits(context.Background(), nil, want.IDs); err != nil {
				t.Fatal(err)
			}
			a, err := NewAdapter(m, AdapterConfig{Rank: 4, Alpha: 8}, 1)
			if err != nil {
				t.Fatal(err)
			}
			spread(t, a)
			tr := newTestTrainer(t, a, AdamW, 64)
			if _, err := tr.Gradients(context.Background(), examples); err != nil {
				t.Fatal(err)
			}
			for _, g := range tr.grads {
				x := make([]float32, g.Len())
				if err := device.Read(g, 0, floatBytes(x)); err != nil {
					t.Fatal(err)
				}
				grads[i] = append(grads[i], x...)
			}
		}
		if !slices.Equal(logits[0], logits[1]) || !slices.Equal(grads[0], grads[1]) {
			t.Errorf("%s: blocks and their values differ", name)
		}
		if norm(grads[0]) == 0 {
			t.Errorf("%s: no gradients", name)
		}
	}
}
