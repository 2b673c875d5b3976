package curate

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"cogumi/kernels/cpu/par"
	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/curate/contamination"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

// version of what attributes mean; raised when they change.
const version = 1

// Tagger says how attributes are computed.
type Tagger struct {
	Tokenizer  string   // of the model that will be trained: what model.Load takes, or a tokenizer.json; "tiny" if empty
	Benchmarks []string // files and folders of items that must not be in the rows
	Redact     bool     // put [email], [phone] … in the place of personal data
}

// Tagged is rows with their attributes, on disk.
type Tagged struct {
	Sources []Source
	Rows    int // that could be read
	Bad     int // that could not, set aside
	Redact  bool

	tagger  Tagger
	sources []taggedSource
}

type taggedSource struct {
	dir   string
	name  string
	files []string
	parts []manifest
	rows  int
	bad   int
	hash  string // of the parts
}

// index is the file that lists the parts of a source.
type index struct {
	Files int        `json:"files"`
	Parts []manifest `json:"parts"`
	Bad   int        `json:"bad"`
}

const (
	indexFile = "index.json"
	badFile   = "bad.jsonl"
)

// Tag reads every row of the sources and writes down what it is like. Each source is
// a step; within one, what a killed run finished is not done again. Rows that cannot
// be read are set aside with file, line and reason. A source none of whose rows can
// be read is an error.
func Tag(sources []Source, c Tagger) (*Tagged, error) {
	if c.Tokenizer == "" {
		c.Tokenizer = "tiny"
	}
	tokens, tokensHash, err := model.Tokenizer(c.Tokenizer)
	if err != nil {
		return nil, err
	}
	j := &gauge{tokens: tokens, redact: c.Redact}
	items := map[string]string{}
	if len(c.Benchmarks) > 0 {
		j.benchmarks = contamination.New()
	}
	for _, path := range c.Benchmarks {
		n, err := j.benchmarks.AddPath(path)
		if err != nil {
			return nil, experiment.WithCode(fmt.Errorf("read the benchmark %s: %w", path, err), 3)
		}
		if n == 0 {
			return nil, experiment.WithCode(fmt.Errorf("read the benchmark %s: it has no items", path), 3)
		}
		if items[path], err = experiment.HashPath(path); err != nil {
			return nil, err
		}
	}
	t := &Tagged{Sources: sources, Redact: c.Redact, tagger: c}
	for _, s := range sources {
		params := map[string]any{"fields": s.Fields, "category": s.Category, "tokenizer": tokensHash, "benchmarks": items, "redact": c.Redact, "rows": partRows}
		done, err := tagSource(s, j, params)
		if err != nil {
			return nil, err
		}
		t.sources = append(t.sources, *done)
		t.Rows += done.rows
		t.Bad += done.bad
	}
	t.report()
	return t, nil
}

// MustTag is Tag; an error ends the run.
func MustTag(sources []Source, c Tagger) *Tagged {
	t, err := Tag(sources, c)
	return must(t, err)
}

func tagSource(s Source, j *gauge, params map[string]any) (*taggedSource, error) {
	x := experiment.Current()
	inputs := map[string]string{}
	for i, path := range s.Files {
		hash, err := experiment.HashPath(path)
		if err != nil {
			return nil, experiment.WithCode(fmt.Errorf("source %s: %w", s.Name, err), 3)
		}
		inputs[fmt.Sprintf("%05d %s", i, filepath.Base(path))] = hash
	}
	spec := experiment.Spec{Name: "tag " + s.Name, Version: version, Inputs: inputs, Params: params}
	dir, err := x.Do(spec, func(w *experiment.Work) error { return (&tagging{source: s, gauge: j, dir: w.Dir, run: x}).all() })
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, indexFile))
	var in index
	if err == nil {
		err = json.Unmarshal(b, &in)
	}
	if err != nil {
		return nil, fmt.Errorf("read the parts of %s: %w", s.Name, err)
	}
	done := &taggedSource{dir: dir, name: s.Name, files: s.Files, parts: in.Parts, bad: in.Bad}
	h := sha256.New()
	for _, p := range in.Parts {
		done.rows += p.Rows
		fmt.Fprintln(h, p.Lines, p.Tags)
	}
	done.hash = hex.EncodeToString(h.Sum(nil))
	return done, nil
}

// tagging is the work on one source.
type tagging struct {
	source Source
	gauge  *gauge
	dir    string
	run    *experiment.Run

	file    int
	row     int // of the file
	good    int // rows of the source
	parts   int // begun
	now     *part
	size    int
	work    chan *part
	mu      sync.Mutex
	done    map[int]*manifest
	failed  error
	bad     *bufio.Writer
	badRows int
	kinds   map[string]int
	first   string // bad row
}

