package gguf

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"cogumi/stdlib/llm/mapped"
	"cogumi/stdlib/llm/safetensors"
)

// File is an open GGUF file. Reading from several goroutines at once is safe.
type File struct {
	Version  uint32
	Metadata map[string]any // int64, float64, bool, string, or lists: []int64, …
	names    []string       // in the file's order
	tensors  map[string]safetensors.Tensor
	unmap    func() error
	whole    bool // made of all parts of a model
}

// Open maps a file, and with the first part of a model (Parts) the others too.
// Close it when its data is no longer used.
func Open(path string) (*File, error) {
	paths, err := Parts(path)
	if err != nil {
		return nil, err
	}
	if len(paths) > 1 {
		return openParts(paths)
	}
	return openOne(path)
}

func openOne(path string) (*File, error) {
	b, unmap, err := mapped.File(path)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	f, err := Parse(b)
	if err != nil {
		unmap()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.unmap = unmap
	return f, nil
}

// Close gives the mapped memory back; no tensor's Data may be used after it.
func (f *File) Close() error {
	unmap := f.unmap
	f.tensors, f.names, f.unmap = nil, nil, nil
	if unmap == nil {
		return nil
	}
	return unmap()
}

// Names returns the names of all tensors as the file spells them, in its order.
func (f *File) Names() []string { return slices.Clone(f.names) }

// Tensor returns a tensor as it lies in the file: DType is "F32" … "Q6_K", Shape
// outermost first.
func (f *File) Tensor(name string) (safetensors.Tensor, bool) {
	t, ok := f.tensors[name]
	return t, ok
}

// Parse reads a file that is in memory. Tensors point into b.
func Parse(b []byte) (*File, error) {
	f, err := parse(b)
	if err != nil {
		return nil, fmt.Errorf("gguf: %w", err)
	}
	return f, nil
}

// Least bytes of a metadata entry (empty key, type, one byte) and of a tensor's
// (empty name, one dimension, type, offset).
const (
	leastEntry  = 8 + 4 + 1
	leastTensor = 8 + 4 + 8 + 4 + 8
)

func parse(b []byte) (*File, error) {
	c := &cursor{b: b}
	if string(c.take(4)) != "GGUF" {
		return nil, errors.New(`it does not begin with "GGUF"`)
	}
	f := &File{Version: c.u32(), Metadata: map[string]any{}, tensors: map[string]safetensors.Tensor{}}
	switch f.Version {
	case 2, 3:
	case 2 << 24, 3 << 24:
		return nil, errors.New("it is big-endian, which is not supported")
	default:
		return nil, fmt.Errorf("version %d is not supported (2 and 3 are)", f.Version)
	}
	count := c.count("tensors", leastTensor)
	f.metadata(c, c.count("metadata entries", leastEntry))
	infos := infos(c, count)
	if c.err != nil {
		return nil, c.err
	}
	alignment, err := f.alignment()
	if err != nil {
		return nil, err
	}
	return f, f.place(b, infos, alignment, (uint64(c.at)+alignment-1)/alignment*alignment)
}

func (f *File) metadata(c *cursor, n int) {
	for range n {
		key := c.text()
		if _, twice := f.Metadata[key]; twice {
			c.fail(fmt.Errorf("the key %q is there twice", key))
		}
		value := c.value(kind(c.u32()), 1)
		if c.err != nil {
			c.err = fmt.Errorf("metadata %.100q: %w", key, c.err)
			return
		}
		f.Metadata[key] = value
	}
}

// info is a tensor's entry.
type info struct {
	name   string
	shape  []int // outermost first
	layout layout
	offset uint64
	bytes  uint64
}

func infos(c *cursor, n int) []info {
	out := make([]info, 0, n)
	for range n {
		i := info{name: c.text()}
		if err := i.read(c); err != nil {
			c.fail(err)
		}
		if c.err != nil {
			c.err = fmt.Errorf("tensor %.100q: %w", i.name, c.err)
			return nil
		}
		out = append(out, i)
	}
	return out
}

func (i *info) read(c *cursor) error {
	dims := c.u32()
	if dims < 1 || dims > 4 {
		return fmt.Errorf("%d dimensions", dims)
	}
	values := uint64(1)
	for range dims {
		d := c.u64()
		if d == 0 || d > math.MaxInt32 || values > math.MaxInt64/4/d {
			return fmt.Errorf("a dimension is %d", d)
		}
		values *= d
		i.shape = append(i.shape, int(d))
	}
	slices.Reverse(i.shape)
	number := c.u32()
	i.offset = c.u64()
	var ok bool
	if i.layout, ok = layouts[number]; !ok {
		return fmt.Errorf("type %s is not supported (%s are)", cmp.Or(others[number], fmt.Sprint(number)), supported)
	}
	row := i.shape[len(i.shape)-1]
	if row%i.layout.values != 0 {
		return fmt.Errorf("rows of %d values are no blocks of %s", row, i.layout.name)
	}
	i.bytes = values / uint64(i.layout.values) * uint64(i.layout.bytes)
	return nil
}

// alignment is where data may begin.
func (f *File) alignment() (uint64, error) {
	const key = "general.alignment"
	v, ok := f.Metadata[key]
	if !ok {
		return 32, nil
	}
	n, ok := v.(int64)
	if !ok || n < 8 || n > 1<<20 || n%8 != 0 {
		return 0, fmt.Errorf("%s is %v, want a multiple of 8", key, v)
	}
	return uint64(n), nil
}

// place finds the tensors' bytes: inside the file, aligned, none over another.
func (f *File) place(b []byte, infos []info, alignment, start uint64) error {
	for _, i := range infos {
		if i.offset%alignment != 0 {
			return fmt.Errorf("tensor %q: offset %d is no multiple of %d", i.name, i.offset, alignment)
		}
		if start > uint64(len(b)) || i.offset > uint64(len(b))-start || i.bytes > uint64(len(b))-start-i.offset {
			return fmt.Errorf("tensor %q: bytes %d to %d of the data are not in the file: it is cut short", i.name, i.offset, i.offset+i.bytes)
		}
		if _, twice := f.tensors[i.name]; twice {
			return fmt.Errorf("tensor %q is there twice", i.name)
		}
		from := start + i.offset
		f.names = append(f.names, i.name)
		f.tensors[i.name] = safetensors.Tensor{Name: i.name, DType: i.layout.name, Shape: i.shape, Data: b[from : from+i.bytes : from+i.bytes]}
	}
	slices.SortFunc(infos, func(a, b info) int { return cmp.Compare(a.offset, b.offset) })
	for k := 1; k < len(infos); k++ {
		if before := infos[k-1]; before.offset+before.bytes > infos[k].offset {
			return fmt.Errorf("tensors %q and %q overlap", before.name, infos[k].name)
		}
	}
	return nil
}

// Keys returns the metadata's keys, sorted.
func (f *File) Keys() []string { return slices.Sorted(maps.Keys(f.Metadata)) }
