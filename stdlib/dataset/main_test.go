package dataset

import (
	"os"
	"testing"
)

// TestMain keeps what tests set aside out of the user's cache.
func TestMain(m *testing.M) {
	cache, err := os.MkdirTemp("", "cogumi-cache")
	if err != nil {
		panic(err)
	}
	os.Setenv("COGUMI_CACHE", cache)
	code := m.Run()
	os.RemoveAll(cache)
	os.Exit(code)
}
