package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Limits that keep a damaged or hostile folder from eating the memory.
const (
	maxInfo = 64 << 20
	maxLine = 64 << 20
)

// ErrNewer says that a newer cogumi wrote the run folder.
var ErrNewer = errors.New("written by a newer cogumi")

// Run is a run folder in memory.
type Run struct {
	Dir       string
	Info      Info
	Events    []Event
	Heartbeat time.Time // zero: never
	// Cut counts lines of events.jsonl that are no event: the last one of a
	// killed run, or damage.
	Cut int
	// Problems are things that were left out, and why.
	Problems []string
}

// State is LiveState of the run.
func (r *Run) State() State { return LiveState(&r.Info, r.Heartbeat) }

// Read reads a run folder, also one of a run that is still alive. A missing
// event log is an empty one. Paths that leave the folder are refused: the event
// or artefact is left out and named in Problems.
func Read(dir string) (*Run, error) {
	info, err := readInfo(dir)
	if err != nil {
		return nil, err
	}
	r := newRun(dir, info)
	r.Heartbeat = readHeartbeat(dir)
	f, err := os.Open(filepath.Join(dir, eventsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read run: %w", err)
	}
	defer f.Close()
	if err := r.readEvents(f); err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, eventsFile), err)
	}
	return r, nil
}

func newRun(dir string, info *Info) *Run {
	r := &Run{Dir: dir, Info: *info}
	r.Info.Artefacts = nil
	for _, a := range info.Artefacts {
		if r.keepPath("artefact "+a.Name, a.Path) {
			r.Info.Artefacts = append(r.Info.Artefacts, a)
		}
	}
	return r
}

func (r *Run) keepPath(what, path string) bool {
	if localPath(path) {
		return true
	}
	r.problem("%s: path %q leaves the run folder", what, path)
	return false
}

func (r *Run) problem(format string, a ...any) {
	const most = 100
	if len(r.Problems) < most {
		r.Problems = append(r.Problems, fmt.Sprintf(format, a...))
	}
}

// localPath says whether path stays inside the folder on every system.
func localPath(path string) bool {
	return filepath.IsLocal(path) && filepath.Clean(path) != "." && !strings.ContainsAny(path, "\x00\\:")
}

func readInfo(dir string) (*Info, error) {
	path := filepath.Join(dir, infoFile)
	b, err := readSmall(path, maxInfo)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a run folder: it has no %s: %w", dir, infoFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	info, err := parseInfo(b)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return info, nil
}

func parseInfo(b []byte) (*Info, error) {
	// The version is read first: a newer file may have fields of other types.
	var v struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	if v.Version > Version {
		return nil, fmt.Errorf("version %d of the run folder, this program knows %d: %w", v.Version, Version, ErrNewer)
	}
	if v.Version < 1 {
		return nil, fmt.Errorf("version %d of the run folder is not valid", v.Version)
	}
	var info Info
	if err := json.Unmarshal(b, &info); err != nil {
		return nil, err
	}
	return &info, nil
}

func (r *Run) readEvents(src io.Reader) error {
	br := bufio.NewReaderSize(src, 64<<10)
	for {
		line, whole, err := readLine(br)
		if err != nil && err != io.EOF {
			return err
		}
		if len(bytes.TrimSpace(line)) > 0 || !whole {
			r.addLine(line, whole)
		}
		if err == io.EOF {
			return nil
		}
	}
}

// addLine takes one line in. A last line without its newline counts if it is
// whole JSON: the kill may have come between the two.
func (r *Run) addLine(line []byte, whole bool) {
	var e Event
	if !whole || json.Unmarshal(line, &e) != nil || !e.complete() {
		r.Cut++
		return
	}
	switch {
	case e.Samples != nil && !r.keepPath("samples "+e.Samples.Name, e.Samples.Path):
		return
	case e.Artefact != nil && !r.keepPath("artefact "+e.Artefact.Name, e.Artefact.Path):
		return
	}
	r.Events = append(r.Events, e)
}

// complete says whether the pointer that Kind names is there. Kinds that this
// version does not know are kept: access by kind never meets them.
func (e *Event) complete() bool {
	switch e.Kind {
	case "":
		return false
	case "step":
		return e.StepInfo != nil
	case "metric":
		return e.Metric != nil
	case "progress":
		return e.Progress != nil
	case "figure":
		return e.Figure != nil
	case "table":
		return e.Table != nil
	case "funnel":
		return e.Funnel != nil
	case "samples":
		return e.Samples != nil
	case "comparison":
		return e.Comparison != nil
	case "judging":
		return e.Judging != nil
	case "benchmark":
		return e.Benchmark != nil
	case "clusters":
		return e.Clusters != nil
	case "check":
		return e.Check != nil
	case "source":
		return e.Source != nil
	case "note":
		return e.Note != nil
	case "artefact":
		return e.Artefact != nil
	}
	return true
}

// readLine gives the next line without its end; whole is false for one that is
// longer than maxLine, which is skipped.
func readLine(br *bufio.Reader) (line []byte, whole bool, err error) {
	whole = true
	for {
		part, err := br.ReadSlice('\n')
		if whole && len(line)+len(part) <= maxLine {
			line = append(line, part...)
		} else {
			line, whole = nil, false
		}
		if err == bufio.ErrBufferFull {
			continue
		}
		return bytes.TrimRight(line, "\r\n"), whole, err
	}
}

func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("longer than %d bytes", limit)
	}
	return b, err
}

func trimLine(b []byte) string { return strings.TrimSpace(string(b)) }