func (t *tagging) all() error {
	ctx, cancel := context.WithCancel(t.run.Context())
	defer cancel()
	t.work, t.done, t.kinds = make(chan *part), map[int]*manifest{}, map[string]int{}
	bar := t.run.Progress("tag "+t.source.Name, "rows", 0)
	defer bar.Done()
	var group sync.WaitGroup
	for range par.Workers() {
		group.Go(func() {
			for p := range t.work {
				m, err := p.write(t.dir, t.source.Name, t.gauge)
				t.mu.Lock()
				if t.done[p.number] = m; err != nil && t.failed == nil {
					t.failed = fmt.Errorf("%s: %w", t.source.Files[p.at[0].File], err)
					cancel()
				}
				t.mu.Unlock()
				bar.Add(len(p.rows))
			}
		})
	}
	err := t.read(ctx)
	close(t.work)
	group.Wait()
	if t.failed != nil {
		err = t.failed
	}
	if err != nil {
		return err
	}
	if t.good == 0 {
		return t.nothing()
	}
	in := index{Files: len(t.source.Files), Bad: t.badRows}
	for i := range t.parts {
		in.Parts = append(in.Parts, *t.done[i])
	}
	t.note()
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	return durable.WriteBytes(filepath.Join(t.dir, indexFile), b)
}

// nothing is the error of a source without a usable row.
func (t *tagging) nothing() error {
	if t.badRows == 0 {
		return experiment.WithCode(fmt.Errorf("source %s holds no rows", t.source.Name), 3)
	}
	return experiment.WithCode(experiment.Hint(fmt.Errorf("source %s: none of its %d rows can be used; the first: %s", t.source.Name, t.badRows, t.first),
		"Fields of other names are given behind the path: "+t.source.Name+"="+filepath.Base(t.source.Files[0])+",instruction=question,output=reply"), 3)
}

// read cuts the files into parts. Bad rows go into a file of the step.
func (t *tagging) read(ctx context.Context) error {
	var failed error
	err := durable.WriteFile(filepath.Join(t.dir, badFile), func(w io.Writer) error {
		t.bad = bufio.NewWriter(w)
		for i := range t.source.Files {
			if failed = t.readFile(ctx, i); failed != nil {
				break
			}
		}
		return t.bad.Flush()
	})
	if failed != nil {
		return failed
	}
	return err
}

func (t *tagging) readFile(ctx context.Context, file int) error {
	enc := json.NewEncoder(t.bad)
	enc.SetEscapeHTML(false)
	t.file, t.row = file, 0
	var unwritten error
	err := dataset.EachAs(t.source.Files[file], t.source.Fields, func(r dataset.Row) error { return t.take(ctx, r) }, func(b dataset.Bad) {
		t.row++
		t.badRows++
		if t.kinds[b.Kind]++; t.first == "" {
			t.first = fmt.Sprintf("%s:%d: %s", b.File, b.Line, b.Why)
		}
		unwritten = errors.Join(unwritten, enc.Encode(b))
	})
	if errors.Is(err, dataset.ErrOnlyBad) {
		err = nil // they are listed; all files together must have some that are not
	}
	if err == nil {
		err = unwritten
	}
	if err != nil {
		return err
	}
	return t.flush(ctx)
}

// take puts a row into the part at hand.
func (t *tagging) take(ctx context.Context, r dataset.Row) error {
	t.row++
	t.good++
	if r.Category == "" {
		r.Category = t.source.Category
	}
	if t.now == nil {
		t.now = &part{number: t.parts}
		t.parts++
	}
	for _, text := range texts(&r) {
		t.size += len(*text)
	}
	t.now.rows = append(t.now.rows, r)
	t.now.at = append(t.now.at, attributes{File: t.file, Row: t.row})
	if len(t.now.rows) < partRows && t.size < partBytes {
		return nil
	}
	return t.flush(ctx)
}

// flush hands the part at hand to a worker, unless it was finished before.
func (t *tagging) flush(ctx context.Context) error {
	p := t.now
	if t.now, t.size = nil, 0; p == nil {
		return nil
	}
	if m, ok := finished(t.dir, p.number); ok && m.Rows == len(p.rows) && m.File == t.file {
		t.mu.Lock()
		t.done[p.number] = m
		t.mu.Unlock()
		return nil
	}
	select {
	case t.work <- p:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// note tells the run about rows set aside.
func (t *tagging) note() {
	if t.badRows == 0 {
		return
	}
	var kinds []string
	for k, n := range t.kinds {
		kinds = append(kinds, fmt.Sprintf("%d × %s", n, k))
	}
	path := filepath.Join(t.dir, badFile)
	t.run.Artefact("bad-rows/"+t.source.Name+".jsonl", "bad rows", path)
	t.run.Note(run.Note{Level: "warn", Topic: "data", Text: fmt.Sprintf("%s: %d of %d rows cannot be used and were set aside: %s. The first: %s",
		t.source.Name, t.badRows, t.badRows+t.good, strings.Join(kinds, ", "), t.first), Hint: "They are in artefacts/bad-rows/" + t.source.Name + ".jsonl, with file and line."})
}
