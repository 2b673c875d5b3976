package cuda

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"strings"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// alignment of every tensor: what tile copies and 16-byte loads want.
const alignment = 256

func aligned(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }

// memory is what the device holds on its GPU.
type memory struct {
	d       *Device
	tensors map[*kernels.Tensor]place
	halves  map[*kernels.Tensor]place // bf16 copies of f32 tensors
	dense   map[*kernels.Tensor]place // dequantised weights, by their codes
	fp8     map[fp8Key]place          // the same in 8-bit floats
	widths  map[*kernels.Tensor]int   // how far their rows are apart
	counts  map[*kernels.Tensor]int   // last written value of i32 [1] tensors
	used    map[*kernels.Tensor]int   // compiled programs that know where it is
	arenas  map[*chunk]bool
	taken   int64
	peak    int64
	kinds   map[string]int64
}

// place is a part of a chunk, which is freed with its last part.
type place struct {
	ptr   driver.Ptr
	chunk *chunk
}

type chunk struct {
	ptr   driver.Ptr
	bytes int64
	users int
	kind  string
	host  *driver.HostMemory // nil: it is on the GPU
}

func newMemory(d *Device) memory {
	return memory{d: d, tensors: map[*kernels.Tensor]place{}, halves: map[*kernels.Tensor]place{},
		dense: map[*kernels.Tensor]place{}, fp8: map[fp8Key]place{}, widths: map[*kernels.Tensor]int{}, counts: map[*kernels.Tensor]int{}, used: map[*kernels.Tensor]int{}, arenas: map[*chunk]bool{}, kinds: map[string]int64{}}
}

// take allocates room for parts of the given sizes, in one piece, cleared.
func (m *memory) take(what string, sizes ...int64) ([]place, error) {
	var total int64
	for _, n := range sizes {
		total += aligned(n)
	}
	if limit := m.d.options.Memory; limit > 0 && m.taken+total > limit {
		return nil, fmt.Errorf("%s: %d MiB are asked for, %d of the %d MiB that may be used (COGUMI_GPU_MEMORY) are taken; %s", what, total>>20, m.taken>>20, limit>>20, needLess)
	}
	p, err := m.d.context.Alloc(total)
	if err != nil {
		return nil, m.explain(what, total, err)
	}
	if err := m.d.stream.Clear(p, total); err != nil {
		return nil, err
	}
	c := &chunk{ptr: p, bytes: total, kind: kindOf(what)}
	m.count(c.kind, total)
	return m.split(c, sizes), nil
}

// count notes what is taken of the GPU's memory.
func (m *memory) count(kind string, bytes int64) {
	m.kinds[kind] += bytes
	m.taken += bytes
	m.peak = max(m.peak, m.taken)
}

// arena is room for a program's activations: that of another program where it is
// large enough. Programs run one at a time, and nothing in an arena outlives a run.
func (m *memory) arena(program string, bytes int64) ([]place, error) {
	var best *chunk
	for c := range m.arenas {
		if c.bytes >= bytes && (best == nil || c.bytes < best.bytes) {
			best = c
		}
	}
	if best != nil {
		best.users++
		return []place{{best.ptr, best}}, nil
	}
	places, err := m.take("activations of "+program, bytes)
	if err == nil {
		m.arenas[places[0].chunk] = true
	}
	return places, err
}

// split gives the parts of a chunk their places.
func (m *memory) split(c *chunk, sizes []int64) []place {
	c.users = len(sizes)
	places := make([]place, len(sizes))
	p := c.ptr
	for i, n := range sizes {
		places[i] = place{p, c}
		p += driver.Ptr(aligned(n))
	}
	return places
}

// kindOf sorts memory for Usage.
func kindOf(what string) string {
	for _, k := range []string{"activations", "bf16 copies", "dequantised weights", "tensors"} {
		if strings.HasPrefix(what, k) {
			return k
		}
	}
	return "tables"
}

// Usage is what the device holds now, by kind, and the most that it held.
// Beside it the driver keeps a few hundred MiB for the context.
func (d *Device) Usage() (byKind map[string]int64, peak int64) {
	return maps.Clone(d.memory.kinds), d.memory.peak
}

// explain says of an out-of-memory error what there is.
func (m *memory) explain(what string, bytes int64, err error) error {
	var e *driver.Error
	if !errors.As(err, &e) || e.Code != driver.OutOfMemory {
		return err
	}
	free, total, _ := m.d.context.MemoryInfo()
	return fmt.Errorf("%s: the GPU has no room for %d MiB more: %d of its %d MiB are free, this program holds %d; %s: %w",
		what, bytes>>20, free>>20, total>>20, m.taken>>20, needLess, err)
}

const needLess = "smaller token budgets, ranks, batches or models need less"

