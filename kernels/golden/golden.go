// Package golden finds the recorded vectors and data sets that lie beside
// the repository, in ../shared. Tests that use them skip where they are absent.
package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// Dir returns the absolute path of ../shared/rel, seen from the repository's
// root, and skips the test where there is none.
func Dir(t testing.TB, rel string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		up := filepath.Dir(dir)
		if up == dir {
			t.Skip("no go.mod above the test's folder")
		}
		dir = up
	}
	path := filepath.Join(filepath.Dir(dir), "shared", rel)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("recorded data not here: ../shared/%s", rel)
	}
	return path
}
