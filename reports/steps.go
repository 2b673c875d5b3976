package reports

import (
	"math"
	"time"

	"cogumi/reports/run"
)

// steps is the pipeline of the run as a timeline.
type steps struct {
	Rows   []stepRow
	Reused bool
	Total  string
	Cut    string
}

type stepRow struct {
	Name, Key, Took, How string
	State                state
	From, Width          float64 // per cent of the timeline
	Inputs               []fact
}

func newSteps(r *run.Run) *steps {
	list := r.Steps()
	if len(list) == 0 {
		return nil
	}
	spans := stepSpans(r, list)
	first, last := spans[0].from, spans[0].to
	sum := 0.0
	for i, s := range spans {
		first, last = math.Min(first, s.from), math.Max(last, s.to)
		if !list[i].Reused {
			sum += math.Max(list[i].Seconds, 0)
		}
	}
	v := &steps{Total: seconds(sum)}
	for i, s := range list {
		if i == maxSteps {
			v.Cut = count(maxSteps) + " of " + plural(len(list), "step") + " are shown."
			break
		}
		row := stepRow{Name: clipTo(s.Name, 200), Key: shortHash(clipTo(s.Key, 100)), State: stateOf(s.State), Took: seconds(s.Seconds)}
		switch {
		case s.Reused:
			row.How = "reused"
			v.Reused = true
		case s.Resumed:
			row.How = "resumed"
		}
		if s.State == run.Running && r.State() != run.Running {
			row.State = state{"stopped", "not finished"}
		}
		if width := last - first; width > 0 {
			row.From = within(100 * (spans[i].from - first) / width)
			row.Width = within(100 * (spans[i].to - spans[i].from) / width)
		}
		for _, name := range sortedKeys(s.Parts) {
			row.Inputs = append(row.Inputs, fact{Label: clipTo(name, 100), Value: clipTo(s.Parts[name], 200)})
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

type span struct{ from, to float64 }

// stepSpans places the steps on one clock: by the times of their events where
// these fit the seconds that the steps took, one after the other where not (the
// steps of several attempts lie hours apart).
func stepSpans(r *run.Run, list []run.Step) []span {
	ends := map[[2]string]time.Time{}
	for i := range r.Events {
		if s := r.Events[i].StepInfo; s != nil {
			ends[[2]string{s.Name, s.Key}] = r.Events[i].Time
		}
	}
	spans := make([]span, len(list))
	clock, sum := 0.0, 0.0
	low, high := math.Inf(1), math.Inf(-1)
	whole := true
	for _, s := range list {
		sec := math.Min(math.Max(s.Seconds, 0), 1e9)
		end, ok := ends[[2]string{s.Name, s.Key}]
		whole = whole && ok && !end.IsZero()
		if whole {
			to := end.Sub(r.Info.Started).Seconds()
			low, high = math.Min(low, to-sec), math.Max(high, to)
		}
		sum += sec
	}
	byClock := whole && high-low < 1.5*sum+1
	for i, s := range list {
		sec := math.Min(math.Max(s.Seconds, 0), 1e9)
		if byClock {
			to := ends[[2]string{s.Name, s.Key}].Sub(r.Info.Started).Seconds()
			spans[i] = span{to - sec, to}
			continue
		}
		spans[i] = span{clock, clock + sec}
		clock += sec
	}
	return spans
}
