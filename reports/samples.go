package reports

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"

	"cogumi/reports/run"
)

// sampleData is the run's samples, what matters first.
type sampleData struct {
	sets       []setInfo
	list       []sample
	tags       map[string]int
	families   map[string]bool
	categories map[string]bool
	problems   []string
	whole      [][]run.Sample // as the run has them, by set
}

type setInfo struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Total int    `json:"total"`
	Shown int    `json:"shown"`
	Path  string `json:"path"`
}

// sample is what the page gets; short keys, empty fields left out.
type sample struct {
	Set       int      `json:"s,omitempty"`
	ID        string   `json:"i"`
	Category  string   `json:"c,omitempty"`
	Family    string   `json:"f,omitempty"`
	Prompt    string   `json:"p"`
	Reference string   `json:"r,omitempty"`
	Answers   []answer `json:"a"`
	Tags      []string `json:"t,omitempty"`
	Winner    string   `json:"w,omitempty"`
	Judged    []judged `json:"j,omitempty"`

	rank int
}

type answer struct {
	Model     string `json:"m"`
	Text      string `json:"x"`
	Verdict   string `json:"v,omitempty"`
	Extracted string `json:"e,omitempty"`
	Reason    string `json:"w,omitempty"`
	Tokens    int    `json:"n,omitempty"`
}

// judged is what a judge said in one order.
type judged struct {
	First  string `json:"f"`
	Winner string `json:"w,omitempty"`
	Reason string `json:"r,omitempty"`
	Error  string `json:"e,omitempty"`
	Judge  string `json:"g,omitempty"`
}

// maxSampleText keeps one endless answer from taking the place of a hundred others.
const maxSampleText = 24000

// rank orders samples: what got worse, losses, flips, errors, wrong ones, the rest.
func rank(s *run.Sample) int {
	best := 9
	for _, t := range s.Tags {
		switch t {
		case "regressed", "lost":
			best = min(best, 0)
		case "loss":
			best = min(best, 1)
		case "fixed", "gained", "flip", "flipped":
			best = min(best, 2)
		case "error", "unsupported", "truncated":
			best = min(best, 3)
		case "wrong":
			best = min(best, 4)
		}
	}
	if n := len(s.Answers); best == 9 && n > 0 {
		switch s.Answers[n-1].Verdict {
		case "unsupported", "error":
			best = 3
		case "wrong", "loss":
			best = 4
		}
	}
	return best
}

func readSamples(r *run.Run, opt Options) *sampleData {
	d := newSampleData()
	for i, set := range r.SampleSets() {
		list, bad, err := r.Samples(set)
		if err != nil {
			d.problems = append(d.problems, fmt.Sprintf("The samples %q could not be read: %v", set.Name, err))
			continue
		}
		if bad > 0 {
			d.problems = append(d.problems, plural(bad, "line")+" of the samples "+set.Name+" could not be read.")
		}
		d.addSet(setInfo{Name: set.Name, Title: clipTo(cmp.Or(set.Title, set.Name, fmt.Sprintf("set %d", i+1)), 120), Path: set.Path}, list, opt)
	}
	return d
}

func newSampleData() *sampleData {
	return &sampleData{tags: map[string]int{}, families: map[string]bool{}, categories: map[string]bool{}}
}

func (d *sampleData) addSet(set setInfo, list []run.Sample, opt Options) {
	set.Total = len(list)
	d.sets, d.whole = append(d.sets, set), append(d.whole, list)
	for j := range list {
		d.add(len(d.sets)-1, j, &list[j], opt)
	}
	slices.SortStableFunc(d.list, func(a, b sample) int { return cmp.Compare(a.rank, b.rank) })
}

func (d *sampleData) add(set, index int, s *run.Sample, opt Options) {
	cut := func(t string) string {
		if opt.AllSamples {
			return secretsOut(t)
		}
		return secretsOut(clipTo(t, maxSampleText))
	}
	v := sample{Set: set, ID: s.ID, Category: s.Category, Family: s.Family, Tags: s.Tags, Winner: s.Winner, rank: rank(s),
		Prompt: cut(s.Prompt), Reference: cut(s.Reference)}
	if v.ID == "" {
		v.ID = fmt.Sprintf("#%d", index+1)
	}
	for _, a := range s.Answers {
		v.Answers = append(v.Answers, answer{a.Model, cut(a.Text), a.Verdict, cut(a.Extracted), cut(a.Reason), a.Tokens})
	}
	for _, j := range s.Judgements {
		v.Judged = append(v.Judged, judged{j.First, j.Winner, cut(j.Reason), cut(j.Error), j.Judge})
	}
	d.list = append(d.list, v)
	d.families[s.Family] = true
	d.categories[s.Category] = true
	for _, t := range s.Tags {
		d.tags[t]++
	}
}

func (d *sampleData) tagged(tag string) int     { return d.tags[tag] }
func (d *sampleData) hasFamily(f string) bool   { return f != "" && d.families[f] }
func (d *sampleData) hasCategory(c string) bool { return c != "" && d.categories[c] }

// browser is the frame of the sample browser; the page's script fills it.
type browser struct {
	Total    int
	Sets     []setInfo
	Problems []string
	Hidden   bool // --no-samples
}

func (b *browser) Count() string { return count(b.Total) }

func newBrowser(d *sampleData, opt Options) *browser {
	if len(d.sets) == 0 && len(d.problems) == 0 {
		return nil
	}
	return &browser{Total: len(d.list), Sets: d.sets, Problems: d.problems, Hidden: opt.NoSamples}
}

// packed is the samples as base64 of gzipped JSON, as many as fit into limit
// bytes, in order of rank.
func (d *sampleData) packed(limit int, all bool) (string, error) {
	n := len(d.list)
	if !all {
		n = d.within(limit)
	}
	for {
		b, err := d.pack(n)
		if err != nil {
			return "", err
		}
		size := base64.StdEncoding.EncodedLen(len(b))
		if all || size <= limit || n == 0 {
			return base64.StdEncoding.EncodeToString(b), nil
		}
		// Samples compress about alike: two or three rounds find how many fit.
		n = min(n-1, n*limit/size*97/100)
	}
}

// within bounds the raw text that is compressed at all: text never packs better
// than thirtyfold in practice, and reading on would only cost time.
func (d *sampleData) within(limit int) int {
	sum := 0
	for i := range d.list {
		s := &d.list[i]
		sum += len(s.Prompt) + len(s.Reference) + len(s.ID) + 80
		for _, a := range s.Answers {
			sum += len(a.Text) + len(a.Reason) + len(a.Extracted) + 40
		}
		for _, j := range s.Judged {
			sum += len(j.Reason) + len(j.Error) + 40
		}
		if sum > 30*limit {
			return i
		}
	}
	return len(d.list)
}

func (d *sampleData) pack(n int) ([]byte, error) {
	sets := slices.Clone(d.sets)
	for i := range sets {
		sets[i].Shown = 0
	}
	for i := range n {
		sets[d.list[i].Set].Shown++
	}
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.DefaultCompression)
	if err != nil {
		return nil, err
	}
	err = json.NewEncoder(z).Encode(struct {
		Sets    []setInfo `json:"sets"`
		Samples []sample  `json:"samples"`
	}{sets, d.list[:n:n]})
	if err != nil {
		return nil, fmt.Errorf("pack samples: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("pack samples: %w", err)
	}
	return buf.Bytes(), nil
}
