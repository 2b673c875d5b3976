package reports

import (
	"fmt"
	"strings"
	"time"

	"cogumi/reports/run"
)

// banner is what stands on top of a run that did not end well, or not yet.
type banner struct {
	Class, Title, Message string
	Place, Source, Hint   string
	After                 string
	Command               string
}

// current is the step that is not done.
func current(r *run.Run) string {
	steps := r.Steps()
	for i := len(steps) - 1; i >= 0; i-- {
		if steps[i].State != run.Done && steps[i].State != "" {
			return steps[i].Name
		}
	}
	return ""
}

func newBanner(r *run.Run, p *page) *banner {
	st := r.State()
	b := &banner{Class: string(st), Command: r.Info.Command}
	switch st {
	case run.Failed:
		b.Title = "This run failed"
		b.After = "Finished steps are kept. Once the cause is gone, the same command goes on from there."
	case run.Interrupted:
		b.Title = "This run was stopped before its end"
		b.After = "What was finished is kept: the same command goes on where it stopped."
	case run.Dead:
		b.Title = "This run died"
		b.Message = "It says that it is running, but it has shown no sign of life since " + lastSign(r) + "."
		b.After = "Everything up to its last line is in this report. The same command goes on where it stopped."
	case run.Running:
		b.Title, b.Command = "This run is still going", ""
		b.Message = progressText(r)
		b.After = "This page shows the run up to the moment it was built."
	default:
		return nil
	}
	if e := r.Info.Error; e != nil {
		b.Message, b.Hint, b.Source = clip(e.Message), sentence(clip(e.Hint)), clip(strings.TrimSpace(e.Source))
		b.Place = place(e)
	}
	return b
}

func place(e *run.Failure) string {
	if e.File == "" {
		return ""
	}
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d", e.Line)
		if e.Column > 0 {
			s += fmt.Sprintf(":%d", e.Column)
		}
	}
	return s
}

func lastSign(r *run.Run) string {
	last := r.Info.Started
	if r.Heartbeat.After(last) {
		last = r.Heartbeat
	}
	return at(last).Text
}

func progressText(r *run.Run) string {
	list := r.Progress()
	if len(list) == 0 {
		return ""
	}
	g := list[len(list)-1]
	s := g.Name + ": " + count(g.Done)
	if g.Total > 0 {
		s += " of " + count(g.Total)
	}
	if g.Unit != "" {
		s += " " + g.Unit
	}
	if left := float64(g.Total-g.Done) / g.Rate; g.Total > g.Done && g.Rate > 0 {
		s += ", about " + seconds(left) + " left"
	}
	return clip(s + ".")
}

// took is how long the run took, or has been going.
func took(r *run.Run, now time.Time) string {
	end := r.Info.Ended
	switch {
	case r.Info.Started.IsZero():
		return ""
	case end.IsZero() && r.State() == run.Running:
		end = now
	case end.IsZero() && len(r.Events) > 0:
		end = r.Events[len(r.Events)-1].Time
	}
	if end.Before(r.Info.Started) {
		return ""
	}
	return seconds(end.Sub(r.Info.Started).Seconds())
}
