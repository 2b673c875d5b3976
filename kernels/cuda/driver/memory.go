package driver

import "unsafe"

// Alloc takes memory of the GPU; it is not cleared.
func (x *Context) Alloc(bytes int64) (Ptr, error) {
	var p Ptr
	err := x.c.do("cuMemAlloc_v2", uintptr(unsafe.Pointer(&p)), uintptr(max(bytes, 1)))
	return p, with(err, "%d bytes", bytes)
}

// Free gives memory back.
func (x *Context) Free(p Ptr) error { return x.c.do("cuMemFree_v2", uintptr(p)) }

// MemoryInfo is the GPU's memory, free and in all, of all its users.
func (x *Context) MemoryInfo() (free, total int64, err error) {
	var f, t uint64
	err = x.c.do("cuMemGetInfo_v2", uintptr(unsafe.Pointer(&f)), uintptr(unsafe.Pointer(&t)))
	return int64(f), int64(t), err
}

// Upload copies src to the GPU in the stream's order. Memory that is not
// page-locked has been read when it returns.
func (s *Stream) Upload(to Ptr, src []byte) error {
	if len(src) == 0 {
		return nil
	}
	return with(s.x.c.do("cuMemcpyHtoDAsync_v2", uintptr(to), uintptr(unsafe.Pointer(&src[0])), uintptr(len(src)), s.handle),
		"%d bytes", len(src))
}

// Download copies from the GPU in the stream's order; dst holds the bytes after
// Synchronize.
func (s *Stream) Download(dst []byte, from Ptr) error {
	if len(dst) == 0 {
		return nil
	}
	return with(s.x.c.do("cuMemcpyDtoHAsync_v2", uintptr(unsafe.Pointer(&dst[0])), uintptr(from), uintptr(len(dst)), s.handle),
		"%d bytes", len(dst))
}

// Copy copies within the GPU.
func (s *Stream) Copy(to, from Ptr, bytes int64) error {
	return with(s.x.c.do("cuMemcpyDtoDAsync_v2", uintptr(to), uintptr(from), uintptr(bytes), s.handle), "%d bytes", bytes)
}

// Clear writes zeros.
func (s *Stream) Clear(p Ptr, bytes int64) error {
	if bytes == 0 {
		return nil
	}
	return with(s.x.c.do("cuMemsetD8Async", uintptr(p), 0, uintptr(bytes), s.handle), "%d bytes", bytes)
}
