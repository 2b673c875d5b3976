package run

import (
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	beatEvery = 3 * time.Second
	deadAfter = 30 * time.Second // many beats: a loaded machine is not a dead run
)

// Heartbeat touches the heartbeat file now and every few seconds until Close.
// each is called with every beat; it may be nil.
func (w *Writer) Heartbeat(each func()) {
	done, gone := make(chan struct{}), make(chan struct{})
	var once sync.Once
	stop := func() { once.Do(func() { close(done) }); <-gone }
	w.mu.Lock()
	previous := w.stop
	w.stop = stop
	w.mu.Unlock()
	if previous != nil {
		previous()
	}
	w.beat()
	go func() {
		defer close(gone)
		t := time.NewTicker(beatEvery)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				w.beat()
				if each != nil {
					each()
				}
			}
		}
	}()
}

// beat replaces the file's content: the time inside survives copying the folder.
func (w *Writer) beat() {
	now := time.Now().UTC().Format(time.RFC3339Nano) + "\n"
	// A beat that fails (disk full) must not end the run; the next one may work.
	_ = os.WriteFile(filepath.Join(w.dir, heartbeatFile), []byte(now), 0o644)
}

func readHeartbeat(dir string) time.Time {
	path := filepath.Join(dir, heartbeatFile)
	b, err := readSmall(path, 100)
	if err == nil {
		if t, err := time.Parse(time.RFC3339Nano, trimLine(b)); err == nil {
			return t
		}
	}
	if fi, err := os.Stat(path); err == nil {
		return fi.ModTime()
	}
	return time.Time{}
}

// LiveState is the run's state as a reader should show it: Dead for a run that
// says it is running and has not shown a sign of life for half a minute.
func LiveState(info *Info, heartbeat time.Time) State {
	if info.State != Running {
		return info.State
	}
	last := info.Started
	if heartbeat.After(last) {
		last = heartbeat
	}
	if time.Since(last) > deadAfter {
		return Dead
	}
	return Running
}
