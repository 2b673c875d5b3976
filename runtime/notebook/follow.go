package notebook

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"

	"cogumi/reports/run"
)

// follower reads what the primitives report to the run: the cell that runs shows
// it while it happens.
type follower struct {
	path string
	at   int64
	rest []byte // a line that is not whole yet
}

func follow(dir string) *follower { return &follower{path: filepath.Join(dir, "events.jsonl")} }

// read takes what is new; f gets it, nil: nobody. Called with the book locked.
func (w *follower) read(f *feed) {
	fi, err := os.Stat(w.path)
	if err != nil || fi.Size() <= w.at {
		return
	}
	file, err := os.Open(w.path)
	if err != nil {
		return
	}
	defer file.Close()
	b, err := io.ReadAll(io.NewSectionReader(file, w.at, fi.Size()-w.at))
	if err != nil {
		return
	}
	w.at += int64(len(b))
	w.rest = append(w.rest, b...)
	for {
		i := bytes.IndexByte(w.rest, '\n')
		if i < 0 {
			return
		}
		var e run.Event
		if json.Unmarshal(w.rest[:i], &e) == nil && f != nil {
			f.reported(&e)
		}
		w.rest = w.rest[i+1:]
	}
}

// drawn are the kinds of events that a cell shows as they are.
var drawn = map[string]bool{"figure": true, "table": true, "funnel": true, "samples": true, "comparison": true, "note": true, "check": true, "artefact": true, "benchmark": true, "judging": true, "log": true}

// points is what a chart goes on with.
type points struct {
	ID     int          `json:"id"`
	At     int          `json:"at"`
	Series string       `json:"series"`
	Points [][2]float64 `json:"points"`
}

// reported shows an event of the run with the cell.
func (f *feed) reported(e *run.Event) {
	switch {
	case e.Metric != nil:
		f.metric(e.Metric)
	case e.Progress != nil:
		f.flush()
		f.b.give(f.c, &output{Kind: "progress", Name: "progress " + e.Progress.Name, Event: e})
	case drawn[e.Kind]:
		f.flush()
		f.b.give(f.c, &output{Kind: "event", Name: f.titled(e), Event: e})
	}
}

// titled is what an event is known by: a table that is written again replaces the
// former one.
func (f *feed) titled(e *run.Event) string {
	switch {
	case e.Table != nil:
		return "table " + e.Table.Name
	case e.Funnel != nil:
		return "funnel " + e.Funnel.Name
	case e.Figure != nil:
		return "figure " + e.Figure.Name
	case e.Samples != nil:
		return "samples " + e.Samples.Name
	}
	return ""
}

func (f *feed) metric(m *run.Metric) {
	const name = "series"
	for i, o := range f.c.Outputs {
		if o.Kind == name {
			o.point(m.Series, float64(m.X), m.Value)
			f.b.hub.send("points", points{f.c.ID, i, m.Series, [][2]float64{{float64(m.X), m.Value}}})
			return
		}
	}
	f.flush()
	o := &output{Kind: name, Name: name, Series: map[string][][2]float64{}}
	o.point(m.Series, float64(m.X), m.Value)
	f.b.give(f.c, o)
}
