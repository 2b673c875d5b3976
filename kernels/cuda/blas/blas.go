// Package blas is cuBLASLt, found at run time: products of bf16 matrices with
// f32 sums.
package blas

import (
	"fmt"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// Library is a loaded cuBLASLt with its workspace on one GPU.
type Library struct {
	fns       map[string]uintptr
	path      string
	version   int
	handle    uintptr
	context   *driver.Context
	workspace driver.Ptr
	made      map[Shape]*Plan
}

var names = []string{
	"cublasLtCreate", "cublasLtDestroy", "cublasLtGetVersion", "cublasLtMatmul", "cublasLtMatmulDescCreate",
	"cublasLtMatmulDescSetAttribute", "cublasLtMatrixLayoutCreate", "cublasLtMatrixLayoutSetAttribute",
	"cublasLtMatmulPreferenceCreate", "cublasLtMatmulPreferenceSetAttribute", "cublasLtMatmulPreferenceDestroy",
	"cublasLtMatmulAlgoGetHeuristic", "cublasLtGetStatusName",
}

// WorkspaceBytes is what NVIDIA advises for Hopper.
const WorkspaceBytes = 64 << 20

// Open finds the library. Where there is none the error is
// kernels.ErrUnsupported. The context is current on this thread.
func Open(x *driver.Context) (*Library, error) {
	lib, err := driver.OpenLibrary(candidates()...)
	if err != nil {
		return nil, fmt.Errorf("no cuBLASLt here (%v): %w", err, kernels.ErrUnsupported)
	}
	l := &Library{fns: map[string]uintptr{}, path: lib.Path, context: x, made: map[Shape]*Plan{}}
	for _, n := range names {
		p, err := lib.Symbol(n)
		if err != nil {
			return nil, fmt.Errorf("%s: %v: %w", lib.Path, err, kernels.ErrUnsupported)
		}
		l.fns[n] = p
	}
	l.version = int(driver.Call(l.fns["cublasLtGetVersion"]))
	if err := l.do("cublasLtCreate", uintptr(unsafe.Pointer(&l.handle))); err != nil {
		return nil, err
	}
	l.workspace, err = x.Alloc(WorkspaceBytes)
	return l, err
}

// String names the library and its version.
func (l *Library) String() string {
	return fmt.Sprintf("cuBLASLt %d.%d.%d (%s)", l.version/10000, l.version/100%100, l.version%100, l.path)
}

// RowScales tells whether products of 8-bit floats may have a scale for each row.
func (l *Library) RowScales() bool { return l.version >= 120900 }

// Close frees the workspace.
func (l *Library) Close() {
	driver.Call(l.fns["cublasLtDestroy"], l.handle)
	l.context.Free(l.workspace)
}

//go:uintptrescapes
func (l *Library) do(name string, args ...uintptr) error {
	code := int(int32(driver.Call(l.fns[name], args...)))
	if code == 0 {
		return nil
	}
	return &driver.Error{Code: code, Name: l.status(code), Call: name, Text: fmt.Sprint("status ", code)}
}

func (l *Library) status(code int) string {
	p := driver.Call(l.fns["cublasLtGetStatusName"], uintptr(code))
	return driver.CString(p)
}
