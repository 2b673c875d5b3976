//go:build amd64 || arm64

package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

var (
	confinedHere = sync.OnceValues(func() (*python, error) { return interpreterFor(Confined) })
	keepingHere  = sync.OnceValues(func() (*python, error) {
		found, err := confinedHere()
		if err != nil {
			return nil, err
		}
		py := *found
		py.own = false
		return &py, selfTest(&py)
	})
)

// inBothTiers runs a test with namespaces and without, whatever this machine prefers.
func inBothTiers(t *testing.T, test func(t *testing.T, tier string)) {
	for _, tier := range []string{Namespaces, Confined} {
		t.Run(tier[:8], func(t *testing.T) {
			defer preferring(t, tier)()
			test(t, tier)
		})
	}
}

// inEveryWay is inBothTiers and, where root's programs get users of their own, once
// more without them, as where only root can reach Python.
func inEveryWay(t *testing.T, test func(t *testing.T, tier string)) {
	inBothTiers(t, test)
	if py, err := confinedHere(); err != nil || !py.own {
		return
	}
	t.Run("root", func(t *testing.T) {
		defer using(t, keepingHere, Confined)()
		test(t, Confined)
	})
}

// keepsRoot says whether programs are of root's user now, without its capabilities.
func keepsRoot() bool {
	py, err := interpreter()
	return err == nil && py.tier == Confined && !py.own && os.Geteuid() == 0
}

// preferring makes this process use one kind of sandbox until the result is called.
func preferring(t testing.TB, tier string) func() {
	if tier == Confined {
		return using(t, confinedHere, tier)
	}
	return using(t, interpreter, tier)
}

func using(t testing.TB, find func() (*python, error), tier string) func() {
	t.Helper()
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

// bare is the command line that programs run under, without a sandbox.
func bare(t testing.TB) []string {
	t.Helper()
	py, err := interpreter()
	if err != nil {
		t.Skip(err)
	}
	return append(slices.Clone(py.args), "-")
}

// nothingLeft looks for folders of programs that have ended.
func nothingLeft() error {
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "cogumi-program-*"))
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("folders that are left: %v", left)
	}
	return err
}
