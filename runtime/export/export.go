// Package export hands a run to other tools: TensorBoard, MLflow, whatever reads
// CSV or JSON lines. What leaves is what the report would show: secrets, home
// folders, user and host names are taken out before.
package export

import (
	"cmp"
	"slices"
	"time"

	"cogumi/reports"
	"cogumi/reports/run"
)

// Point is one value of a series.
type Point struct {
	Series string    `json:"series"`
	X      int       `json:"x"` // optimiser step
	Value  float64   `json:"value"`
	Time   time.Time `json:"time"`
}

// Run is what is exported of a run.
type Run struct {
	*run.Run
	Points []Point // by time, then series; a resumed run's later value replaces the earlier one
}

// Read reads the run folder. showPaths leaves home folders, user and host names as
// they are; secrets never.
func Read(dir string, showPaths bool) (*Run, error) {
	r, err := run.Read(dir)
	if err != nil {
		return nil, err
	}
	r = reports.Redacted(r, showPaths)
	return &Run{r, points(r)}, nil
}

func points(r *run.Run) []Point {
	type key struct {
		series string
		x      int
	}
	at := map[key]Point{}
	for _, e := range r.Events {
		if m := e.Metric; m != nil {
			at[key{m.Series, m.X}] = Point{m.Series, m.X, m.Value, e.Time}
		}
	}
	list := make([]Point, 0, len(at))
	for _, p := range at {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Point) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Series, b.Series), cmp.Compare(a.X, b.X))
	})
	return list
}

// ended is when the run ended, or was last heard of.
func (r *Run) ended() time.Time {
	switch {
	case !r.Info.Ended.IsZero():
		return r.Info.Ended
	case !r.Heartbeat.IsZero():
		return r.Heartbeat
	}
	return r.Info.Started
}

// lastStep is the highest step of any series: where single figures belong.
func (r *Run) lastStep() int {
	last := 0
	for _, p := range r.Points {
		last = max(last, p.X)
	}
	return last
}

// scores are the run's single numbers by name: figures and benchmarks.
func (r *Run) scores() []Point {
	var list []Point
	when, step := r.ended(), r.lastStep()
	for _, f := range r.Figures() {
		list = append(list, Point{"figure/" + f.Name, step, f.Value, when})
	}
	for _, b := range r.Benchmarks() {
		name := "benchmark/" + b.Task + "/" + b.Metric
		if b.Variant != "" {
			name += "/" + b.Variant
		}
		list = append(list, Point{name + "/" + b.Model, step, b.Score, when})
	}
	return list
}
