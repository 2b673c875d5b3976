package cuda

import (
	"time"

	"cogumi/kernels/cuda/driver"
)

// timing measures runs by events on the GPU.
type timing struct {
	e      *executable
	runs   int
	marks  []*driver.Event // of an eager run: before each step and at the end
	kinds  []string
	used   int
	pair   [2]*driver.Event // around a graph run
	timed  bool             // pair is recorded and not yet counted
	graphs time.Duration    // of graph runs, since the last take
	share  map[string]float64
	sums   map[string]time.Duration
}

func (t *timing) open(e *executable) (err error) {
	t.e, t.share, t.sums = e, map[string]float64{}, map[string]time.Duration{}
	for i := range t.pair {
		if t.pair[i], err = e.d.context.NewEvent(); err != nil {
			return err
		}
	}
	return nil
}

// begin marks the start of a step of an eager run.
func (t *timing) begin(kind string) error {
	if t.used == 0 {
		t.kinds = t.kinds[:0]
	}
	t.kinds = append(t.kinds, kind)
	return t.mark()
}

func (t *timing) mark() error {
	if t.used == len(t.marks) {
		e, err := t.e.d.context.NewEvent()
		if err != nil {
			return err
		}
		t.marks = append(t.marks, e)
	}
	t.used++
	return t.marks[t.used-1].Record(t.e.d.stream)
}

// end marks the end of an eager run. Eager runs after the first wait for the
// GPU: their events are used again.
func (t *timing) end() error {
	if err := t.mark(); err != nil {
		return err
	}
	t.runs++
	if t.e.d.options.Eager {
		return t.settle()
	}
	return nil
}

// settle adds up an eager run that is over.
func (t *timing) settle() error {
	if t.used == 0 {
		return nil
	}
	if err := t.marks[t.used-1].Synchronize(); err != nil {
		return err
	}
	all, by := time.Duration(0), map[string]time.Duration{}
	for i, k := range t.kinds {
		d, err := t.marks[i+1].Since(t.marks[i])
		if err != nil {
			return err
		}
		by[k] += d
		all += d
	}
	t.used = 0
	for k, d := range by {
		t.sums[k] += d
		t.share[k] = float64(d) / float64(max(all, 1))
	}
	return nil
}

// start marks the begin of a graph run.
func (t *timing) start() error {
	if err := t.settle(); err != nil {
		return err
	}
	if err := t.count(); err != nil {
		return err
	}
	return t.pair[0].Record(t.e.d.stream)
}

func (t *timing) stop() error {
	t.runs++
	t.timed = true
	return t.pair[1].Record(t.e.d.stream)
}

// count adds the last graph run, waiting for its end.
func (t *timing) count() error {
	if !t.timed {
		return nil
	}
	t.timed = false
	if err := t.pair[1].Synchronize(); err != nil {
		return err
	}
	d, err := t.pair[1].Since(t.pair[0])
	t.graphs += d
	return err
}

func (t *timing) take() map[string]time.Duration {
	if t.settle() != nil || t.count() != nil {
		return nil
	}
	out := t.sums
	for k, s := range t.share {
		out[k] += time.Duration(s * float64(t.graphs))
	}
	t.sums, t.graphs = map[string]time.Duration{}, 0
	return out
}

func (t *timing) close() {
	for _, e := range append(t.marks, t.pair[:]...) {
		if e != nil {
			e.Close()
		}
	}
	t.marks, t.pair = nil, [2]*driver.Event{}
}
