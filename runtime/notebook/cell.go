package notebook

import (
	"maps"
	"slices"
	"strings"

	"cogumi/runtime/cells"
	"cogumi/runtime/script"
)

// Status of a cell.
const (
	idle        = ""
	queued      = "queued"
	running     = "running"
	done        = "done"
	failed      = "failed"
	interrupted = "interrupted"
)

// cell is a part of the script with what the session made of it. Heads and frames
// are parts that never run.
type cell struct {
	ID int `json:"id"`
	Part
	Rev     int      `json:"rev"`             // counts changes of Text
	Refused string   `json:"refused"`         // why Draft is not in the file; "": it is
	Names   []string `json:"names,omitempty"` // what it declared, as of its last run

	Status   string              `json:"status"`
	Stale    string              `json:"stale"` // why it would come out otherwise from the top
	Seconds  float64             `json:"seconds,omitempty"`
	Notes    []string            `json:"notes,omitempty"`
	Problems []script.Diagnostic `json:"problems,omitempty"` // of its last run; Line counts from 1 in the cell
	Lint     []script.Diagnostic `json:"lint,omitempty"`     // what cogumi run would refuse

	Outputs []*output `json:"outputs,omitempty"`

	draft   *string         // text that the file cannot take
	ran     string          // text of its last run that was not refused
	seq     int             // of that run; 0: none in this process
	defines []string        // names that it declared
	uses    []string        // names of others that it uses
	sets    map[string]bool // names of others whose values it changes
	lost    bool            // its values went with a process
}

// text is what the page shows and a run takes.
func (c *cell) text() string {
	if c.draft != nil {
		return *c.draft
	}
	return c.Text
}

// finished takes over how a run of text went.
func (c *cell) finished(seq int, text string, out cells.Outcome) {
	c.Seconds, c.Notes, c.Problems = out.Seconds, out.Notes, out.Diagnostics
	c.Status, c.lost = done, false
	if out.Interrupted {
		c.Status = interrupted
	} else if out.Failed() {
		c.Status = failed
	}
	if !out.Started { // a refused piece changes nothing
		if !out.Failed() {
			c.Status = idle // another cell of it was wrong
		}
		return
	}
	c.ran, c.seq = text, seq
	c.defines, c.uses, c.Names = out.Defines, out.Uses, out.Defines
	c.sets = assigned(text, c.Kind)
	maps.DeleteFunc(c.sets, func(name string, _ bool) bool { return !slices.Contains(c.uses, name) })
}

// forget is what becomes of a cell when the process goes.
func (c *cell) forget() {
	c.lost = c.lost || c.seq > 0
	c.seq, c.Names, c.defines, c.uses, c.sets = 0, nil, nil, nil, nil
	if c.Status == queued || c.Status == running {
		c.Status = interrupted
	}
}

// order is the cells as a run from the top takes them: what is declared outside of
// main first, wherever it stands.
func order(list []*cell) (out []*cell) {
	for _, kind := range []Kind{Decls, Steps} {
		for _, c := range list {
			if c.Kind == kind {
				out = append(out, c)
			}
		}
	}
	return out
}

// judge finds the cells that would come out otherwise if the script ran from the
// top, and says why.
func judge(list []*cell) {
	all := order(list)
	for _, c := range all {
		c.Stale = ""
	}
	for round := true; round; { // declarations may use later ones
		round = false
		for i, c := range all {
			if why := reason(all, i); why != c.Stale && c.Stale == "" {
				c.Stale, round = why, true
			}
		}
	}
}

func reason(all []*cell, i int) string {
	c := all[i]
	switch {
	case c.lost && c.seq == 0:
		return "from before the restart"
	case c.seq == 0 || c.Status == running || c.Status == queued:
		return ""
	case strings.TrimSpace(c.text()) != strings.TrimSpace(c.ran):
		return "edited since it ran"
	case c.Status == failed || c.Status == interrupted:
		return ""
	}
	for _, name := range c.uses {
		if why := upstream(all, i, name); why != "" {
			return why
		}
	}
	return ""
}

// upstream says what has become of a name that cell i uses.
func upstream(all []*cell, i int, name string) string {
	c, found := all[i], c0(all[i], name)
	for j, o := range all {
		if o == c || j > i && o.Kind == Steps {
			continue
		}
		defines := slices.Contains(o.defines, name)
		if !defines && !o.sets[name] {
			continue
		}
		found = found || defines
		switch {
		case o.seq > c.seq:
			return name + " was made anew since"
		case o.Stale != "" && o.seq > 0:
			return name + " is stale"
		}
	}
	if !found {
		return "the cell that made " + name + " is gone, or stands below"
	}
	return ""
}

// c0 says whether a cell declares the name itself.
func c0(c *cell, name string) bool { return slices.Contains(c.defines, name) }

// match gives the parts of a changed script the cells that they were: equal ones
// at both ends, then equal ones between, then those of the same title, then those
// in the same place.
func match(old []*cell, parts []Part, fresh func() *cell) []*cell {
	same := func(c *cell, p Part) bool { return c.Kind == p.Kind && c.Text == p.Text }
	list := make([]*cell, len(parts))
	low, high := 0, 0
	for low < min(len(old), len(parts)) && same(old[low], parts[low]) {
		list[low] = old[low]
		low++
	}
	for high < min(len(old), len(parts))-low && same(old[len(old)-1-high], parts[len(parts)-1-high]) {
		list[len(parts)-1-high] = old[len(old)-1-high]
		high++
	}
	rest := slices.Clone(old[low : len(old)-high])
	between := parts[low : len(parts)-high]
	take := func(i int, fits func(*cell) bool) {
		if list[low+i] != nil {
			return
		}
		if k := slices.IndexFunc(rest, fits); k >= 0 {
			list[low+i] = rest[k]
			rest = slices.Delete(rest, k, k+1)
		}
	}
	for i, p := range between {
		take(i, func(c *cell) bool { return same(c, p) })
	}
	for i, p := range between {
		take(i, func(c *cell) bool { return p.Title != "" && c.Kind == p.Kind && c.Title == p.Title })
	}
	for i, p := range between {
		take(i, func(c *cell) bool { return c.Kind == p.Kind })
	}
	for i, p := range parts {
		if list[i] == nil {
			list[i] = fresh()
		}
		if c := list[i]; c.Text != p.Text || c.Kind != p.Kind {
			c.Rev++
			c.draft, c.Refused = nil, ""
		}
		list[i].Part = p
	}
	return list
}
