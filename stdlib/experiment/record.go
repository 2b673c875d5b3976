package experiment

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cogumi/reports/run"
)

// recorder keeps what a step reports while it works, beside its result: a run
// that reuses the step reports the same.
type recorder struct {
	name string
	st   store
	dir  string // <key>.record.partial
	file *os.File
	n    int
}

// recorded is one line of a record.
type recorded struct {
	run.Event
	// InStep is the path of an artefact inside the step's folder; Kept the name
	// of a file inside the record.
	InStep string `json:"in_step,omitempty"`
	Kept   string `json:"kept,omitempty"`
}

// worthKeeping are the kinds of events that a report shows.
var worthKeeping = []string{"metric", "figure", "table", "funnel", "samples", "comparison", "judging", "benchmark", "clusters", "check", "source", "note", "artefact"}

func (r *Run) pushRecorder(name string, st store) *recorder {
	rec := &recorder{name: name, st: st, dir: st.path(".record.partial")}
	if r.w != nil {
		err := os.MkdirAll(rec.dir, 0o755)
		if err == nil {
			rec.file, err = os.OpenFile(filepath.Join(rec.dir, "events.jsonl"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
		}
		if err == nil {
			err = endLine(rec.file)
		}
		if err != nil {
			rec.file = nil
			r.report(fmt.Errorf("step %s: record what it reports: %w", name, err))
		}
	}
	r.mu.Lock()
	r.stack = append(r.stack, rec)
	r.mu.Unlock()
	return rec
}

func (r *Run) popRecorder(rec *recorder) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stack = slices.DeleteFunc(slices.Clone(r.stack), func(o *recorder) bool { return o == rec })
	if rec.file != nil {
		rec.file.Close()
		rec.file = nil
	}
}

// endLine closes a line that a kill cut.
func endLine(f *os.File) error {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil || end == 0 {
		return err
	}
	var last [1]byte
	if _, err = f.ReadAt(last[:], end-1); err == nil && last[0] != '\n' {
		_, err = f.Write([]byte("\n"))
	}
	return err
}

// record gives an event to every step at work. file is what an artefact or a
// sample set is made of; origin is where the artefact came from.
func (r *Run) record(e run.Event, file, origin string) {
	if !slices.Contains(worthKeeping, e.Kind) || e.Note != nil && e.Note.Topic == "cost" {
		return // what a step cost is not what a run that takes its result pays
	}
	e.Time, e.Attempt = time.Time{}, 0
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, rec := range r.stack {
		if rec.file == nil {
			continue
		}
		if err := rec.add(e, file, origin); err != nil {
			r.notified[err.Error()] = true
			r.con.warn("the run's record is incomplete: " + err.Error())
		}
	}
}

func (rec *recorder) add(e run.Event, file, origin string) error {
	line := recorded{Event: e}
	if rel, err := filepath.Rel(rec.st.path(".partial"), origin); origin != "" && err == nil && filepath.IsLocal(rel) {
		line.InStep = filepath.ToSlash(rel)
	} else if file != "" {
		rec.n++
		line.Kept = fmt.Sprintf("%d-%d-%s", time.Now().UnixNano(), rec.n, filepath.Base(file))
		if _, _, err := copyFile(file, filepath.Join(rec.dir, line.Kept)); err != nil {
			return fmt.Errorf("step %s: keep %s: %w", rec.name, e.Kind, err)
		}
	}
	b, err := json.Marshal(line)
	if err == nil {
		_, err = rec.file.Write(append(b, '\n'))
	}
	if err != nil {
		return fmt.Errorf("step %s: keep %s: %w", rec.name, e.Kind, err)
	}
	return nil
}

// replay reports again what a step reported. dir is the record, result the
// step's folder. A cut last line is left out: the step is resumed and says it again.
func (r *Run) replay(dir, result, step string) {
	if r.w == nil {
		return
	}
	f, err := os.Open(filepath.Join(dir, "events.jsonl"))
	if err != nil {
		return // nothing was reported
	}
	defer f.Close()
	br := bufio.NewReader(f)
	for {
		line, err := br.ReadBytes('\n')
		var e recorded
		if json.Unmarshal(line, &e) == nil && e.Kind != "" {
			r.again(e, dir, result)
		}
		if err != nil {
			return
		}
	}
}

func (r *Run) again(e recorded, dir, result string) {
	local := func(base, path string) string {
		if path == "" || !filepath.IsLocal(filepath.FromSlash(path)) {
			return ""
		}
		return filepath.Join(base, filepath.FromSlash(path))
	}
	switch {
	case e.Samples != nil:
		if from := local(dir, e.Kept); from != "" {
			r.sampleFile(e.Event, from)
		}
	case e.Artefact != nil:
		from := local(result, e.InStep)
		if from == "" {
			from = local(dir, e.Kept)
		}
		if from != "" {
			r.artefact(*e.Artefact, from, e.Step)
		}
	case e.Note != nil:
		if e.Note.Level == "warn" {
			r.showNote(*e.Note)
		}
		r.emit(e.Event)
	default:
		r.emit(e.Event)
	}
}

// safeName is a name as a file name.
func safeName(name string) string {
	s := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.", c) {
			return c
		}
		return '-'
	}, name)
	if s = strings.Trim(s, "-."); s == "" {
		s = "file"
	}
	return s[:min(len(s), 80)]
}
