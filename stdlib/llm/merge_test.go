package llm

import (
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"cogumi/kernels/cpu"
	"cogumi/kernels/ggml"
	"cogumi/kernels/golden"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/llm/safetensors"
)

// tinyFiles are the demo model's folder and weights.
func tinyFiles(t *testing.T, weights string) (fs.FS, *safetensors.File) {
	t.Helper()
	folder := golden.Dir(t, "models/tiny")
	path := filepath.Join(folder, "model.safetensors")
	if weights != "" {
		path = golden.Dir(t, weights)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return os.DirFS(folder), f
}

func recordedPEFT(t *testing.T) *peft.Adapter {
	t.Helper()
	a, err := peft.Read(golden.Dir(t, "golden/lora/adapter"))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// loadFolder loads a folder as it is.
func loadFolder(t *testing.T, dir string) *Model {
	t.Helper()
	f, err := safetensors.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	m, err := Load(cpu.New(), os.DirFS(dir), f, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestMergedWeights are PEFT's: one rounding of the sum in f32.
func TestMergedWeights(t *testing.T) {
	folder, w := tinyFiles(t, "")
	g, err := newMerger(folder, w, recordedPEFT(t), MergeBF16)
	if err != nil {
		t.Fatal(err)
	}
	want := vectors(t, "golden/lora/merged.safetensors")
	for _, name := range []string{"model.layers.0.self_attn.q_proj", "model.layers.7.self_attn.v_proj"} {
		x, _, err := g.base(name)
		if err != nil {
			t.Fatal(err)
		}
		g.add(name, x)
		within(t, name+" in f32", x, want("merged.f32."+name), 1e-6)
		made, n, err := g.projection(name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := safetensors.Float32s(made[0])
		if err != nil {
			t.Fatal(err)
		}
		off := 0
		for i, v := range want("merged.bf16." + name) {
			if got[i] != v {
				off++
				if math.Abs(float64(got[i]-v)) > 0.008*math.Abs(float64(v)) {
					t.Errorf("%s: weight %d is %v, want %v", name, i, got[i], v)
				}
			}
		}
		if off > len(got)/10000 {
			t.Errorf("%s: %d of %d weights are not PEFT's", name, off, len(got))
		}
		if n.weights != int64(len(got)) || n.changed < n.weights/2 {
			t.Errorf("%s: %+v", name, n)
		}
	}
}

// TestMergedLoads: each kind of merged model loads again, and computes what the
// base with the adapter does, as exactly as its format can.
func TestMergedLoads(t *testing.T) {
	ctx := context.Background()
	a := recordedPEFT(t)
	examples := recordedBatches(t)[0].examples()
	for _, c := range []struct {
		weights   string
		into      MergeInto
		base      Options // of the base that the adapter is compared on
		format    string
		tolerance float64 // of logits
		kl        float64
	}{
		{"", MergeBF16, Options{}, "bf16", 0.08, 1e-4},
		{"", MergeDequantised, Options{NF4: true}, "bf16", 0.08, 1e-4},
		{"", MergeNF4, Options{NF4: true}, "nf4", 30, 2},
		{quantized, MergeDequantised, Options{}, "bf16", 0.08, 1e-4},
		{quantized, MergeNF4, Options{}, "nf4", 30, 2},
	} {
		t.Run(string(c.into)+" "+c.weights, func(t *testing.T) {
			folder, w := tinyFiles(t, c.weights)
			out := filepath.Join(t.TempDir(), "merged")
			var seen atomic.Int64
			done, err := WriteMerged(folder, w, a, c.into, out, func(n int) { seen.Add(int64(n)) })
			if err != nil {
				t.Fatal(err)
			}
			if done.Changed == 0 || seen.Load() == 0 || done.Changed > done.Weights || done.Files != 1 || done.Weights != weightsOf(a) {
				t.Errorf("%+v, heard of %d", done, seen.Load())
			}
			merged := loadFolder(t, out)
			if merged.Format != c.format {
				t.Errorf("format %s", merged.Format)
			}
			m := loadTiny(t, cpu.New(), c.weights, c.base)
			adapter, err := OpenAdapter(m, a)
			if err != nil {
				t.Fatal(err)
			}
			want, err := m.Logits(ctx, adapter, examples[0].IDs)
			if err != nil {
				t.Fatal(err)
			}
			got, err := merged.Logits(ctx, nil, examples[0].IDs)
			if err != nil {
				t.Fatal(err)
			}
			within(t, "logits", got, want, c.tolerance)
			d, err := Diverge(ctx, Side{m, adapter}, Side{merged, nil}, examples, nil)
			if err != nil || d.KL > c.kl || d.KL < 0 || d.Low > d.KL || d.Tokens != recordedTargets(examples) {
				t.Errorf("%+v, %v", d, err)
			}
			if alone, err := Diverge(ctx, Side{m, adapter}, Side{m, nil}, examples, nil); err != nil || alone.KL < d.KL || c.into != MergeNF4 && alone.KL < 100*d.KL {
				t.Errorf("the base is as near as the merged model: %+v, %v", alone, err)
			}
			if c.into == MergeNF4 {
				// It is a bitsandbytes checkpoint with the names of one.
				theirs, ours := namesOf(t, golden.Dir(t, quantized)), namesOf(t, filepath.Join(out, "model.safetensors"))
				if !slices.Equal(theirs, ours) {
					t.Error("the tensors have other names than bitsandbytes gives them")
				}
			}
			if m.Tokenizer.VocabSize() != merged.Tokenizer.VocabSize() {
				t.Error("the tokenizer is another")
			}
		})
	}
}

func weightsOf(a *peft.Adapter) (n int64) {
	for _, p := range a.Tensors {
		n += int64(p.In) * int64(p.Out)
	}
	return n
}

func recordedTargets(examples []Example) (n int) {
	for _, e := range examples {
		n += e.Targets()
	}
	return n
}

func namesOf(t *testing.T, path string) []string {
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return f.Names()
}

// TestMergedDoRA: directions and magnitudes are merged too.
func TestMergedDoRA(t *testing.T) {
	m := loadTiny(t, cpu.New(), "", Options{})
	a := recordedDoRA(t, m)
	tr := newTestTrainer(t, a, AdamW, 160)
	examples := recordedBatches(t)[0].examples()
	for range 6 {
		if _, err := tr.Step(context.Background(), examples, 5e-3); err != nil {
			t.Fatal(err)
		}
	}
	p, err := a.Export("tiny")
	if err != nil {
		t.Fatal(err)
	}
	folder, w := tinyFiles(t, "")
	out := filepath.Join(t.TempDir(), "merged")
	if _, err := WriteMerged(folder, w, p, MergeBF16, out, nil); err != nil {
		t.Fatal(err)
	}
	d, err := Diverge(context.Background(), Side{m, a}, Side{loadFolder(t, out), nil}, examples, nil)
	if err != nil || d.KL > 1e-3 || d.SameTop < 0.9 {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestMergeRefused: nothing is left of a merge that cannot be.
func TestMergeRefused(t *testing.T) {
	folder, w := tinyFiles(t, "")
	_, packed := tinyFiles(t, quantized)
	zero := recordedPEFT(t)
	for name, p := range zero.Tensors {
		p.B = make([]float32, len(p.B))
		zero.Tensors[name] = p
	}
	faint := recordedPEFT(t)
	faint.Alpha = 1e-9
	other := recordedPEFT(t)
	other.Tensors = map[string]peft.Pair{"model.layers.9.mlp.up_proj": {}}
	wide := recordedPEFT(t)
	wide.Tensors = map[string]peft.Pair{"model.layers.0.mlp.up_proj": {In: 512, Out: 704}}
	for name, c := range map[string]struct {
		w    Weights
		a    *peft.Adapter
		into MergeInto
		want string
	}{
		"B is zero":               {w, zero, MergeBF16, "identical to its base"},
		"B is zero, in 4 bits":    {w, zero, MergeNF4, "identical to its base"},
		"below what bf16 holds":   {w, faint, MergeDequantised, "identical to its base"},
		"another model":           {w, other, MergeBF16, "made for another model"},
		"another width":           {w, wide, MergeBF16, "made for another model"},
		"no 16-bit weights":       {packed, recordedPEFT(t), MergeBF16, "no 16-bit weights to merge into"},
		"into something else":     {w, recordedPEFT(t), "fp8", `merge into "fp8"`},
		"a base without a tensor": {without{w, "model.layers.3.mlp.up_proj.weight"}, recordedPEFT(t), MergeBF16, "no tensor model.layers.3.mlp.up_proj"},
	} {
		out := filepath.Join(t.TempDir(), "merged")
		_, err := WriteMerged(folder, c.w, c.a, c.into, out, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v", name, err)
		}
		if strings.Contains(c.want, "identical") != errors.Is(err, ErrUnchanged) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s: a folder is left", name)
		}
	}
	if _, err := WriteMerged(folder, w, recordedPEFT(t), MergeBF16, t.TempDir(), nil); !errors.Is(err, fs.ErrExist) {
		t.Errorf("an existing folder was written over: %v", err)
	}
}

// without hides a tensor.
type without struct {
	Weights
	name string
}

func (w without) Tensor(name string) (safetensors.Tensor, bool) {
	if name == w.name {
		return safetensors.Tensor{}, false
	}
	return w.Weights.Tensor(name)
}

// TestMergedShards: a large model is written in files that the index names, and
// computes what one file does.
func TestMergedShards(t *testing.T) {
	folder, w := tinyFiles(t, "")
	ids := recordedBatches(t)[0].examples()[0].IDs
	for _, into := range []MergeInto{MergeBF16, MergeNF4} {
		var logits [2][]float32
		for i, most := range []int64{shardBytes, 1 << 20} {
			g, err := newMerger(folder, w, recordedPEFT(t), into)
			if err != nil {
				t.Fatal(err)
			}
			out := t.TempDir()
			m, err := g.write(folder, out, most, nil)
			if err != nil {
				t.Fatal(err)
			}
			if i == 1 && m.Files < 3 || i == 0 && m.Files != 1 {
				t.Errorf("%d files", m.Files)
			}
			found, _ := filepath.Glob(filepath.Join(out, "*.safetensors"))
			for _, f := range found {
				if info, err := os.Stat(f); err != nil || i == 1 && info.Size() > 1<<20+1<<16 {
					t.Errorf("%s: %d bytes, %v", f, info.Size(), err)
				}
			}
			if logits[i], err = loadFolder(t, out).Logits(context.Background(), nil, ids); err != nil || len(found) != m.Files {
				t.Fatalf("%d files, %v", len(found), err)
			}
		}
		if d := largest(logits[0], logits[1]); d != 0 {
			t.Errorf("%s: in shards the logits differ by %g", into, d)
		}
	}
}

// TestMergedTypes: 16-bit files keep their type, f32 files become bf16, and
// config.json says so in its own spelling.
func TestMergedTypes(t *testing.T) {
	for _, c := range []struct{ family, into, dtype, config string }{
		{"llama3-rope-fp16", "bf16", "F16", "float16"}, {"llama3-rope-bf16", "bf16", "BF16", "bfloat16"},
		{"llama3-rope", "bf16", "BF16", "bfloat16"}, {"llama3-rope-sharded", "bf16", "BF16", "bfloat16"}, {"llama3-rope-fp16", "dequantised", "BF16", "bfloat16"},
		{"qwen3-headdim24", "bf16", "BF16", "bfloat16"}, {"llama-untied-bias", "bf16", "BF16", "bfloat16"},
	} {
		dir := golden.Dir(t, "golden/families/"+c.family)
		w, err := safetensors.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		const name = "model.layers.1.mlp.up_proj"
		weight, _ := w.Tensor(name + ".weight")
		a := &peft.Adapter{R: 1, Alpha: 1, Targets: []string{"up_proj"}, Tensors: map[string]peft.Pair{name: {
			A: slices.Repeat([]float32{0.5}, weight.Shape[1]), B: slices.Repeat([]float32{0.25}, weight.Shape[0]), In: weight.Shape[1], Out: weight.Shape[0]}}}
		out := filepath.Join(t.TempDir(), "merged")
		m, err := WriteMerged(os.DirFS(dir), w, a, MergeInto(c.into), out, nil)
		if err != nil {
			t.Errorf("%s: %v", c.family, err)
			continue
		}
		f, err := safetensors.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if !slices.Equal(f.Names(), w.Names()) || m.Changed < m.Weights*9/10 {
			t.Errorf("%s: %d of %d changed, tensors %v", c.family, m.Changed, m.Weights, f.Names())
		}
		for _, n := range f.Names() {
			got, _ := f.Tensor(n)
			old, _ := w.Tensor(n)
			x, err1 := safetensors.Float32s(got)
			y, err2 := safetensors.Float32s(old)
			if got.DType != c.dtype || err1 != nil || err2 != nil {
				t.Fatalf("%s: %s is %s, %v, %v", c.family, n, got.DType, err1, err2)
			}
			if n == name+".weight" {
				for i := range y {
					y[i] += 0.125
				}
			}
			if c.into == "bf16" {
				within(t, c.family+" "+n, x, y, 0.02)
			}
		}
		b, err := os.ReadFile(filepath.Join(out, "config.json"))
		if err != nil || !strings.Contains(string(b), `dtype": "`+c.config+`"`) {
			t.Errorf("%s: %s, %v", c.family, b, err)
		}
	}
}

// TestToHalf: every half comes back, and between two the nearest, or the even
// one, is taken.
func TestToHalf(t *testing.T) {
	for h := range 0x7c00 {
		v := ggml.Half(uint16(h))
		if got := toHalf(v); got != uint16(h) {
			t.Fatalf("%g (%#x) becomes %#x", v, h, got)
		}
		if got := toHalf(-v); got != uint16(h)|0x8000 {
			t.Fatalf("%g becomes %#x", -v, got)
		}
		if h == 0x7bff {
			break
		}
		next := ggml.Half(uint16(h + 1))
		middle := (v + next) / 2 // exact in f32
		even := uint16(h + h&1)
		if got := toHalf(middle); got != even {
			t.Fatalf("%g between %#x and %#x becomes %#x", middle, h, h+1, got)
		}
		if got := toHalf(math.Nextafter32(middle, 0)); got != uint16(h) {
			t.Fatalf("below %g: %#x, want %#x", middle, got, h)
		}
		if got := toHalf(math.Nextafter32(middle, 1e9)); got != uint16(h+1) {
			t.Fatalf("above %g: %#x, want %#x", middle, got, h+1)
		}
	}
	for v, want := range map[float32]uint16{65519: 0x7bff, 65520: 0x7c00, 1e30: 0x7c00, float32(math.Inf(-1)): 0xfc00, 1e-30: 0} {
		if got := binary.LittleEndian.Uint16(f16Bytes([]float32{v})); got != want {
			t.Errorf("%g becomes %#x, want %#x", v, got, want)
		}
	}
	if got := toHalf(float32(math.NaN())); got&0x7c00 != 0x7c00 || got&0x3ff == 0 {
		t.Errorf("NaN becomes %#x", got)
	}
}
