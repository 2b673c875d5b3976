package sandbox

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// RunAll runs programs, at most workers at a time, and gives their results in
// the order of the programs. The first failure of the sandbox stops all; its
// error names the program by its index.
func RunAll(ctx context.Context, programs []Program, workers int) ([]Result, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	results := make([]Result, len(programs))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(max(workers, 1), len(programs)) {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(programs) || ctx.Err() != nil {
					return
				}
				r, err := Run(ctx, programs[i])
				if err != nil {
					cancel(fmt.Errorf("program %d: %w", i, err))
					return
				}
				results[i] = r
			}
		})
	}
	wg.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return results, nil
}
