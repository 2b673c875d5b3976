package driver

import (
	"runtime"
	"sync"
	"syscall"
)

const pageSize = 4096

// largePages maps memory, in large pages where the kernel has them, and touches
// all of it on all processors.
func largePages(bytes int64) ([]byte, error) {
	const large = 2 << 20
	b, err := syscall.Mmap(-1, 0, int((bytes+large-1)&^(large-1)), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, err
	}
	_ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) // small pages do as well
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	each := (len(b)/workers + large) &^ (large - 1)
	for from := 0; from < len(b); from += each {
		wg.Go(func() {
			for i := from; i < min(from+each, len(b)); i += pageSize {
				b[i] = 0
			}
		})
	}
	wg.Wait()
	return b, nil
}

func freePages(b []byte) error { return syscall.Munmap(b) }
