package curate

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/curate/pii"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Rules say which rows stay, by their attributes. The zero value keeps all.
type Rules struct {
	Format        bool     `json:"format"`              // rows that cannot be learned from as they stand go
	MinTokens     int      `json:"min_tokens"`          // of prompt and answer together
	MaxTokens     int      `json:"max_tokens"`          // 0: no limit
	Languages     []string `json:"languages,omitempty"` // ISO 639-1; empty: all. Texts too short to tell stay
	Repetition    bool     `json:"repetition"`
	Gibberish     bool     `json:"gibberish"`
	PII           []string `json:"pii,omitempty"` // kinds of personal data with which rows go: see package pii
	MaxOffensive  int      `json:"max_offensive"` // offensive words that a row may have; below 0: any number
	Contamination bool     `json:"contamination"` // rows that hold an item of a benchmark go
}

// Filters are the names of the filters, in the order in which they are asked: the
// first that objects is the one that a row is counted under.
var Filters = []string{"format", "length", "language", "repetition", "gibberish", "personal data", "offensive words", "contamination"}

// judge says which filter (its place in Filters) objects to a row and why; -1 if
// none does.
func (r *Rules) judge(a *attributes) (filter int, why string) {
	switch {
	case r.Format && a.Format != "":
		return 0, a.Format
	case a.Tokens < r.MinTokens:
		return 1, fmt.Sprintf("%d tokens, fewer than %d", a.Tokens, r.MinTokens)
	case r.MaxTokens > 0 && a.Tokens > r.MaxTokens:
		return 1, fmt.Sprintf("%d tokens, more than %d", a.Tokens, r.MaxTokens)
	case len(r.Languages) > 0 && a.Sure && !slices.Contains(r.Languages, a.Language):
		return 2, "it is " + a.Language
	case r.Repetition && a.Repeats != "":
		return 3, a.Repeats
	case r.Gibberish && a.Gibberish != "":
		return 4, a.Gibberish
	}
	for _, kind := range r.PII {
		if n := a.PII[kind]; n > 0 {
			return 5, fmt.Sprintf("%d × %s", n, kind)
		}
	}
	switch {
	case r.MaxOffensive >= 0 && a.Offensive > r.MaxOffensive:
		return 6, fmt.Sprintf("%d offensive words", a.Offensive)
	case r.Contamination && a.Benchmark != "":
		return 7, fmt.Sprintf("item %d of %s: %q", a.Item, a.Benchmark, a.Span)
	}
	return -1, ""
}

func (r *Rules) check(t *Tagged) error {
	for _, kind := range r.PII {
		if !slices.Contains(pii.Kinds, kind) {
			return experiment.WithCode(experiment.Hint(fmt.Errorf("curate: %q is no kind of personal data", kind), "Known are "+strings.Join(pii.Kinds, ", ")), 2)
		}
	}
	if r.MaxTokens > 0 && r.MaxTokens < r.MinTokens {
		return experiment.WithCode(fmt.Errorf("curate: no row has between %d and %d tokens", r.MinTokens, r.MaxTokens), 2)
	}
	if r.Contamination && len(t.tagger.Benchmarks) == 0 {
		return experiment.WithCode(experiment.Hint(fmt.Errorf("curate: no benchmark was compared with the rows"), "Name them when the rows are tagged (Tagger.Benchmarks)."), 2)
	}
	return nil
}

// removal is a row that goes, one line of removed.jsonl.
type removal struct {
	Source string `json:"source"`
	File   string `json:"file"`
	Row    int    `json:"row"`
	Filter string `json:"filter"`
	Why    string `json:"why"`
	Text   string `json:"text,omitempty"` // of samples only

	line []byte
}

// mixed is what the step leaves beside the lines.
type mixed struct {
	Removed []int       `json:"removed"` // by filter
	Sources []int       `json:"sources"` // kept rows of each
	Hashes  []string    `json:"hashes"`  // of the lines of each
	Samples [][]removal `json:"samples"` // of each filter
}

const (
	mixedFile   = "mix.json"
	removedFile = "removed.jsonl"
)

// samplesPerFilter are shown of the rows that a filter removes, drawn by a hash of
// their place.
const samplesPerFilter = 5

// Mix keeps the rows that satisfy the rules.
func (t *Tagged) Mix(r Rules) (*Rows, error) {
	if err := r.check(t); err != nil {
		return nil, err
	}
	x := experiment.Current()
	spec := experiment.Spec{Name: "mix", Version: version, Inputs: map[string]string{}, Params: r}
	for i, s := range t.sources {
		spec.Inputs[fmt.Sprintf("%05d %s", i, s.name)] = s.hash
	}
	dir, err := x.Do(spec, func(w *experiment.Work) error { return t.mix(&r, w.Dir) })
	if err != nil {
		return nil, err
	}
	var m mixed
	b, err := os.ReadFile(filepath.Join(dir, mixedFile))
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return nil, fmt.Errorf("read what was mixed: %w", err)
	}
	rows := t.rows(dir, &m)
	rows.reportMix(t, &m, dir)
	return rows, nil
}

// MustMix is Mix; an error ends the run.
func (t *Tagged) MustMix(r Rules) *Rows {
	rows, err := t.Mix(r)
	return must(rows, err)
}

