// Package durable writes files so that a kill or a power cut at any moment
// leaves the old content or the new one, never a mixture; and it locks files
// between processes.
package durable

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Guard, where it is set, refuses paths that this process must not write to. It is
// set once, before anything is written.
var Guard func(path string) error

func guarded(path string) error {
	if Guard == nil {
		return nil
	}
	return Guard(path)
}

// WriteFile replaces path with what write gives it: a temporary file in the same
// folder, fsync, rename, fsync of the folder.
func WriteFile(path string, write func(io.Writer) error) (err error) {
	if err := guarded(path); err != nil {
		return err
	}
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "."+filepath.Base(path)+"-*.tmp")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
			err = fmt.Errorf("write %s: %w", path, err)
		}
	}()
	if err = write(f); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// WriteBytes is WriteFile for content that is in memory already.
func WriteBytes(path string, b []byte) error {
	return WriteFile(path, func(w io.Writer) error { _, err := w.Write(b); return err })
}

// SyncDir makes creations, renames and removals in dir survive a power cut.
// File systems that cannot sync a folder are left alone.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrInvalid) && !isInvalid(err) {
		return fmt.Errorf("sync folder %s: %w", dir, err)
	}
	return nil
}

// Rename moves old to new in the same file system and syncs both folders.
func Rename(oldPath, newPath string) error {
	if err := guarded(newPath); err != nil {
		return err
	}
	if err := os.Rename(oldPath, newPath); err != nil {
		return err
	}
	a, b := filepath.Dir(oldPath), filepath.Dir(newPath)
	if a != b {
		if err := SyncDir(a); err != nil {
			return err
		}
	}
	return SyncDir(b)
}

// ErrLocked is what TryLock says when another process or caller holds the lock.
var ErrLocked = errors.New("locked by another run")

// Lock takes the lock file at path, waiting until ctx ends. waiting is called
// once when the lock is not free at once; it may be nil. The lock ends with
// unlock or with the process, however it dies.
func Lock(ctx context.Context, path string, waiting func()) (unlock func(), err error) {
	pause := time.Millisecond
	for {
		unlock, err := TryLock(path)
		if !errors.Is(err, ErrLocked) {
			return unlock, err
		}
		if waiting != nil && pause > 5*time.Millisecond {
			waiting()
			waiting = nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s: %w", path, context.Cause(ctx))
		case <-time.After(pause):
		}
		if pause < 200*time.Millisecond {
			pause *= 2
		}
	}
}
