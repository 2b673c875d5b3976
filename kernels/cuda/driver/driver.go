// Package driver is the CUDA driver library, found at run time: no cgo, no
// toolkit. It wraps the calls that cogumi makes, and turns their codes into
// errors that name the call.
//
// A context belongs to the operating system's thread that made it current:
// callers lock their thread (runtime.LockOSThread) around calls and begin with
// Context.Enter.
package driver

import (
	"fmt"
	"sync"
	"unsafe"

	"cogumi/kernels"
)

// Ptr is an address in a GPU's memory.
type Ptr uint64

// functions of libcuda that are used; names with the version that CUDA 12 has.
var names = []string{
	"cuInit", "cuDriverGetVersion", "cuDeviceGetCount", "cuDeviceGet", "cuDeviceGetName", "cuDeviceGetAttribute",
	"cuDeviceTotalMem_v2", "cuDeviceGetUuid", "cuDevicePrimaryCtxRetain", "cuDevicePrimaryCtxRelease_v2", "cuCtxSetCurrent",
	"cuCtxSynchronize", "cuMemAlloc_v2", "cuMemFree_v2", "cuMemGetInfo_v2", "cuMemcpyHtoDAsync_v2", "cuMemcpyDtoHAsync_v2",
	"cuMemcpyDtoDAsync_v2", "cuMemcpyAsync", "cuMemHostAlloc", "cuMemFreeHost",
	"cuMemHostRegister_v2", "cuMemHostUnregister", "cuStreamWaitEvent", "cuMemsetD8Async", "cuModuleLoadData", "cuModuleUnload",
	"cuModuleGetFunction", "cuFuncSetAttribute", "cuLaunchKernel", "cuStreamCreate", "cuStreamDestroy_v2",
	"cuStreamSynchronize", "cuStreamBeginCapture_v2", "cuStreamEndCapture", "cuGraphInstantiateWithFlags",
	"cuGraphLaunch", "cuGraphExecDestroy", "cuGraphDestroy", "cuGraphGetNodes", "cuEventCreate", "cuEventRecord",
	"cuEventSynchronize", "cuEventElapsedTime", "cuEventDestroy_v2", "cuGetErrorName", "cuGetErrorString",
	"cuTensorMapEncodeTiled",
}

// optional functions may be missing in an older driver.
var optional = map[string]bool{"cuTensorMapEncodeTiled": true}

// cuda is the loaded library.
type cuda struct {
	fns     map[string]uintptr
	version int
}

var load = sync.OnceValues(func() (*cuda, error) {
	lib, err := openLibrary("libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1", "/usr/local/nvidia/lib64/libcuda.so.1", "libcuda.so")
	if err != nil {
		return nil, fmt.Errorf("no NVIDIA driver here (libcuda.so.1: %v): %w", err, kernels.ErrUnsupported)
	}
	c := &cuda{fns: map[string]uintptr{}}
	for _, n := range names {
		p, err := symbol(lib, n)
		if err != nil {
			if optional[n] {
				continue
			}
			return nil, fmt.Errorf("the NVIDIA driver is too old (no %s; 525 or later is needed): %w", n, kernels.ErrUnsupported)
		}
		c.fns[n] = p
	}
	if err := c.do("cuInit", 0); err != nil {
		return nil, fmt.Errorf("%w: %w", err, kernels.ErrUnsupported)
	}
	var v int32
	if err := c.do("cuDriverGetVersion", uintptr(unsafe.Pointer(&v))); err != nil {
		return nil, err
	}
	c.version = int(v)
	return c, nil
})

// Version is what the driver offers, as 1000·major + 10·minor of CUDA.
func Version() (int, error) {
	c, err := load()
	if err != nil {
		return 0, err
	}
	return c.version, nil
}

// Error is a failed call.
type Error struct {
	Code   int
	Name   string // CUDA_ERROR_OUT_OF_MEMORY
	Text   string // out of memory
	Call   string // cuMemAlloc
	Detail string // of what: kernel, shapes, bytes
}

func (e *Error) Error() string {
	s := fmt.Sprintf("CUDA: %s: %s (%s)", e.Call, e.Name, e.Text)
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// OutOfMemory is CUDA_ERROR_OUT_OF_MEMORY.
const OutOfMemory = 2

// with says what a failed call was about.
func with(err error, format string, args ...any) error {
	if e, ok := err.(*Error); ok && e.Detail == "" {
		e.Detail = fmt.Sprintf(format, args...)
	}
	return err
}

//go:uintptrescapes
func (c *cuda) do(name string, args ...uintptr) error {
	fn, ok := c.fns[name]
	if !ok {
		return fmt.Errorf("CUDA: the driver has no %s: %w", name, kernels.ErrUnsupported)
	}
	if code := int(int32(call(fn, args...))); code != 0 {
		return c.fault(name, code)
	}
	return nil
}

func (c *cuda) fault(call string, code int) error {
	e := &Error{Code: code, Call: call, Name: fmt.Sprint("error ", code), Text: "unknown"}
	e.Name = c.text("cuGetErrorName", code, e.Name)
	e.Text = c.text("cuGetErrorString", code, e.Text)
	return e
}

func (c *cuda) text(fn string, code int, otherwise string) string {
	var p uintptr
	if call(c.fns[fn], uintptr(code), uintptr(unsafe.Pointer(&p))) != 0 || p == 0 {
		return otherwise
	}
	return CString(p)
}

// Library is another C library, found at run time.
type Library struct {
	Path   string
	handle uintptr
}

// OpenLibrary loads the first of the named libraries that is there.
func OpenLibrary(names ...string) (*Library, error) {
	var first error
	for _, n := range names {
		h, err := openLibrary(n)
		if err == nil {
			return &Library{Path: n, handle: h}, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// Symbol is the address of a C function.
func (l *Library) Symbol(name string) (uintptr, error) { return symbol(l.handle, name) }

// Call runs a C function of integers and pointers. Pointers are converted in
// the call's own arguments, which keeps what they point to.
//
//go:uintptrescapes
func Call(fn uintptr, args ...uintptr) uintptr { return call(fn, args...) }

// CString copies a C string.
func CString(p uintptr) string {
	if p == 0 {
		return ""
	}
	start := *(*unsafe.Pointer)(unsafe.Pointer(&p))
	n := 0
	for *(*byte)(unsafe.Add(start, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(start), n))
}
