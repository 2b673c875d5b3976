// Package adopt makes a run folder of what other tools left behind, so that their
// results can be looked at and compared like a run's own: the trainer_state.json
// of Hugging Face's Trainer (transformers, TRL, Axolotl, LLaMA-Factory, Unsloth)
// and the results and samples of lm-evaluation-harness.
package adopt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cogumi/reports/run"
)

// ErrNothing: the folder holds nothing that is known.
var ErrNothing = errors.New("it holds no trainer_state.json and no results of lm-eval (results*.json)")

// Folder makes a run in root of what dir holds and gives the run's folder. dir may
// also be one of the files. Numbers that are none (NaN) are left out and named.
func Folder(root, dir string) (string, error) {
	a, err := find(dir)
	if err != nil {
		return "", fmt.Errorf("adopt %s: %w", dir, err)
	}
	for _, read := range []func() error{a.readTrainer, a.readAdapter, a.readResults} {
		if err := read(); err != nil {
			return "", fmt.Errorf("adopt %s: %w", dir, err)
		}
	}
	return a.write(root)
}

// adopted is what was found and what comes of it.
type adopted struct {
	dir     string
	trainer string   // file; empty if there is none
	adapter string   // file
	results []string // files, one a model, newest of each

	info    run.Info
	events  []run.Event
	samples []sampleFile
}

// sampleFile is a sample set that is written with the run.
type sampleFile struct {
	set  run.SampleSet
	list []run.Sample
}

func find(dir string) (*adopted, error) {
	fi, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	a := &adopted{dir: dir}
	if !fi.IsDir() {
		a.dir = filepath.Dir(dir)
		switch name := filepath.Base(dir); {
		case name == trainerFile:
			a.trainer = dir
		case strings.HasPrefix(name, "results") && strings.HasSuffix(name, ".json"):
			a.results = []string{dir}
		default:
			return nil, ErrNothing
		}
		return a, nil
	}
	if a.trainer, err = newestState(dir); err != nil {
		return nil, err
	}
	if path := filepath.Join(dir, "adapter_config.json"); exists(path) {
		a.adapter = path
	} else if path = filepath.Join(filepath.Dir(a.trainer), "adapter_config.json"); a.trainer != "" && exists(path) {
		a.adapter = path
	}
	if a.results, err = resultFiles(dir); err != nil {
		return nil, err
	}
	if a.trainer == "" && len(a.results) == 0 {
		return nil, ErrNothing
	}
	return a, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

var checkpoint = regexp.MustCompile(`^checkpoint-(\d+)$`)

// newestState is the folder's own trainer state, or that of its last checkpoint.
func newestState(dir string) (string, error) {
	if path := filepath.Join(dir, trainerFile); exists(path) {
		return path, nil
	}
	entries, err := os.ReadDir(dir)
	best, last := "", -1
	for _, e := range entries {
		m := checkpoint.FindStringSubmatch(e.Name())
		if m == nil {
			continue
		}
		path := filepath.Join(dir, e.Name(), trainerFile)
		if n, err := strconv.Atoi(m[1]); err == nil && n > last && exists(path) {
			best, last = path, n
		}
	}
	return best, err
}

// resultFiles are the newest results of each folder, at most one below dir: the
// harness makes a folder a model, and a file a run in it, named by its time.
func resultFiles(dir string) ([]string, error) {
	newest := map[string]string{}
	for _, pattern := range []string{"results*.json", "*/results*.json"} {
		list, err := filepath.Glob(filepath.Join(escape(dir), pattern))
		if err != nil {
			return nil, err
		}
		for _, path := range list {
			folder := filepath.Dir(path)
			newest[folder] = max(newest[folder], path)
		}
	}
	var list []string
	for _, path := range newest {
		list = append(list, path)
	}
	slices.Sort(list)
	return list, nil
}

// escape keeps a folder's name from being read as a pattern.
func escape(dir string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}

// name is what the run is called: the folder, or of a checkpoint the one above.
func (a *adopted) name() string {
	dir, err := filepath.Abs(a.dir)
	if err != nil {
		dir = a.dir
	}
	if checkpoint.MatchString(filepath.Base(dir)) {
		dir = filepath.Dir(dir)
	}
	return filepath.Base(dir)
}

func (a *adopted) param(name, value string) {
	if value != "" {
		a.info.Params = append(a.info.Params, run.Param{Name: name, Value: value, Default: value})
	}
}

func (a *adopted) note(level, topic, text, hint string) {
	a.events = append(a.events, run.Event{Kind: "note", Note: &run.Note{Level: level, Topic: topic, Text: text, Hint: hint}})
}

func (a *adopted) write(root string) (dir string, err error) {
	a.info.Script, a.info.State = a.name(), run.Running
	a.info.Command = "cogumi report --from " + strconv.Quote(a.dir)
	if a.info.Ended.IsZero() {
		a.info.Ended = time.Now().UTC()
	}
	if a.info.Started.IsZero() || a.info.Started.After(a.info.Ended) {
		a.info.Started = a.info.Ended
	}
	w, err := run.Create(root, a.info)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	for _, s := range a.samples {
		if err := writeSamples(filepath.Join(w.Dir(), filepath.FromSlash(s.set.Path)), s.list); err != nil {
			return "", err
		}
		a.events = append(a.events, run.Event{Kind: "samples", Samples: &s.set})
	}
	for _, e := range a.events {
		if e.Attempt = 1; e.Time.IsZero() {
			e.Time = a.info.Ended
		}
		if err := w.Event(e); err != nil {
			return "", err
		}
	}
	return w.Dir(), w.Update(func(i *run.Info) { i.State = run.Done })
}

func writeSamples(path string, list []run.Sample) error {
	var b []byte
	for _, s := range list {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		b = append(append(b, line...), '\n')
	}
	return os.WriteFile(path, b, 0o644)
}

// readFile reads JSON as Python writes it: NaN, Infinity and -Infinity become null.
func readFile(path string, into any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	b, _ = withoutNaN(b)
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%s: %w", path, place(b, err))
	}
	return nil
}

// place says at which line a JSON error lies.
func place(b []byte, err error) error {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	at := int64(-1)
	switch {
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at < 0 || at > int64(len(b)) {
		return err
	}
	return fmt.Errorf("line %d: %w", 1+strings.Count(string(b[:at]), "\n"), err)
}

// modified is when a file was last written.
func modified(path string) time.Time {
	fi, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err != nil {
		return time.Time{}
	}
	return fi.ModTime().UTC()
}
