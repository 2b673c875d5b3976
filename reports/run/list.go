package run

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Summary is a run as a list shows it. Err is set when its run.json cannot be
// read; only ID and Dir are known then.
type Summary struct {
	ID      string
	Dir     string
	Script  string
	State   State
	Started time.Time
	Ended   time.Time // zero: not ended
	Params  []Param
	Cost    *Cost
	Report  string // path of report.html, or empty
	Err     error
}

// Seconds is how long the run took; 0 when it has not ended.
func (s *Summary) Seconds() float64 {
	if s.Ended.IsZero() {
		return 0
	}
	return s.Ended.Sub(s.Started).Seconds()
}

// List gives the runs under root, newest first. A missing root has no runs.
func List(root string) ([]Summary, error) {
	entries, err := os.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list runs: %w", err)
	}
	var list []Summary
	for _, e := range entries {
		if !e.IsDir() || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		dir := filepath.Join(root, e.Name())
		if _, err := os.Stat(filepath.Join(dir, infoFile)); err == nil {
			list = append(list, summary(dir))
		}
	}
	slices.SortFunc(list, func(a, b Summary) int {
		if c := b.Started.Compare(a.Started); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return list, nil
}

func summary(dir string) Summary {
	s := Summary{ID: filepath.Base(dir), Dir: dir}
	info, err := readInfo(dir)
	if err != nil {
		s.Err = err
		return s
	}
	s.Script, s.Started, s.Ended = info.Script, info.Started, info.Ended
	s.Params, s.Cost = info.Params, info.Cost
	s.State = LiveState(info, readHeartbeat(dir))
	if report := filepath.Join(dir, "report.html"); fileExists(report) {
		s.Report = report
	}
	return s
}

func fileExists(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}
