package driver

import "unsafe"

// flags of cuMemHostAlloc and cuMemHostRegister: page-locked for all contexts,
// and in the GPU's address space.
const (
	hostPortable = 1
	hostMapped   = 2
)

// HostMemory is page-locked memory of the host that the GPU reaches over the
// bus, at the same address.
type HostMemory struct {
	Ptr   Ptr
	x     *Context
	pages []byte // nil: the driver's own allocation
}

// hugeFrom is the size from which memory comes in large pages that all
// processors clear together: locking many small ones takes the driver seconds.
const hugeFrom = 64 << 20

// AllocHost takes memory of the host; it is not cleared.
func (x *Context) AllocHost(bytes int64) (*HostMemory, error) {
	h := &HostMemory{x: x}
	if bytes >= hugeFrom && x.sameAddress() && h.register(bytes) {
		return h, nil
	}
	err := x.c.do("cuMemHostAlloc", uintptr(unsafe.Pointer(&h.Ptr)), uintptr(max(bytes, 1)), hostPortable|hostMapped)
	return h, with(err, "%d bytes", bytes)
}

// register locks large pages; false where this machine has none.
func (h *HostMemory) register(bytes int64) bool {
	pages, err := largePages(bytes)
	if err != nil {
		return false
	}
	at := uintptr(unsafe.Pointer(&pages[0]))
	if h.x.c.do("cuMemHostRegister_v2", at, uintptr(len(pages)), hostPortable|hostMapped) != nil {
		freePages(pages)
		return false
	}
	h.Ptr, h.pages = Ptr(at), pages
	return true
}

const attributeHostPointers = 91 // the GPU has locked memory at the host's address

func (x *Context) sameAddress() bool {
	var v int32
	err := x.c.do("cuDeviceGetAttribute", uintptr(unsafe.Pointer(&v)), attributeHostPointers, uintptr(x.device))
	return err == nil && v == 1
}

// HostBytes is the host's view of n bytes at p, a place within memory from AllocHost.
func HostBytes(p Ptr, n int64) []byte {
	at := uintptr(p)
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&at)), n)
}

// Free gives the memory back.
func (h *HostMemory) Free() error {
	if h.pages == nil {
		return h.x.c.do("cuMemFreeHost", uintptr(h.Ptr))
	}
	if err := h.x.c.do("cuMemHostUnregister", uintptr(h.Ptr)); err != nil {
		return err
	}
	return freePages(h.pages)
}

// Move copies between the GPU and memory from AllocHost, whichever way.
func (s *Stream) Move(to, from Ptr, bytes int64) error {
	return with(s.x.c.do("cuMemcpyAsync", uintptr(to), uintptr(from), uintptr(bytes), s.handle), "%d bytes", bytes)
}
