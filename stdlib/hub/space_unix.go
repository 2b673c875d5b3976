//go:build linux || darwin

package hub

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"cogumi/stdlib/experiment"
)

// enough refuses a download that the disk cannot hold, before it begins.
func enough(dir string, need int64) error {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return nil // the write will tell
	}
	if free := int64(s.Bavail) * int64(s.Bsize); need > free {
		return experiment.Hint(fmt.Errorf("it needs %s, %s has %s free", experiment.Bytes(need), dir, experiment.Bytes(free)), "make room, or set HF_HUB_CACHE to a folder on another disk")
	}
	return nil
}
