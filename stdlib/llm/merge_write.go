package llm

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/llm/safetensors"
)

// shardBytes is how much of a merged model is made at a time, and how large its
// files are.
const shardBytes = 2 << 30

// WriteMerged merges an adapter into a model and writes the folder out, which
// must not exist: a model that loads here and in transformers. The files are
// written one after the other, and a folder that a kill leaves has no
// config.json: nobody takes it for a model. done, if not nil, hears of every
// tensor. The error is ErrUnchanged, and nothing is left, where no weight differs
// from the base's.
func WriteMerged(folder fs.FS, w Weights, a *peft.Adapter, into MergeInto, out string, done func(tensors int)) (*Merged, error) {
	g, err := newMerger(folder, w, a, into)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(out, 0o755); err != nil {
		return nil, err
	}
	m, err := g.write(folder, out, shardBytes, done)
	if err == nil && m.Changed == 0 {
		err = fmt.Errorf("none of %d weights changed: the adapter's B is zero, or its effect is below what %s holds: %w", m.Weights, into, ErrUnchanged)
	}
	if err != nil {
		os.RemoveAll(out)
		return nil, err
	}
	return m, nil
}

func (g *merger) write(folder fs.FS, out string, most int64, done func(int)) (*Merged, error) {
	shards := g.shards(most)
	m := &Merged{Files: len(shards)}
	where := map[string]string{}
	for i, names := range shards {
		tensors, err := g.make(names, m, done)
		if err != nil {
			return nil, err
		}
		file := "model.safetensors"
		if len(shards) > 1 {
			file = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(shards))
		}
		for _, t := range tensors {
			where[t.Name] = file
			m.Bytes += int64(len(t.Data))
		}
		if err := safetensors.Write(filepath.Join(out, file), tensors, map[string]string{"format": "pt"}); err != nil {
			return nil, err
		}
	}
	if len(shards) > 1 {
		index := map[string]any{"metadata": map[string]int64{"total_size": m.Bytes}, "weight_map": where}
		if err := writeJSON(filepath.Join(out, "model.safetensors.index.json"), index); err != nil {
			return nil, err
		}
	}
	if err := copyText(folder, out); err != nil {
		return nil, err
	}
	config, err := g.config(folder)
	if err != nil {
		return nil, err
	}
	return m, writeJSON(filepath.Join(out, "config.json"), config)
}

// shards parts the names so that each file stays below most bytes, as far as one
// tensor allows.
func (g *merger) shards(most int64) [][]string {
	var out [][]string
	var size int64
	for _, name := range g.names() {
		n := g.size(name)
		if len(out) == 0 || size+n > most {
			out, size = append(out, nil), 0
		}
		out[len(out)-1] = append(out[len(out)-1], name)
		size += n
	}
	return out
}

func (g *merger) size(name string) int64 {
	if shape, ok := g.shapes[name]; ok {
		n := int64(shape[0]) * int64(shape[1])
		if g.into == MergeNF4 {
			return n/2 + n/64 + 2048
		}
		return 2 * n
	}
	t, _ := g.w.Tensor(name)
	return int64(len(t.Data))
}

// make makes one shard's tensors, on all cores.
func (g *merger) make(names []string, m *Merged, done func(int)) ([]safetensors.Tensor, error) {
	made, counts := make([][]safetensors.Tensor, len(names)), make([]count, len(names))
	var jobs []func() error
	for i, name := range names {
		jobs = append(jobs, func() (err error) {
			if _, ok := g.shapes[name]; ok {
				made[i], counts[i], err = g.projection(name)
			} else {
				made[i] = make([]safetensors.Tensor, 1)
				made[i][0], err = g.other(name)
			}
			if done != nil {
				done(1)
			}
			return err
		})
	}
	if err := runAll(jobs); err != nil {
		return nil, err
	}
	var out []safetensors.Tensor
	for i := range names {
		out = append(out, made[i]...)
		m.Weights += counts[i].weights
		m.Changed += counts[i].changed
	}
	return out, nil
}

// config is the base's config.json with the type of the weights, and with or
// without the description of 4-bit weights (transformers, BitsAndBytesConfig).
func (g *merger) config(folder fs.FS) (map[string]json.RawMessage, error) {
	b, err := fs.ReadFile(folder, "config.json")
	if err != nil {
		return nil, err
	}
	var c map[string]json.RawMessage
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("config.json: %w", err)
	}
	dtype := json.RawMessage(`"bfloat16"`)
	if g.dtype == "F16" {
		dtype = json.RawMessage(`"float16"`)
	}
	key := "torch_dtype" // transformers 4 reads this one, 5 both
	if _, ok := c["dtype"]; ok {
		key = "dtype"
	}
	c[key] = dtype
	delete(c, "quantization_config")
	if g.into == MergeNF4 {
		c["quantization_config"] = json.RawMessage(`{"quant_method": "bitsandbytes", "load_in_4bit": true, "load_in_8bit": false, "bnb_4bit_quant_type": "nf4",
			"bnb_4bit_use_double_quant": true, "bnb_4bit_compute_dtype": "bfloat16", "bnb_4bit_quant_storage": "uint8", "llm_int8_skip_modules": null}`)
	}
	return c, nil
}

// copyText copies what lies beside a model's weights: tokenizer, templates,
// settings, licences.
func copyText(folder fs.FS, out string) error {
	entries, err := fs.ReadDir(folder, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := e.Name()
		wanted := strings.HasSuffix(name, ".json") && !strings.HasSuffix(name, ".index.json") && name != "config.json"
		for _, suffix := range []string{".jinja", ".txt", ".model"} {
			wanted = wanted || strings.HasSuffix(name, suffix)
		}
		for _, prefix := range []string{"LICENSE", "NOTICE", "USE_POLICY"} {
			wanted = wanted || strings.HasPrefix(name, prefix)
		}
		if e.IsDir() || !wanted {
			continue
		}
		b, err := fs.ReadFile(folder, name)
		if err != nil {
			return err
		}
		if err := durable.WriteBytes(filepath.Join(out, name), b); err != nil {
			return err
		}
	}
	return nil
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return durable.WriteBytes(path, append(b, '\n'))
}
