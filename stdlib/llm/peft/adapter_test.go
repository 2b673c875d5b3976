package peft

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/safetensors"
)

func small() *Adapter {
	return &Adapter{
		BaseModel: "tiny <&>", R: 2, Alpha: 16, Dropout: 0.05, Targets: []string{"k_proj", "q_proj"},
		Tensors: map[string]Pair{
			"model.layers.0.self_attn.q_proj": {A: []float32{1, 2, 3, 4, 5, 6}, B: []float32{1, 0, 0, 1}, In: 3, Out: 2},
			"model.layers.0.self_attn.k_proj": {A: []float32{-1, 2, -3, 4, -5, 6}, B: []float32{0.5, 0.25}, In: 3, Out: 1},
		},
	}
}

func TestRoundTrip(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	want := small()
	if err := want.Write(folder); err != nil {
		t.Fatal(err)
	}
	got, err := Read(folder)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	files := contents(t, folder)
	if len(files) != 2 {
		t.Errorf("files %v", files)
	}
	// The same adapter, targets in another order: the same bytes.
	slices.Reverse(want.Targets)
	if err := want.Write(folder); err != nil {
		t.Fatal(err)
	}
	if again := contents(t, folder); !reflect.DeepEqual(files, again) {
		t.Error("the bytes changed")
	}
	// Another one over it: nothing of the first stays.
	other := small()
	other.Alpha, other.RSLoRA = 8, true
	delete(other.Tensors, "model.layers.0.self_attn.k_proj")
	if err := other.Write(folder); err != nil {
		t.Fatal(err)
	}
	if got, err = Read(folder); err != nil || !reflect.DeepEqual(got, other) {
		t.Errorf("%+v, %v", got, err)
	}
}

func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		out[e.Name()] = string(b)
	}
	return out
}

func TestScale(t *testing.T) {
	a := &Adapter{R: 16, Alpha: 32}
	if a.Scale("x") != 2 {
		t.Errorf("scale %v", a.Scale("x"))
	}
	a.RSLoRA = true
	if a.Scale("x") != 8 {
		t.Errorf("rsLoRA scale %v", a.Scale("x"))
	}
	a.Ranks, a.Alphas = Pattern{{"q_proj", 4}, {`layers\.[01]\..*proj`, 64}}, Pattern{{"v_proj", 8}}
	for name, want := range map[string]struct {
		r     int
		scale float64
	}{
		"model.layers.0.self_attn.q_proj": {4, 16}, "model.layers.1.self_attn.v_proj": {64, 1}, "model.layers.2.self_attn.v_proj": {16, 2},
		"model.layers.2.self_attn.qq_proj": {16, 8}, "model.layers.10.mlp.up_proj": {16, 8},
	} {
		if r, scale := a.Rank(name), a.Scale(name); r != want.r || scale != want.scale {
			t.Errorf("%s: rank %d, scale %v, want %+v", name, r, scale, want)
		}
	}
}

func TestGolden(t *testing.T) {
	dir := golden.Dir(t, "golden/lora/adapter")
	a, err := Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	wantTargets := []string{"down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"}
	if a.BaseModel != "tiny" || a.R != 8 || a.Scale("model.layers.0.self_attn.q_proj") != 2 || a.Dropout != 0 || a.RSLoRA || !slices.Equal(a.Targets, wantTargets) || len(a.Tensors) != 56 {
		t.Errorf("%+v, %d tensors", a.Targets, len(a.Tensors))
	}
	if p := a.Tensors["model.layers.3.mlp.down_proj"]; p.In != 704 || p.Out != 256 || len(p.A) != 8*704 || len(p.B) != 256*8 {
		t.Errorf("down_proj is %d × %d", p.Out, p.In)
	}
	// Written again it holds the same tensors under the same keys, and PEFT's own
	// settings, which are read, have the values that PEFT wrote.
	folder := t.TempDir()
	if err := a.Write(folder); err != nil {
		t.Fatal(err)
	}
	compareTensors(t, dir, folder)
	var theirs, ours map[string]any
	for path, to := range map[string]*map[string]any{dir: &theirs, folder: &ours} {
		b, err := os.ReadFile(filepath.Join(path, configFile))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, to); err != nil {
			t.Fatal(err)
		}
	}
	for key, v := range ours {
		if key != "target_modules" && !reflect.DeepEqual(v, theirs[key]) {
			t.Errorf("%s is %v, PEFT wrote %v", key, v, theirs[key])
		}
	}
}

