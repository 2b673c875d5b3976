package grade

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/sandbox"
)

// programs runs what the code rows of one set need, each program once.
type programs struct {
	ctx context.Context
	run *experiment.Run

	mu       sync.Mutex
	findings map[job]finding
	broken   map[job]error // the sandbox failed, twice
	hollow   map[string]bool
}

// gradeCode puts the outcomes of the rows at the indices into out. broken says that
// the sandbox failed for some of them, err that none of them has an outcome.
func gradeCode(ctx context.Context, r *experiment.Run, rows []dataset.Row, texts []string, at []int, out []outcome) (broken, err error) {
	p := &programs{ctx: ctx, run: r, findings: map[job]finding{}, broken: map[job]error{}}
	var wanted []job
	checks := map[string]bool{}
	for _, i := range at {
		if _, err := checksOf(rows[i].Answer); err == nil {
			wanted = append(wanted, job{Unfence(texts[i]), rows[i].Answer})
			checks[rows[i].Answer] = true
		}
	}
	if len(wanted) > 0 {
		if err := gate(ctx); err != nil {
			return nil, err
		}
		if p.hollow, err = passOnNothing(ctx, slices.Sorted(maps.Keys(checks))); err != nil {
			return nil, err
		}
	}
	if err := p.do("running programs", wanted); err != nil {
		return nil, err
	}
	// A row whose own solution fails its checks cannot call an answer wrong.
	var references []job
	for _, i := range at {
		j := job{Unfence(texts[i]), rows[i].Answer}
		if f, ok := p.findings[j]; ok && !f.passed() && rows[i].Output != "" {
			references = append(references, job{Unfence(rows[i].Output), rows[i].Answer})
		}
	}
	if err := p.do("running reference solutions", references); err != nil {
		return nil, err
	}
	for _, i := range at {
		out[i] = p.outcome(rows[i], Unfence(texts[i]))
	}
	for _, err := range p.broken {
		return fmt.Errorf("%w for %d programs: %w", errSandbox, len(p.broken), err), nil
	}
	return nil, nil
}

func (p *programs) outcome(row dataset.Row, code string) outcome {
	if _, err := checksOf(row.Answer); err != nil {
		return outcome{Unsupported, code, err.Error()}
	}
	if p.hollow[row.Answer] {
		return outcome{Unsupported, code, "the row's checks pass without any program"}
	}
	j := job{code, row.Answer}
	if err := p.broken[j]; err != nil {
		return outcome{Unsupported, code, "the sandbox failed: " + err.Error()}
	}
	f := p.findings[j]
	if f.passed() {
		return outcome{Right, code, ""}
	}
	if row.Output != "" {
		ref := job{Unfence(row.Output), row.Answer}
		if err := p.broken[ref]; err != nil {
			return outcome{Unsupported, code, "the sandbox failed: " + err.Error()}
		}
		if g := p.findings[ref]; !g.passed() {
			return outcome{Unsupported, code, "the row's own solution fails: " + g.reason}
		}
	}
	return outcome{Wrong, code, f.reason}
}

// do runs the jobs that were not run yet, on all cores. The error is the context's.
func (p *programs) do(name string, jobs []job) error {
	var list []job
	seen := map[job]bool{}
	for _, j := range jobs {
		_, done := p.findings[j]
		if !done && p.broken[j] == nil && !seen[j] {
			seen[j] = true
			list = append(list, j)
		}
	}
	if len(list) == 0 {
		return nil
	}
	bar := p.run.Progress(name, "programs", len(list))
	defer bar.Done()
	workers := runtime.GOMAXPROCS(0)
	size := min(batchSize, (len(list)+workers-1)/workers)
	if size > 1 {
		batches := slices.Collect(slices.Chunk(list, size))
		p.spread(workers, len(batches), func(i int) { bar.Add(p.batch(batches[i])) })
		list = slices.DeleteFunc(list, func(j job) bool { return p.findings[j].kind != "" })
	}
	p.spread(workers, len(list), func(i int) {
		p.one(list[i])
		bar.Add(1)
	})
	return context.Cause(p.ctx)
}

// spread does n things on several workers, as long as the context lasts.
func (p *programs) spread(workers, n int, do func(i int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(workers, n) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && p.ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wg.Wait()
}

// batch runs jobs together and gives how many of them are settled by that.
func (p *programs) batch(jobs []job) int {
	n := 0
	found := runBatch(p.ctx, jobs)
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, f := range found {
		if f.kind != "" {
			p.findings[jobs[i]] = f
			n++
		}
	}
	return n
}

// one runs a job; a sandbox that fails gets a second chance.
func (p *programs) one(j job) {
	f, err := runJob(p.ctx, j)
	if err != nil && p.ctx.Err() == nil && !errors.Is(err, sandbox.ErrUnsupported) {
		f, err = runJob(p.ctx, j)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.broken[j] = err
		return
	}
	p.findings[j] = f
}
