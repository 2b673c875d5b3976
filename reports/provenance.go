package reports

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"cogumi/reports/run"
)

// provenance is what it takes to believe the run and to repeat it.
type provenance struct {
	Command    string
	Params     []param
	Changed    int
	Time       []fact // declared against real
	Drift      string
	Artefacts  []artefact
	Sources    []source
	Unlicensed int // sources without a known licence
	Env        []fact
	Header     []fact
	Result     string
	Problems   []string
}

type param struct {
	Name, Value, Default, Usage string
	Changed                     bool
}

type artefact struct {
	Name, Kind, Path, Size, Bytes, Hash, Short, Note string
}

func newProvenance(r *run.Run, opt Options) provenance {
	in := &r.Info
	v := provenance{Command: clip(in.Command), Env: environment(r)}
	for i, q := range in.Params {
		if i == maxRows {
			break
		}
		changed := q.Value != q.Default
		v.Params = append(v.Params, param{clipTo(q.Name, 100), clipTo(q.Value, 500), clipTo(q.Default, 500), clipTo(q.Usage, 500), changed})
		v.Changed += b2i(changed)
	}
	v.Time, v.Drift = timeAndCost(r, opt)
	for i, a := range r.Artefacts() {
		if i == maxRows {
			break
		}
		v.Artefacts = append(v.Artefacts, artefact{
			Name: clipTo(a.Name, 200), Kind: clipTo(a.Kind, 60), Path: clipTo(a.Path, 500), Size: bytesSize(float64(a.Bytes)),
			Bytes: fmt.Sprint(a.Bytes), Hash: clipTo(a.SHA256, 100), Short: shortHash(a.SHA256), Note: clipTo(a.Note, 500),
		})
	}
	v.Sources, v.Unlicensed = newSources(r.Sources())
	for _, k := range headerKeys(in.Header) {
		v.Header = append(v.Header, fact{Label: clipTo(k, 60), Value: clip(in.Header[k])})
	}
	v.Result = prettyJSON(in.Result)
	v.Problems = r.Problems
	if r.Cut > 0 {
		v.Problems = append(v.Problems, plural(r.Cut, "line")+" of events.jsonl could not be read, as after a kill.")
	}
	return v
}

// headerKeys puts the header in the order in which scripts write it.
func headerKeys(h map[string]string) []string {
	order := []string{"PURPOSE", "WHEN TO USE", "WHEN NOT TO USE", "INPUT", "OUTPUT", "PIPELINE STAGE", "TIME", "COST"}
	keys := sortedKeys(h)
	slices.SortStableFunc(keys, func(a, b string) int {
		place := func(k string) int {
			if i := slices.Index(order, k); i >= 0 {
				return i
			}
			return len(order)
		}
		return cmp.Compare(place(a), place(b))
	})
	return keys
}

func prettyJSON(b json.RawMessage) string {
	if len(b) == 0 || string(b) == "null" {
		return ""
	}
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return clipTo(string(b), 20000)
	}
	return clipTo(out.String(), 20000)
}

func timeAndCost(r *run.Run, opt Options) (facts []fact, drift string) {
	d := &r.Info.Declared
	real := took(r, opt.Now)
	if real == "" {
		real = "unknown"
	}
	if r.State() == run.Running {
		real += " so far"
	}
	cost, basis := spent(r.Info.Cost)
	facts = []fact{
		{"Time", real, declared(d.Time)},
		{"Cost", cost, declared(d.Cost)},
	}
	if basis != "" {
		facts[1].Value += " (" + clipTo(basis, 300) + ")"
	}
	if !r.Info.Ended.IsZero() && r.State() == run.Done && !reused(r) {
		s := r.Info.Ended.Sub(r.Info.Started).Seconds()
		switch {
		case d.MaxSeconds > 0 && s > 2*d.MaxSeconds:
			drift = fmt.Sprintf("It took more than twice the declared time: change TIME in the script's header to about %s.", seconds(s))
		case d.MinSeconds > 0 && s < d.MinSeconds/2 && s > 0:
			drift = fmt.Sprintf("It took less than half the declared time: change TIME in the script's header to about %s.", seconds(s))
		}
	}
	return facts, drift
}

// reused says whether a step was found finished: such a run says nothing of the time.
func reused(r *run.Run) bool {
	for _, s := range r.Steps() {
		if s.Reused || s.Resumed {
			return true
		}
	}
	return false
}

func declared(s string) string {
	if s = strings.TrimSpace(s); s == "" {
		return "not declared"
	}
	return clipTo(s, 300)
}

func environment(r *run.Run) []fact {
	e := &r.Info.Environment
	var list []fact
	add := func(label, value string) {
		if value != "" {
			f := fact{Label: label, Value: clipTo(value, 500)}
			if label == "Run" || label == "Git commit" {
				f.Note = "code"
			}
			list = append(list, f)
		}
	}
	add("Run", r.Info.ID)
	if r.Info.Attempt > 0 {
		add("Attempt", count(r.Info.Attempt))
	}
	add("cogumi", e.Cogumi)
	add("Go", e.Go)
	commit := e.GitCommit
	if commit != "" && e.GitDirty {
		commit += ", with uncommitted changes"
	}
	add("Git commit", commit)
	add("System", strings.Trim(e.OS+"/"+e.Arch, "/"))
	cpu := e.CPU
	if e.Cores > 0 {
		cpu = strings.TrimPrefix(cpu+", "+plural(e.Cores, "core"), ", ")
	}
	add("Processor", cpu)
	if e.Memory > 0 {
		add("Memory", bytesSize(float64(e.Memory)))
	}
	add("Kernels", strings.Trim(e.Device+", "+e.ISA, ", "))
	add("GPUs", strings.Join(e.GPUs, ", "))
	add("Place", e.Place)
	return list
}
