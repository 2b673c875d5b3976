package experiment

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// TestLargeFilesAreHashedOnce: the hash of a large file is found again by another
// process as long as size and time are the same.
func TestLargeFilesAreHashedOnce(t *testing.T) {
	t.Setenv("COGUMI_CACHE", t.TempDir())
	path := filepath.Join(t.TempDir(), "weights")
	write := func(size int64, at time.Time) {
		t.Helper()
		f, err := os.Create(path)
		if err == nil {
			err = f.Truncate(size)
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
		hashed = sync.Map{} // as in a new process
	}
	hash := func() string {
		t.Helper()
		sum, err := HashPath(path)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	old := time.Now().Add(-time.Hour)
	write(rememberFrom, old)
	first := hash()
	// The same size and time with other content: only what is remembered says first.
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("x"))
	f.Close()
	os.Chtimes(path, old, old)
	hashed = sync.Map{}
	if hash() != first {
		t.Error("the file was read again")
	}
	write(rememberFrom, old.Add(time.Minute))
	if err := os.Truncate(path, rememberFrom+1); err != nil {
		t.Fatal(err)
	}
	os.Chtimes(path, old, old)
	if second := hash(); second == first {
		t.Error("a file of another size has the old hash")
	}
	cached, _ := filepath.Glob(filepath.Join(os.Getenv("COGUMI_CACHE"), "hashes", "*.json"))
	if len(cached) != 1 {
		t.Fatalf("cached: %v", cached)
	}
	os.WriteFile(cached[0], []byte(`{"path":`), 0o644)
	hashed = sync.Map{}
	if hash() == first {
		t.Error("a damaged entry was believed")
	}
}
