package driver

import (
	"bytes"
	"fmt"
	"unsafe"
)

// Device is one GPU.
type Device struct {
	Ordinal         int    // as CUDA_VISIBLE_DEVICES leaves them
	Name            string // NVIDIA H200
	UUID            string
	Major, Minor    int // compute capability
	Memory          int64
	Multiprocessors int
	SharedMemory    int // bytes that a block can ask for
	L2              int // bytes
	Clock           int // cycles a second of a multiprocessor, at most
}

// Capability is the compute capability as CUDA's tools write it: 90.
func (d Device) Capability() int { return 10*d.Major + d.Minor }

// attributes, from cuda.h's CUdevice_attribute.
const (
	attributeClock           = 13 // kHz
	attributeMultiprocessors = 16
	attributeL2              = 38
	attributeMajor           = 75
	attributeMinor           = 76
	attributeSharedOptin     = 97
)

// Devices lists the GPUs that this process may use.
func Devices() ([]Device, error) {
	c, err := load()
	if err != nil {
		return nil, err
	}
	var n int32
	if err := c.do("cuDeviceGetCount", uintptr(unsafe.Pointer(&n))); err != nil {
		return nil, err
	}
	var all []Device
	for i := range int(n) {
		d, err := c.device(i)
		if err != nil {
			return nil, with(err, "GPU %d", i)
		}
		all = append(all, d)
	}
	return all, nil
}

func (c *cuda) device(ordinal int) (Device, error) {
	d := Device{Ordinal: ordinal}
	var handle int32
	if err := c.do("cuDeviceGet", uintptr(unsafe.Pointer(&handle)), uintptr(ordinal)); err != nil {
		return d, err
	}
	name := make([]byte, 256)
	if err := c.do("cuDeviceGetName", uintptr(unsafe.Pointer(&name[0])), uintptr(len(name)), uintptr(handle)); err != nil {
		return d, err
	}
	d.Name = string(name[:max(bytes.IndexByte(name, 0), 0)])
	var uuid [16]byte
	if err := c.do("cuDeviceGetUuid", uintptr(unsafe.Pointer(&uuid[0])), uintptr(handle)); err != nil {
		return d, err
	}
	d.UUID = fmt.Sprintf("GPU-%x-%x-%x-%x-%x", uuid[:4], uuid[4:6], uuid[6:8], uuid[8:10], uuid[10:])
	var memory uint64
	if err := c.do("cuDeviceTotalMem_v2", uintptr(unsafe.Pointer(&memory)), uintptr(handle)); err != nil {
		return d, err
	}
	d.Memory = int64(memory)
	for _, a := range []struct {
		to   *int
		code int
	}{{&d.Major, attributeMajor}, {&d.Minor, attributeMinor}, {&d.Multiprocessors, attributeMultiprocessors},
		{&d.SharedMemory, attributeSharedOptin}, {&d.L2, attributeL2}, {&d.Clock, attributeClock}} {
		var v int32
		if err := c.do("cuDeviceGetAttribute", uintptr(unsafe.Pointer(&v)), uintptr(a.code), uintptr(handle)); err != nil {
			return d, err
		}
		*a.to = int(v)
	}
	d.Clock *= 1000
	return d, nil
}

// Context is a GPU opened for work, its primary context.
type Context struct {
	Device Device
	c      *cuda
	handle uintptr
	device int32
}

// Open makes the GPU's context current on this thread.
func Open(d Device) (*Context, error) {
	c, err := load()
	if err != nil {
		return nil, err
	}
	x := &Context{Device: d, c: c}
	if err := c.do("cuDeviceGet", uintptr(unsafe.Pointer(&x.device)), uintptr(d.Ordinal)); err != nil {
		return nil, err
	}
	if err := c.do("cuDevicePrimaryCtxRetain", uintptr(unsafe.Pointer(&x.handle)), uintptr(x.device)); err != nil {
		return nil, with(err, "%s", d.Name)
	}
	return x, x.Enter()
}

// Enter makes the context current on the calling thread.
func (x *Context) Enter() error { return x.c.do("cuCtxSetCurrent", x.handle) }

// Close gives the context back.
func (x *Context) Close() error { return x.c.do("cuDevicePrimaryCtxRelease_v2", uintptr(x.device)) }

// Synchronize waits for all work of the context.
func (x *Context) Synchronize() error { return x.c.do("cuCtxSynchronize") }
