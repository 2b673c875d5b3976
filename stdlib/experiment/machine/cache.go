package machine

import (
	"os"
	"path/filepath"
)

// CacheDir is where files lie that can be made again: $COGUMI_CACHE, or cogumi in
// the user's cache.
func CacheDir() (string, error) {
	if dir := os.Getenv("COGUMI_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "cogumi"), nil
}
