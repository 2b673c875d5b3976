//go:build linux || darwin

package mapped

import (
	"os"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// open are the mappings of this process: memory that is no file's must never be
// given back, its contents would be gone.
var open struct {
	sync.Mutex
	list [][]byte
}

func remember(data []byte) {
	open.Lock()
	defer open.Unlock()
	open.list = append(open.list, data)
}

func forget(data []byte) {
	open.Lock()
	defer open.Unlock()
	for i, m := range open.list {
		if unsafe.SliceData(m) == unsafe.SliceData(data) {
			open.list = append(open.list[:i], open.list[i+1:]...)
			return
		}
	}
}

// Release lets the kernel have the whole pages of data, if it is a part of a file
// that File maps: whoever reads it again reads the file again. Other memory is
// left alone.
func Release(data []byte) {
	if len(data) == 0 {
		return
	}
	from := uintptr(unsafe.Pointer(unsafe.SliceData(data)))
	to := from + uintptr(len(data))
	open.Lock()
	defer open.Unlock()
	for _, m := range open.list {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(m)))
		if from < start || to > start+uintptr(len(m)) {
			continue
		}
		page := uintptr(os.Getpagesize())
		lo, hi := (from-start+page-1)/page*page, (to-start)/page*page
		if lo < hi {
			unix.Madvise(m[lo:hi], unix.MADV_DONTNEED) // a hint: failing costs memory, nothing else
		}
		return
	}
}
