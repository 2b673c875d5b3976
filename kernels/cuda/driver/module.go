package driver

import (
	"fmt"
	"runtime"
	"unsafe"
)

// Module is loaded machine code.
type Module struct {
	x      *Context
	handle uintptr
}

// LoadModule loads a cubin, or PTX, which the driver compiles.
func (x *Context) LoadModule(name string, image []byte) (*Module, error) {
	image = append(image, 0) // PTX is a C string
	m := &Module{x: x}
	err := x.c.do("cuModuleLoadData", uintptr(unsafe.Pointer(&m.handle)), uintptr(unsafe.Pointer(&image[0])))
	runtime.KeepAlive(image)
	return m, with(err, "kernels %s, %d bytes", name, len(image))
}

// Close unloads the module.
func (m *Module) Close() error { return m.x.c.do("cuModuleUnload", m.handle) }

// Function is a kernel.
type Function struct {
	Name   string
	x      *Context
	handle uintptr
}

// Function finds a kernel by its C name.
func (m *Module) Function(name string) (*Function, error) {
	f := &Function{Name: name, x: m.x}
	c := append([]byte(name), 0)
	err := m.x.c.do("cuModuleGetFunction", uintptr(unsafe.Pointer(&f.handle)), m.handle, uintptr(unsafe.Pointer(&c[0])))
	return f, with(err, "kernel %s", name)
}

const functionMaxDynamicShared = 8

// SetShared lets the kernel use up to so many bytes of dynamic shared memory.
func (f *Function) SetShared(bytes int) error {
	return with(f.x.c.do("cuFuncSetAttribute", f.handle, functionMaxDynamicShared, uintptr(bytes)),
		"kernel %s, %d bytes of shared memory", f.Name, bytes)
}

// Launch is a kernel with its arguments, ready to be put into a stream.
type Launch struct {
	f           *Function
	grid, block [3]int
	shared      int
	values      []uint64 // one slot an argument
	maps        []*TensorMap
	params      []unsafe.Pointer
}

// NewLaunch prepares a launch. Arguments are Ptr, int (as C's int), int32,
// uint32, int64, uint64, float32 and *TensorMap (a __grid_constant__ parameter).
func (f *Function) NewLaunch(grid, block [3]int, shared int, args ...any) (*Launch, error) {
	l := &Launch{f: f, grid: grid, block: block, shared: shared,
		values: make([]uint64, len(args)), params: make([]unsafe.Pointer, len(args))}
	for i, a := range args {
		l.params[i] = unsafe.Pointer(&l.values[i])
		switch v := a.(type) {
		case Ptr:
			l.values[i] = uint64(v)
		case int:
			if int(int32(v)) != v {
				return nil, fmt.Errorf("kernel %s: argument %d is %d, too large for an int", f.Name, i, v)
			}
			l.values[i] = uint64(uint32(int32(v)))
		case int32:
			l.values[i] = uint64(uint32(v))
		case uint32:
			l.values[i] = uint64(v)
		case int64:
			l.values[i] = uint64(v)
		case uint64:
			l.values[i] = v
		case float32:
			*(*float32)(l.params[i]) = v
		case *TensorMap:
			l.maps = append(l.maps, v)
			l.params[i] = v.aligned()
		default:
			return nil, fmt.Errorf("kernel %s: argument %d is a %T", f.Name, i, a)
		}
	}
	return l, nil
}

// Run puts the launch into a stream.
func (l *Launch) Run(s *Stream) error {
	var params uintptr
	if len(l.params) > 0 {
		params = uintptr(unsafe.Pointer(&l.params[0]))
	}
	err := l.f.x.c.do("cuLaunchKernel", l.f.handle,
		uintptr(l.grid[0]), uintptr(l.grid[1]), uintptr(l.grid[2]),
		uintptr(l.block[0]), uintptr(l.block[1]), uintptr(l.block[2]),
		uintptr(l.shared), s.handle, params, 0)
	runtime.KeepAlive(l)
	return with(err, "kernel %s, grid %v, block %v, %d bytes of shared memory", l.f.Name, l.grid, l.block, l.shared)
}
