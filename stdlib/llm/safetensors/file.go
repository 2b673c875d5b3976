package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/stdlib/llm/mapped"
)

const (
	singleFile = "model.safetensors"
	indexFile  = "model.safetensors.index.json"
)

// Tensor is a named array. Data of a tensor that was read points into the file:
// it is read-only and valid until the File is closed.
type Tensor struct {
	Name  string
	DType string // "F32", "BF16", "F16", "U8", "I32", "I64", … as the file spells it
	Shape []int  // outermost first; empty for a scalar
	Data  []byte // row-major, little-endian, not necessarily aligned
}

// File is one file, or a folder's files seen as one. Reading from several
// goroutines at once is safe.
type File struct {
	tensors  map[string]Tensor
	names    []string
	metadata map[string]string
	unmap    []func() error
}

// Parse reads a file that is in memory. Tensors point into b.
func Parse(b []byte) (*File, error) {
	header, data, err := splitHeader(b)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	entries, metadata, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if err := checkTiling(entries, int64(len(data))); err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f := &File{tensors: make(map[string]Tensor, len(entries)), metadata: metadata}
	for _, e := range entries {
		f.tensors[e.name] = Tensor{Name: e.name, DType: e.dtype, Shape: e.shape, Data: data[e.begin:e.end:e.end]}
	}
	f.names = slices.Sorted(maps.Keys(f.tensors))
	return f, nil
}

// Open maps a file, or the weights of a folder: model.safetensors, or the files
// that model.safetensors.index.json names. Close it when its data is no longer
// used.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	if !info.IsDir() {
		return openFile(path)
	}
	single := filepath.Join(path, singleFile)
	if _, err := os.Stat(single); err == nil {
		return openFile(single)
	}
	index, err := os.ReadFile(filepath.Join(path, indexFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("safetensors: neither %s nor %s in %s", singleFile, indexFile, path)
	}
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return openShards(path, index)
}

func openFile(path string) (*File, error) {
	b, unmap, err := mapped.File(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f, err := Parse(b)
	if err != nil {
		unmap()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.unmap = []func() error{unmap}
	return f, nil
}

// parseIndex returns the index's weight_map and the files it names, sorted.
func parseIndex(index []byte) (where map[string]string, shards []string, err error) {
	var doc struct {
		WeightMap map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(index, &doc); err != nil {
		return nil, nil, err
	}
	if len(doc.WeightMap) == 0 {
		return nil, nil, errors.New("weight_map is empty or missing")
	}
	seen := map[string]bool{}
	for tensor, shard := range doc.WeightMap {
		// The index must not lead out of its folder.
		if shard == "" || shard == "." || shard == ".." || strings.ContainsAny(shard, `/\`) {
			return nil, nil, fmt.Errorf("tensor %q: %q is not a file name", tensor, shard)
		}
		seen[shard] = true
	}
	return doc.WeightMap, slices.Sorted(maps.Keys(seen)), nil
}

func openShards(dir string, index []byte) (_ *File, err error) {
	where, shards, err := parseIndex(index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, indexFile), err)
	}
	f := &File{tensors: map[string]Tensor{}}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	from := map[string]string{}
	for _, shard := range shards {
		part, err := openFile(filepath.Join(dir, shard))
		if err != nil {
			return nil, err
		}
		f.unmap = append(f.unmap, part.unmap...)
		for name, t := range part.tensors {
			if other, ok := from[name]; ok {
				return nil, fmt.Errorf("safetensors: tensor %q is in %s and in %s", name, other, shard)
			}
			from[name], f.tensors[name] = shard, t
		}
		for k, v := range part.metadata {
			if f.metadata == nil {
				f.metadata = map[string]string{}
			}
			if _, ok := f.metadata[k]; !ok {
				f.metadata[k] = v
			}
		}
	}
	for name, shard := range where {
		if from[name] != shard {
			return nil, fmt.Errorf("safetensors: tensor %q is not in %s, where %s says it is", name, shard, indexFile)
		}
	}
	f.names = slices.Sorted(maps.Keys(f.tensors))
	return f, nil
}

// Names returns the names of all tensors, sorted.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Tensor returns a tensor by its name.
func (f *File) Tensor(name string) (Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Metadata returns the strings under __metadata__; nil where there are none. Of
// a folder's files the first that has a key gives its value.
func (f *File) Metadata() map[string]string { return maps.Clone(f.metadata) }

// Close gives the mapped memory back; no tensor's Data may be used after it.
func (f *File) Close() error {
	var errs []error
	for _, unmap := range f.unmap {
		errs = append(errs, unmap())
	}
	f.unmap, f.tensors, f.names = nil, nil, nil
	return errors.Join(errs...)
}