func (m *memory) release(p place) {
	p.chunk.users--
	if p.chunk.users > 0 {
		return
	}
	m.kinds[p.chunk.kind] -= p.chunk.bytes
	delete(m.arenas, p.chunk)
	if p.chunk.host != nil {
		p.chunk.host.Free()
		return
	}
	m.taken -= p.chunk.bytes
	m.d.context.Free(p.chunk.ptr)
}

func (m *memory) close() error {
	for _, all := range []map[*kernels.Tensor]place{m.tensors, m.halves, m.dense} {
		for _, p := range all {
			m.release(p)
		}
		clear(all)
	}
	for _, p := range m.fp8 {
		m.release(p)
	}
	clear(m.fp8)
	return nil
}

// Alloc makes cleared memory for persistent tensors, in one piece.
func (d *Device) Alloc(ts ...*kernels.Tensor) error {
	leave, err := d.enter()
	defer leave()
	if err != nil || len(ts) == 0 {
		return err
	}
	sizes := make([]int64, len(ts))
	for i, t := range ts {
		_, there := d.memory.tensors[t]
		switch {
		case t.Role != kernels.Persistent:
			return fmt.Errorf("allocate %s: an activation lives in its program", t)
		case there:
			return fmt.Errorf("allocate %s: it is there already", t)
		case t.DType > kernels.U8:
			return fmt.Errorf("allocate %s: %w on a GPU", t, kernels.ErrUnsupported)
		}
		sizes[i] = t.Bytes()
	}
	places, err := d.memory.take(fmt.Sprintf("tensors from %s on", ts[0]), sizes...)
	if err != nil {
		return err
	}
	for i, t := range ts {
		d.memory.tensors[t] = places[i]
	}
	return nil
}

// Free waits for the work in flight and releases tensors with all that was
// derived from them; tensors that are not there are ignored.
func (d *Device) Free(ts ...*kernels.Tensor) {
	leave, err := d.enter()
	defer leave()
	if err != nil || d.stream.Synchronize() != nil {
		return // the context is lost, and its memory with it
	}
	for _, t := range ts {
		for _, all := range []map[*kernels.Tensor]place{d.memory.tensors, d.memory.halves, d.memory.dense} {
			if p, ok := all[t]; ok {
				d.memory.release(p)
				delete(all, t)
			}
		}
		for _, key := range []fp8Key{{t, false}, {t, true}} {
			if p, ok := d.memory.fp8[key]; ok {
				d.memory.release(p)
				delete(d.memory.fp8, key)
			}
		}
		delete(d.memory.counts, t)
		delete(d.memory.widths, t)
	}
}

func (m *memory) span(t *kernels.Tensor, offset int64, n int) (driver.Ptr, error) {
	p, ok := m.tensors[t]
	if !ok {
		return 0, fmt.Errorf("%s is not allocated", t)
	}
	if offset < 0 || offset+int64(n) > t.Bytes() {
		return 0, fmt.Errorf("%s: bytes %d…%d are outside", t, offset, offset+int64(n))
	}
	return p.ptr + driver.Ptr(offset), nil
}

// Write copies host bytes into a tensor and brings up to date what was derived
// from it.
func (d *Device) Write(t *kernels.Tensor, offset int64, src []byte) error {
	leave, err := d.enter()
	defer leave()
	if err != nil {
		return err
	}
	p, err := d.memory.span(t, offset, len(src))
	if err != nil {
		return fmt.Errorf("write %w", err)
	}
	if d.memory.tensors[t].chunk.host != nil {
		err = d.onHost(p, len(src), func(at []byte) { copy(at, src) })
	} else {
		err = d.stream.Upload(p, src)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", t, err)
	}
	if t.DType == kernels.I32 && t.Len() == 1 {
		d.memory.counts[t] = int(int32(binary.LittleEndian.Uint32(src)))
	}
	return d.memory.refresh(t)
}

// Read waits for the work in flight and copies a tensor's bytes to the host.
func (d *Device) Read(t *kernels.Tensor, offset int64, dst []byte) error {
	leave, err := d.enter()
	defer leave()
	if err != nil {
		return err
	}
	p, err := d.memory.span(t, offset, len(dst))
	if err != nil {
		return fmt.Errorf("read %w", err)
	}
	if d.memory.tensors[t].chunk.host != nil {
		if err := d.onHost(p, len(dst), func(at []byte) { copy(dst, at) }); err != nil {
			return fmt.Errorf("read %s: the GPU failed at work before it: %w", t, err)
		}
		return nil
	}
	if err := d.stream.Download(dst, p); err != nil {
		return fmt.Errorf("read %s: %w", t, err)
	}
	if err := d.stream.Synchronize(); err != nil {
		return fmt.Errorf("read %s: the GPU failed at work before it: %w", t, err)
	}
	return nil
}
