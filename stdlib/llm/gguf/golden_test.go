package gguf

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels"
	"cogumi/kernels/ggml"
	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/gguf/gguftest"
	"cogumi/stdlib/llm/hfconfig"
	"cogumi/stdlib/llm/safetensors"
	"cogumi/stdlib/llm/tokenizer"
)

func openSmolLM2(t *testing.T) *Model {
	t.Helper()
	m, err := OpenModel(golden.Model(t, golden.SmolLM2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// Metadata and the table of tensors are what another reader says.
func TestSmolLM2File(t *testing.T) {
	m := openSmolLM2(t)
	b, err := os.ReadFile(golden.Dir(t, "golden/gguf/smollm2_file.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Metadata map[string]any
		Tensors  []struct {
			Name, Type string
			Shape      []int
			Offset     int
			Bytes      int
		}
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	for key, w := range want.Metadata {
		if strings.HasPrefix(key, "GGUF.") {
			continue
		}
		if got := plain(m.File.Metadata[key]); !reflect.DeepEqual(got, w) {
			t.Errorf("%s: %v, want %v", key, got, w)
		}
	}
	if got := m.File.Names(); len(got) != len(want.Tensors) || len(got) != 272 {
		t.Fatalf("%d tensors, want %d", len(got), len(want.Tensors))
	}
	first, _ := m.File.Tensor(want.Tensors[0].Name)
	for i, w := range want.Tensors {
		got, _ := m.File.Tensor(w.Name)
		if m.File.Names()[i] != w.Name || got.DType != w.Type || !slices.Equal(got.Shape, w.Shape) || len(got.Data) != w.Bytes {
			t.Errorf("tensor %d: %s %s %v, %d bytes, want %+v", i, got.Name, got.DType, got.Shape, len(got.Data), w)
		}
		if from := addressOf(got.Data) - addressOf(first.Data); int(from) != w.Offset-want.Tensors[0].Offset {
			t.Errorf("%s lies %d bytes behind the first, want %d", w.Name, from, w.Offset-want.Tensors[0].Offset)
		}
	}
}

// plain is a value as JSON would give it.
func plain(v any) any {
	b, _ := json.Marshal(v)
	var out any
	json.Unmarshal(b, &out)
	return out
}

// Rows are exact, as the file has them and in transformers' order.
func TestSmolLM2Rows(t *testing.T) {
	m := openSmolLM2(t)
	want, err := safetensors.Open(golden.Dir(t, "golden/gguf/smollm2_rows.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer want.Close()
	tried := 0
	for _, name := range want.Names() {
		recorded, _ := want.Tensor(name)
		w, err := safetensors.Float32s(recorded)
		if err != nil {
			t.Fatal(err)
		}
		own := strings.TrimSuffix(name, ".rows0-3")
		var got safetensors.Tensor
		var ok bool
		if hf, is := strings.CutPrefix(own, "hf."); is {
			got, ok = m.Tensor(hf)
		} else {
			got, ok = m.File.Tensor(strings.TrimPrefix(own, "gguf."))
		}
		if !ok {
			t.Errorf("no tensor for %s", name)
			continue
		}
		tried++
		x := make([]float32, len(w))
		switch got.DType {
		case "F32":
			copy(x, floats(t, got))
		case "Q8_0":
			ggml.Dequantize(x, got.Data[:len(w)/32*34], kernels.Q8_0)
		case "Q4_1":
			ggml.Dequantize(x, got.Data[:len(w)/32*20], kernels.Q4_1)
		}
		for i := range w {
			if math.Float32bits(x[i]) != math.Float32bits(w[i]) {
				t.Errorf("%s[%d] = %g, want %g", name, i, x[i], w[i])
				break
			}
		}
	}
	if tried != 11 {
		t.Errorf("%d of 11 tensors", tried)
	}
}

func floats(t *testing.T, x safetensors.Tensor) []float32 {
	v, err := safetensors.Float32s(x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSmolLM2Config(t *testing.T) {
	got, err := hfconfig.Read(openSmolLM2(t).Folder())
	if err != nil {
		t.Fatal(err)
	}
	want := &hfconfig.Config{Architecture: "LlamaForCausalLM", VocabSize: 49152, Hidden: 576, Intermediate: 1536, Layers: 30, Heads: 9, KVHeads: 3,
		HeadDim: 64, RMSEps: float64(float32(1e-5)), RopeTheta: 100_000, RopeScaling: hfconfig.RopeScaling{Type: "default"}, TieEmbeddings: true,
		MaxPositions: 8192, BOS: 1, EOS: []int{2, 0}, Pad: 2}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The tokenizer made from metadata says what Hugging Face's library says.
func TestSmolLM2Tokenizer(t *testing.T) {
	compareTokenizer(t, openSmolLM2(t), "smollm2")
}

// The same for vocabularies with the split patterns of Llama 3 and Qwen 2, whose
// metadata are written here as llama.cpp's converter does.
func TestTokenizersFromMetadata(t *testing.T) {
	for name, pre := range map[string]string{"llama3-pattern": "llama-bpe", "qwen-pattern": "qwen2"} {
		f := small()
		vocabularyOf(t, f, golden.Dir(t, "golden/tokenizer/"+name+"/tokenizer.json"))
		f.Set("tokenizer.ggml.pre", pre)
		file, err := Parse(f.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		m, err := NewModel(file)
		if err != nil {
			t.Fatal(err)
		}
		compareTokenizer(t, m, name)
	}
}

// vocabularyOf writes what tokenizer.json says as metadata.
func vocabularyOf(t *testing.T, f *gguftest.File, path string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Added []struct {
			ID      int
			Content string
			Special bool
		} `json:"added_tokens"`
		Post struct {
			Processors []struct {
				Special map[string]struct{ IDs []int } `json:"special_tokens"`
			}
		} `json:"post_processor"`
		Model struct {
			Vocab  map[string]int
			Merges [][2]string
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, id := range file.Model.Vocab {
		n = max(n, id+1)
	}
	for _, a := range file.Added {
		n = max(n, a.ID+1)
	}
	tokens, types := make([]string, n), make([]int, n)
	for i := range tokens {
		tokens[i], types[i] = fmt.Sprintf("[PAD%d]", i), unused
	}
	for text, id := range file.Model.Vocab {
		tokens[id], types[id] = text, normal
	}
	for _, a := range file.Added {
		tokens[a.ID], types[a.ID] = a.Content, userDefined
		if a.Special {
			types[a.ID] = control
		}
	}
	var merges []string
	for _, m := range file.Model.Merges {
		merges = append(merges, m[0]+" "+m[1])
	}
	f.Set("tokenizer.ggml.tokens", tokens)
	f.Set("tokenizer.ggml.token_type", types)
	f.Set("tokenizer.ggml.merges", merges)
	for _, p := range file.Post.Processors {
		for _, s := range p.Special {
			f.Set("tokenizer.ggml.bos_token_id", s.IDs[0])
		}
	}
}

// compareTokenizer compares with the recorded rows of a tokenizer.
func compareTokenizer(t *testing.T, m *Model, name string) {
	t.Helper()
	b, err := fs.ReadFile(m.Folder(), "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, file := range []string{"encode.jsonl", "decode.jsonl"} {
		b, err := os.ReadFile(filepath.Join(golden.Dir(t, "golden/tokenizer/"+name), file))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			var row struct {
				Text    *string
				IDs     []int32
				Special []int32 `json:"ids_add_special"`
				AsText  []int32 `json:"ids_special_as_text"`
				Decoded string
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			n++
			if got := tok.Decode(row.IDs, false); got != row.Decoded {
				t.Errorf("%s, %v: %+q, want %+q", name, row.IDs, got, row.Decoded)
			}
			if row.Text == nil {
				continue
			}
			for o, want := range map[tokenizer.Options][]int32{{}: row.IDs, {AddSpecial: true}: row.Special, {SpecialAsText: true}: row.AsText} {
				if want == nil {
					want = row.IDs
				}
				if got := tok.Encode(*row.Text, o); !slices.Equal(got, want) {
					t.Errorf("%s, %+v, %+q: %v, want %v", name, o, *row.Text, got, want)
				}
			}
		}
	}
	if n < 600 {
		t.Errorf("%s: %d rows", name, n)
	}
}
