package peft

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/llm/safetensors"
)

// Write writes the folder; equal adapters give equal bytes. Other files in it
// stay. A kill at any moment leaves the old adapter, the new one, or none, never
// weights with another's settings.
func (a *Adapter) Write(folder string) error {
	if err := a.write(folder); err != nil {
		return fmt.Errorf("write adapter %s: %w", folder, err)
	}
	return nil
}

func (a *Adapter) write(folder string) error {
	config, err := a.config()
	if err != nil {
		return err
	}
	tensors, err := a.tensors()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	path := filepath.Join(folder, configFile)
	old, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	same := err == nil && bytes.Equal(old, config)
	if err == nil && !same {
		// Two files cannot change at once: without its settings nobody reads the old
		// weights, or the new ones, too early.
		if err := os.Remove(path); err != nil {
			return err
		}
		if err := durable.SyncDir(folder); err != nil {
			return err
		}
	}
	if err := safetensors.Write(filepath.Join(folder, weightsFile), tensors, a.metadata()); err != nil {
		return err
	}
	if same {
		return nil
	}
	return durable.WriteBytes(path, config)
}

// baseKey is where the hash of the base's files stands; other tools pass it over.
const baseKey = "cogumi_base_files"

func (a *Adapter) metadata() map[string]string {
	m := map[string]string{"format": "pt"}
	if a.BaseFiles != "" {
		m[baseKey] = a.BaseFiles
	}
	return m
}

// tensors are the matrices with their keys.
func (a *Adapter) tensors() ([]safetensors.Tensor, error) {
	if len(a.Tensors) == 0 {
		return nil, errors.New("it holds no tensors")
	}
	var out []safetensors.Tensor
	for _, name := range slices.Sorted(maps.Keys(a.Tensors)) {
		p := a.Tensors[name]
		r := a.Rank(name)
		in, outSize := len(p.A)/r, len(p.B)/r
		switch {
		case !slices.Contains(a.Targets, targetOf(name)) && !a.targets(name):
			return nil, fmt.Errorf("%s is none of the targets %v", name, a.Targets)
		case len(p.A) == 0 || len(p.B) == 0 || len(p.A)%r != 0 || len(p.B)%r != 0,
			p.In != 0 && p.In != in, p.Out != 0 && p.Out != outSize:
			return nil, fmt.Errorf("%s: %d and %d values do not make [%d, in %d] and [out %d, %d]", name, len(p.A), len(p.B), r, p.In, p.Out, r)
		case a.DoRA && len(p.Magnitude) != outSize || !a.DoRA && p.Magnitude != nil:
			return nil, fmt.Errorf("%s: %d magnitudes for %d rows, and use_dora is %t", name, len(p.Magnitude), outSize, a.DoRA)
		}
		out = append(out,
			safetensors.FromFloat32s(prefix+name+".lora_A.weight", []int{r, in}, p.A),
			safetensors.FromFloat32s(prefix+name+".lora_B.weight", []int{outSize, r}, p.B))
		if a.DoRA {
			out = append(out, safetensors.FromFloat32s(prefix+name+magnitude, []int{outSize}, p.Magnitude))
		}
	}
	return out, nil
}