func compareTensors(t *testing.T, a, b string) {
	t.Helper()
	x, err := safetensors.Open(filepath.Join(a, weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	y, err := safetensors.Open(filepath.Join(b, weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	defer y.Close()
	if !slices.Equal(x.Names(), y.Names()) {
		t.Fatalf("keys differ: %v, %v", x.Names(), y.Names())
	}
	for _, name := range x.Names() {
		p, _ := x.Tensor(name)
		q, _ := y.Tensor(name)
		if !bytes.Equal(p.Data, q.Data) || !slices.Equal(p.Shape, q.Shape) {
			t.Errorf("%s differs", name)
		}
	}
}

// config is a small adapter's with one setting changed; "" takes it away.
func config(t *testing.T, key, value string) []byte {
	t.Helper()
	b, err := small().config()
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]json.RawMessage
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	if m[key] = json.RawMessage(value); value == "" {
		delete(m, key)
	}
	if b, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return b
}

func weights(t *testing.T, tensors ...safetensors.Tensor) *safetensors.File {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Encode(&b, tensors, nil); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Parse(b.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestConfigRefused(t *testing.T) {
	tensors, err := small().tensors()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, value, want string }{
		{"peft_type", `"ADALORA"`, `peft_type = "ADALORA"`},
		{"peft_type", "", "peft_type is missing"},
		{"task_type", `"SEQ_CLS"`, "task_type"},
		{"bias", `"all"`, `bias = "all"`},
		{"use_dora", "true", "has 0 magnitudes for"},
		{"use_dora", "1", "use_dora = 1"},
		{"fan_in_fan_out", "true", "fan_in_fan_out"},
		{"modules_to_save", `["lm_head"]`, `modules_to_save = ["lm_head"]`},
		{"rank_pattern", `{"q_proj": 4}`, "but r is 4"},
		{"rank_pattern", `{"q_proj": 0}`, "rank_pattern"},
		{"rank_pattern", `{"q_proj": 1.5}`, "rank_pattern"},
		{"rank_pattern", `{"q_proj": "4"}`, "rank_pattern"},
		{"rank_pattern", `["q_proj"]`, "rank_pattern"},
		{"rank_pattern", `{"(?=x)": 4}`, "rank_pattern"},
		{"alpha_pattern", `{"[": 4}`, "alpha_pattern"},
		{"alpha_pattern", `{"q_proj": null}`, "alpha_pattern"},
		{"layers_to_transform", "[1]", "layers_to_transform"},
		{"layer_replication", "[[0,4]]", "layer_replication"},
		{"lora_bias", "true", "lora_bias"},
		{"use_something_new", "true", "use_something_new = true is not supported"},
		{"init_lora_weights", `"pissa"`, `init_lora_weights = "pissa"`},
		{"r", "", "r is missing"},
		{"r", "0", "r = 0"},
		{"r", "-1", "r = -1"},
		{"r", "8.5", "r = 8.5"},
		{"r", "100000000", "r = 100000000"},
		{"lora_alpha", `"16"`, "lora_alpha"},
		{"lora_alpha", "", "lora_alpha is missing"},
		{"lora_dropout", "1", "lora_dropout"},
		{"lora_dropout", "-0.1", "lora_dropout"},
		{"target_modules", "", "target_modules"},
		{"target_modules", "[]", "target_modules"},
		{"target_modules", "null", "target_modules"},
		{"target_modules", `["o_proj"]`, "belongs to none of target_modules"},
	} {
		if _, err := parse(config(t, c.key, c.value), weights(t, tensors...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %s: error %v, want one that says %s", c.key, c.value, err, c.want)
		}
	}
	for _, b := range []string{"", "[]", "null", "{"} {
		if _, err := parseConfig([]byte(b)); err == nil {
			t.Errorf("%q was accepted", b)
		}
	}
}

func TestConfigAccepted(t *testing.T) {
	tensors, err := small().tensors()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		key, value string
		targets    []string
	}{
		{"use_something_new", "false", []string{"k_proj", "q_proj"}},
		{"something_config", "{ }", []string{"k_proj", "q_proj"}},
		{"modules_to_save", "[ ]", []string{"k_proj", "q_proj"}},
		{"base_model_name_or_path", "null", []string{"k_proj", "q_proj"}},
		{"target_modules", `["q_proj", "k_proj", "q_proj"]`, []string{"k_proj", "q_proj"}},
		{"target_modules", `["self_attn.q_proj", "k_proj"]`, []string{"k_proj", "self_attn.q_proj"}},
		{"target_modules", `"all-linear"`, []string{"k_proj", "q_proj"}}, // a pattern: the tensors tell
	} {
		a, err := parse(config(t, c.key, c.value), weights(t, tensors...))
		if err != nil || !slices.Equal(a.Targets, c.targets) {
			t.Errorf("%s = %s: %+v, %v", c.key, c.value, a, err)
		}
	}
}

func TestTensorsRefused(t *testing.T) {
	const key = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
	values := []float32{1, 2, 3, 4, 5, 6}
	a := safetensors.FromFloat32s(key+"A.weight", []int{2, 3}, values)
	b := safetensors.FromFloat32s(key+"B.weight", []int{3, 2}, values)
	named := func(name string) safetensors.Tensor { return safetensors.FromFloat32s(name, []int{2, 3}, values) }
	for _, c := range []struct {
		tensors []safetensors.Tensor
		want    string
	}{
		{nil, "no tensors"},
		{[]safetensors.Tensor{a}, "only one of lora_A and lora_B"},
		{[]safetensors.Tensor{b}, "only one of lora_A and lora_B"},
		{[]safetensors.Tensor{a, named("model.q_proj.lora_A.weight")}, "not part of a LoRA adapter"},
		{[]safetensors.Tensor{a, b, named(key + "magnitude_vector")}, "want one dimension"},
		{[]safetensors.Tensor{a, b, safetensors.FromFloat32s(key+"magnitude_vector", []int{3}, values[:3])}, "but use_dora is false"},
		{[]safetensors.Tensor{a, b, named("base_model.model.lm_head.weight")}, "trained whole (modules_to_save)"},
		{[]safetensors.Tensor{a, b, named("base_model.model.lm_head.modules_to_save.weight")}, "trained whole (modules_to_save)"},
		{[]safetensors.Tensor{a, named("base_model.model.model.embed_tokens.lora_embedding_A")}, "lora_embedding_A is not part"},
		{[]safetensors.Tensor{named("base_model.model..lora_A.weight")}, "not part"},
		{[]safetensors.Tensor{named("base_model.model.lora_A.weight")}, "not part"},
		{[]safetensors.Tensor{a, safetensors.FromFloat32s(key+"B.weight", []int{2, 3}, values)}, "but r is 2"},
		{[]safetensors.Tensor{safetensors.FromFloat32s(key+"A.weight", []int{3, 2}, values), b}, "but r is 2"},
		{[]safetensors.Tensor{safetensors.FromFloat32s(key+"A.weight", []int{2, 3, 1}, values)}, "want two dimensions"},
		{[]safetensors.Tensor{safetensors.FromFloat32s(key+"A.weight", []int{2, 0}, nil)}, "want two dimensions"},
		{[]safetensors.Tensor{{Name: key + "A.weight", DType: "F16", Shape: []int{2, 1}, Data: []byte{0, 0x7e, 0, 0}}}, "holds NaN at 0"},
		{[]safetensors.Tensor{{Name: key + "A.weight", DType: "U8", Shape: []int{2, 1}, Data: []byte{0, 0}}}, "U8"},
	} {
		if _, err := parse(config(t, "bias", `"none"`), weights(t, c.tensors...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want one that says %s", err, c.want)
		}
	}
}

func TestWriteRefused(t *testing.T) {
	for what, change := range map[string]func(*Adapter){
		"no tensors":                  func(a *Adapter) { a.Tensors = nil },
		"no rank":                     func(a *Adapter) { a.R = 0 },
		"no targets":                  func(a *Adapter) { a.Targets = nil },
		"a target that is not listed": func(a *Adapter) { a.Targets = []string{"q_proj"} },
		"a wrong size":                func(a *Adapter) { a.Tensors["x.q_proj"] = Pair{A: []float32{1, 2, 3}, B: []float32{1, 2}} },
		"another shape":               func(a *Adapter) { a.Tensors["x.q_proj"] = Pair{A: []float32{1, 2}, B: []float32{1, 2}, In: 2, Out: 1} },
	} {
		a, folder := small(), filepath.Join(t.TempDir(), "new")
		change(a)
		if err := a.Write(folder); err == nil {
			t.Errorf("%s: written", what)
		}
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%s: a folder in spite of the error", what)
		}
	}
	if _, err := Read(t.TempDir()); err == nil || !strings.Contains(err.Error(), configFile) {
		t.Errorf("an empty folder: %v", err)
	}
}

// Whatever the two files, reading ends with an error or with an adapter that can
// be written and read again.
func FuzzRead(f *testing.F) {
	a := small()
	b, err := a.config()
	if err != nil {
		f.Fatal(err)
	}
	tensors, err := a.tensors()
	if err != nil {
		f.Fatal(err)
	}
	var w bytes.Buffer
	if err := safetensors.Encode(&w, tensors, nil); err != nil {
		f.Fatal(err)
	}
	f.Add(b, w.Bytes())
	f.Add([]byte(`{"peft_type":"LORA","r":2,"lora_alpha":16,"target_modules":"all-linear","use_rslora":true}`), w.Bytes())
	f.Fuzz(func(t *testing.T, config, weights []byte) {
		file, err := safetensors.Parse(weights)
		if err != nil {
			parseConfig(config)
			return
		}
		a, err := parse(config, file)
		if err != nil {
			return
		}
		again, err := a.config()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.tensors(); err != nil {
			t.Fatal(err)
		}
		b, err := parse(again, file)
		if err != nil || !reflect.DeepEqual(a, b) {
			t.Fatalf("%+v became %+v, %v", a, b, err)
		}
	})
}
