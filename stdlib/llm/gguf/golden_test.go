package gguf

import (
	"encoding/json"
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
	b, err := fs.ReadFile(openSmolLM2(t).Folder(), "tokenizer.json")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(b)
	if err != nil {
		t.Fatal(err)
	}
	dir := golden.Dir(t, "golden/tokenizer/smollm2")
	n := 0
	for _, name := range []string{"encode.jsonl", "decode.jsonl"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			var row struct {
				Text    *string
				IDs     []int32
				Decoded string
			}
			if err := json.Unmarshal([]byte(line), &row); err != nil {
				t.Fatal(err)
			}
			n++
			if row.Text != nil {
				for _, special := range []bool{false, true} {
					if got := tok.Encode(*row.Text, tokenizer.Options{AddSpecial: special}); !slices.Equal(got, row.IDs) {
						t.Errorf("%+q: %v, want %v", *row.Text, got, row.IDs)
					}
				}
			}
			if got := tok.Decode(row.IDs, false); got != row.Decoded {
				t.Errorf("%v: %+q, want %+q", row.IDs, got, row.Decoded)
			}
		}
	}
	if n < 600 {
		t.Errorf("%d rows", n)
	}
}
