package experiment

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

// Samples keeps prompts with answers for the report's sample browser.
func (r *Run) Samples(name, title string, s []run.Sample) {
	if r.w == nil {
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i := range s {
		if err := enc.Encode(&s[i]); err != nil {
			r.report(fmt.Errorf("samples %s: row %d: %w", name, i+1, err))
			return
		}
	}
	path := filepath.Join(r.Dir(), r.sampleName(name))
	if err := durable.WriteBytes(path, b.Bytes()); err != nil {
		r.report(err)
		return
	}
	r.samplesEvent(run.SampleSet{Name: name, Title: title, Count: len(s)}, path, r.stepName())
}

// sampleName is the file of a sample set: one for each name, the last counts.
func (r *Run) sampleName(name string) string {
	return filepath.Join(run.SampleDir, safeName(name)+".jsonl")
}

// sampleFile reports a sample set again from a step's record.
func (r *Run) sampleFile(e run.Event, from string) {
	path := filepath.Join(r.Dir(), r.sampleName(e.Samples.Name))
	if _, _, err := copyFile(from, path); err != nil {
		r.report(fmt.Errorf("samples %s: %w", e.Samples.Name, err))
		return
	}
	r.samplesEvent(*e.Samples, path, e.Step)
}

func (r *Run) samplesEvent(set run.SampleSet, path, step string) {
	set.Path = filepath.ToSlash(r.sampleName(set.Name))
	e := run.Event{Kind: "samples", Step: step, Samples: &set}
	r.event(e)
	r.record(e, path, "")
}

// Artefact keeps a file that the run made, with its hash. Results of steps are
// linked, other files copied. A folder is kept file by file.
func (r *Run) Artefact(name, kind, path string) {
	if r.w == nil {
		return
	}
	fi, err := os.Stat(path)
	if err != nil {
		r.report(fmt.Errorf("artefact %s: %w", name, err))
		return
	}
	if !fi.IsDir() {
		r.artefact(run.Artefact{Name: name, Kind: kind}, path, r.stepName())
		return
	}
	files, err := listSizes(path)
	if err != nil {
		r.report(fmt.Errorf("artefact %s: %w", name, err))
		return
	}
	for _, f := range sortedNames(files) {
		r.artefact(run.Artefact{Name: name + "/" + f, Kind: kind}, filepath.Join(path, filepath.FromSlash(f)), r.stepName())
	}
}

func sortedNames(m map[string]int64) []string {
	var names []string
	for n := range m {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func (r *Run) artefact(a run.Artefact, from, step string) {
	abs, err := filepath.Abs(from)
	if err != nil {
		abs = from
	}
	to := r.artefactPath(a.Name, filepath.Ext(from))
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		r.report(fmt.Errorf("artefact %s: %w", a.Name, err))
		return
	}
	if r.isStored(abs) {
		a.Bytes, a.SHA256, err = linkFile(abs, to)
	} else {
		a.Bytes, a.SHA256, err = copyFile(abs, to)
	}
	if err != nil {
		r.report(fmt.Errorf("artefact %s: %w", a.Name, err))
		return
	}
	rel, _ := filepath.Rel(r.Dir(), to)
	a.Path = filepath.ToSlash(rel)
	r.change(func(c *infoChanges) {
		c.artefacts = slices.DeleteFunc(slices.Clone(c.artefacts), func(b run.Artefact) bool { return b.Name == a.Name })
		c.artefacts = append(c.artefacts, a)
	})
	e := run.Event{Kind: "artefact", Step: step, Artefact: &a}
	r.event(e)
	r.record(e, to, abs)
}

// artefactPath is the file of an artefact: its name, with the extension of the
// file that it comes from. The same name again replaces it.
func (r *Run) artefactPath(name, ext string) string {
	var parts []string
	for p := range strings.SplitSeq(filepath.ToSlash(name), "/") {
		parts = append(parts, safeName(p))
	}
	path := filepath.Join(append([]string{r.Dir(), run.ArtefactDir}, parts...)...)
	if filepath.Ext(path) != ext {
		path += ext
	}
	return path
}

// isStored says whether path is in a finished step, which nobody changes.
func (r *Run) isStored(path string) bool {
	r.mu.Lock()
	steps := r.steps
	r.mu.Unlock()
	if steps == "" {
		return false
	}
	rel, err := filepath.Rel(steps, path)
	first, _, _ := strings.Cut(filepath.ToSlash(rel), "/")
	return err == nil && filepath.IsLocal(rel) && !strings.Contains(first, ".")
}

func linkFile(from, to string) (int64, string, error) {
	tmp := to + ".link.tmp"
	os.Remove(tmp)
	if err := os.Link(from, tmp); err != nil {
		return copyFile(from, to) // another file system
	}
	if err := os.Rename(tmp, to); err != nil {
		return 0, "", err
	}
	os.Remove(tmp) // rename does nothing when both are one file already
	fi, err := os.Stat(to)
	if err != nil {
		return 0, "", err
	}
	sum, err := hashFile(from)
	return fi.Size(), sum, err
}

// copyFile replaces to with a copy of from and gives its size and SHA-256.
func copyFile(from, to string) (size int64, sum string, err error) {
	f, err := os.Open(from)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	err = durable.WriteFile(to, func(w io.Writer) error {
		size, err = io.Copy(io.MultiWriter(w, h), f)
		return err
	})
	return size, hex.EncodeToString(h.Sum(nil)), err
}