// rows are what the step left.
func (t *Tagged) rows(dir string, m *mixed) *Rows {
	out := &Rows{hash: strings.Join(m.Hashes, " ")}
	for i, s := range t.sources {
		if m.Sources[i] == 0 {
			continue
		}
		out.files = append(out.files, filepath.Join(dir, linesOf(i)))
		out.counts = append(out.counts, m.Sources[i])
		out.total += m.Sources[i]
		for _, p := range s.parts {
			out.columns.Merge(p.Columns)
		}
	}
	out.gone = newBits(out.total)
	out.kept = out.total
	out.stages = []run.FunnelStage{{Name: "rows", Count: t.Rows + t.Bad}}
	left := t.Rows
	if t.Bad > 0 {
		out.stages = append(out.stages, run.FunnelStage{Name: "readable", Count: left, Note: fmt.Sprintf("%d cannot be read", t.Bad)})
	}
	for f, n := range m.Removed {
		left -= n
		note := ""
		if n > 0 && len(m.Samples[f]) > 0 {
			note = fmt.Sprintf("%d go; one: %s", n, m.Samples[f][0].Why)
		}
		out.stages = append(out.stages, run.FunnelStage{Name: Filters[f], Count: left, Note: note})
	}
	return out
}

func linesOf(source int) string { return fmt.Sprintf("rows-%03d.jsonl", source) }

// mix copies the lines that stay, source by source and in their order.
func (t *Tagged) mix(r *Rules, dir string) error {
	m := mixed{Removed: make([]int, len(Filters)), Sources: make([]int, len(t.sources)), Hashes: make([]string, len(t.sources)), Samples: make([][]removal, len(Filters))}
	draws := make([]draw, len(Filters))
	bar := experiment.Current().Progress("mix", "rows", t.Rows)
	defer bar.Done()
	err := durable.WriteFile(filepath.Join(dir, removedFile), func(w io.Writer) error {
		list := bufio.NewWriterSize(w, 1<<18)
		enc := json.NewEncoder(list)
		enc.SetEscapeHTML(false)
		for i := range t.sources {
			s := &t.sources[i]
			err := durable.WriteFile(filepath.Join(dir, linesOf(i)), func(w io.Writer) error {
				out := newSummed(w)
				err := inOrder(slices.Values(numbers(len(s.parts))), func(n int) (*sifted, error) { return s.sift(n, r) }, func(p *sifted) error {
					bar.Add(p.kept + len(p.gone))
					m.Sources[i] += p.kept
					for _, gone := range p.gone {
						f := slices.Index(Filters, gone.Filter)
						m.Removed[f]++
						draws[f].offer(gone)
						if err := enc.Encode(gone); err != nil {
							return err
						}
					}
					_, err := out.Write(p.lines)
					return err
				})
				m.Hashes[i] = out.sum()
				return err
			})
			if err != nil {
				return fmt.Errorf("source %s: %w", s.name, err)
			}
		}
		return list.Flush()
	})
	if err != nil {
		return err
	}
	for f := range draws {
		m.Samples[f] = draws[f].list()
	}
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return durable.WriteBytes(filepath.Join(dir, mixedFile), b)
}

// sifted is a part with its rows told apart.
type sifted struct {
	lines []byte
	kept  int
	gone  []removal
}

func (s *taggedSource) sift(n int, r *Rules) (*sifted, error) {
	if err := experiment.Current().Context().Err(); err != nil {
		return nil, err
	}
	lines, tags, err := readPart(s.dir, n, &s.parts[n])
	if err != nil {
		return nil, err
	}
	out := &sifted{lines: make([]byte, 0, s.parts[n].Bytes)}
	for i := range tags {
		a := &tags[i]
		f, why := r.judge(a)
		if f < 0 {
			out.kept++
			out.lines = append(append(out.lines, lines[i]...), '\n')
			continue
		}
		out.gone = append(out.gone, removal{Source: s.name, File: s.files[a.File], Row: a.Row, Filter: Filters[f], Why: why, line: lines[i]})
	}
	return out, nil
}

// textOf is a row for people: what it asks and what it answers.
func textOf(line []byte) string {
	r, err := dataset.ParseRow(bytes.TrimSpace(line))
	if err != nil {
		return clip(string(line), 400)
	}
	return clip(r.Prompt(), 240) + "\n→ " + clip(r.Reply(), 240)
}

// draw keeps the removals with the smallest hashes of their places: a sample that
// does not depend on the order of work.
type draw []drawn

type drawn struct {
	removal
	hash uint64
}

func (d draw) Len() int           { return len(d) }
func (d draw) Less(i, j int) bool { return d[i].hash > d[j].hash }
func (d draw) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *draw) Push(v any)        { *d = append(*d, v.(drawn)) }
func (d *draw) Pop() any {
	old := *d
	v := old[len(old)-1]
	*d = old[:len(old)-1]
	return v
}

func (d *draw) offer(r removal) {
	h := fnv.New64a()
	io.WriteString(h, r.Source+"\x00"+filepath.Base(r.File)+"\x00"+strconv.Itoa(r.Row))
	at := mixBits(h.Sum64())
	if d.Len() == samplesPerFilter {
		if at >= (*d)[0].hash {
			return
		}
		heap.Pop(d)
	}
	r.Text, r.line = textOf(r.line), nil
	heap.Push(d, drawn{r, at})
}

// mixBits spreads the last bytes of a place over all bits (the finaliser of
// MurmurHash3).
func mixBits(h uint64) uint64 {
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

func (d draw) list() []removal {
	slices.SortFunc(d, func(a, b drawn) int { return cmp.Compare(a.hash, b.hash) })
	list := make([]removal, len(d))
	for i := range d {
		list[i] = d[i].removal
	}
	return list
}

// numbers are 0 to n-1.
func numbers(n int) []int {
	list := make([]int, n)
	for i := range list {
		list[i] = i
	}
	return list
}

// summed is a writer that knows the hash of what was written.
type summed struct {
	io.Writer
	h hash.Hash
}

func newSummed(w io.Writer) *summed { h := sha256.New(); return &summed{io.MultiWriter(w, h), h} }
func (s *summed) sum() string       { return hex.EncodeToString(s.h.Sum(nil)) }
