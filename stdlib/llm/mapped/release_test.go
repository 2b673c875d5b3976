//go:build linux || darwin

package mapped

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// resident counts the pages of data that are in this process's memory.
func resident(t *testing.T, data []byte) (n int) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux says which pages a process has")
	}
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, all, shared int
	for i, f := range bytes.Fields(b)[:3] {
		v := 0
		for _, c := range f {
			v = 10*v + int(c-'0')
		}
		*[]*int{&size, &all, &shared}[i] = v
	}
	return shared
}

// TestRelease: what was released is no longer this process's memory, and reads as
// before; memory that is no file's stays untouched.
func TestRelease(t *testing.T) {
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<20) // 16 MB
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	data, unmap, err := File(path)
	if err != nil {
		t.Fatal(err)
	}
	sum := func() (n int) {
		for _, c := range data {
			n += int(c)
		}
		return n
	}
	want := sum()
	before := resident(t, data)
	Release(data[100 : len(data)-100])
	if freed := (before - resident(t, data)) * os.Getpagesize(); freed < 15<<20 {
		t.Errorf("%d bytes were released", freed)
	}
	if got := sum(); got != want {
		t.Errorf("it reads %d, want %d", got, want)
	}
	own := slices.Clone(content)
	Release(own)
	Release(nil)
	Release(data[:10])
	if !bytes.Equal(own, content) {
		t.Error("memory of our own was given away")
	}
	if err := unmap(); err != nil {
		t.Fatal(err)
	}
	// The place may be anybody's now.
	again, err := unix.Mmap(-1, 0, len(content), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(again)
	copy(again, content)
	Release(again)
	if !bytes.Equal(again, content) {
		t.Error("a mapping that was closed is still remembered")
	}
}
