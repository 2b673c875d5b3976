package golden

import (
	"os"
	"path/filepath"
	"testing"
)

// SmolLM2 is the real model that tests and benchmarks use: SmolLM2-135M-Instruct
// (Apache-2.0) in GGUF's Q4_1.
const SmolLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"

// ModelFolder is where `make models` puts it: models in the cache.
func ModelFolder() (string, error) {
	if dir := os.Getenv("COGUMI_CACHE"); dir != "" {
		return filepath.Join(dir, "models"), nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "cogumi", "models"), err
}

// Model returns the path of a model in the cache, and skips the test where it is
// not: nothing is downloaded here.
func Model(t testing.TB, name string) string {
	t.Helper()
	dir, err := ModelFolder()
	if err != nil {
		t.Skip(err)
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not in the cache: run make models", name)
	}
	return path
}
