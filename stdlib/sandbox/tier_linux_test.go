//go:build amd64 || arm64

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

var confinedHere = sync.OnceValues(func() (*python, error) { return interpreterFor(Confined) })

// inBothTiers runs a test with namespaces and without, whatever this machine prefers.
func inBothTiers(t *testing.T, test func(t *testing.T, tier string)) {
	for _, tier := range []string{Namespaces, Confined} {
		t.Run(tier[:8], func(t *testing.T) {
			defer preferring(t, tier)()
			test(t, tier)
		})
	}
}

// preferring makes this process use one kind of sandbox until the result is called.
func preferring(t testing.TB, tier string) func() {
	find := interpreter
	if tier == Confined {
		find = confinedHere
	}
	py, err := find()
	if err != nil {
		t.Skip(err)
	}
	if py.tier != tier {
		t.Skip("this machine has only: " + py.tier)
	}
	t.Logf("%s, users of their own: %t", py.exe, py.own || py.root)
	before := interpreter
	interpreter = func() (*python, error) { return py, nil }
	return func() { interpreter = before }
}

// nothingLeft looks for folders of programs that have ended.
func nothingLeft() error {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "cogumi-program-*"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("folders that are left: %v", left)
	}
	return err
}
