package kernels

import (
	"context"
	"errors"
	"time"
)

// ErrUnsupported is what a device says of an operation, a format or a machine
// that it cannot serve. Tests skip on it; nothing falls back silently.
var ErrUnsupported = errors.New("not supported")

// Description is what a device is, for plans, reports and identities.
type Description struct {
	Name   string // cpu, cuda:0
	Model  string // processor or GPU name
	ISA    string // avx512, avx2, plain, sm_90a: part of the identity of results
	Memory int64  // bytes in all
	Free   int64  // bytes free now
	// Compute is what activations are stored as: F32 or BF16. Sums, statistics,
	// adapters, gradients of adapters and optimiser state are F32 everywhere.
	Compute DType
	// Padded devices compute all rows of a program, also those that are not in use:
	// a program of as many rows as there are is faster.
	Padded bool
}

// Device allocates, copies and runs programs. Nothing above knows which one it
// is. Calls on one device are made from one goroutine at a time.
//
// Alloc, Write, Read and Run may be asynchronous on the device as long as their
// order is kept; Read waits for what it reads.
type Device interface {
	Describe() Description
	// Alloc makes zeroed memory for persistent tensors.
	Alloc(ts ...*Tensor) error
	// Free releases it; tensors that are not there are ignored.
	Free(ts ...*Tensor)
	// Write copies host bytes into a tensor, from byte offset on.
	Write(t *Tensor, offset int64, src []byte) error
	// Read copies a tensor's bytes, from byte offset on, to the host.
	Read(t *Tensor, offset int64, dst []byte) error
	// Compile plans a program's memory, pins its algorithms and, where the
	// device has graphs, records one.
	Compile(p *Program) (Executable, error)
	Close() error
}

// InPlace is a device that computes in the host's own memory. It reads frozen
// weights in every DType, and where they are: a mapped file is not copied.
type InPlace interface {
	Device
	// Map makes data the memory of a persistent tensor, instead of Alloc. data is
	// read-only and stays as it is until the tensor is freed.
	Map(t *Tensor, data []byte) error
	// OnIdle has f told of mapped data that will hardly be read again, because the
	// device holds it in a layout of its own. It stays readable.
	OnIdle(f func(data []byte))
}

// Footprint is what a device knows that keeps more than tensors: the bytes that
// compiling and running p takes beside its plan, as far as they are not taken
// yet: copies of weights in the layout that products read, workspaces.
type Footprint interface {
	Footprint(p *Program) int64
}

// Planner is a device that lays programs out in a way of its own: Plan is what
// Compile will do. Its programs run one at a time and share the place of their
// activations, where the one that is compiled first takes most.
type Planner interface {
	Plan(p *Program) *Plan
}

// Evicter is a device with memory of its own whose programs also reach the
// host's, more slowly, and can Store and Fetch.
type Evicter interface {
	// Evictable tells whether t can be moved: no compiled program knows where it is.
	Evictable(t *Tensor) bool
	// Evict moves persistent tensors to the host's memory.
	Evict(ts ...*Tensor) error
	// Balance is about how many operations of large products the device does in
	// the time that a byte takes to the host's memory, with one coming back.
	Balance() float64
}

// KeptFree is the part of a device's memory, one in so many, that stays free
// beside weights that are unpacked once: they outlive the program that they are for.
const KeptFree = 64

// Executable is a compiled program. Run does no allocation and no host round
// trip inside.
type Executable interface {
	Run(ctx context.Context) error
	Plan() *Plan
	// Times is the time spent per kind of operation since the last call.
	Times() map[string]time.Duration
	Close() error
}

// Op is one operation of a program.
type Op interface {
	Kind() string
	Reads() []*Tensor  // without nil
	Writes() []*Tensor // without nil; a tensor updated in place is in both
}

// Differentiable is an operation that brings its own backward: it appends to
// g.Program what computes the gradients of what it read.
type Differentiable interface {
	Op
	Backward(g *Grads)
}

// Program is a list of operations, recorded once and run many times.
type Program struct {
	Name string
	Ops  []Op
}

// Add appends operations.
func (p *Program) Add(ops ...Op) { p.Ops = append(p.Ops, ops...) }

// tensors drops nil entries.
func tensors(ts ...*Tensor) []*Tensor {
	kept := ts[:0]
	for _, t := range ts {
		if t != nil {
			kept = append(kept, t)
		}
	}
	return kept
}
