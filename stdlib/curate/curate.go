// Package curate makes training rows of raw ones: read sources, write down what
// each row is like, decide which to keep, drop duplicates, score, balance, write.
//
// Reading and judging are apart. Tag computes attributes of every row once: length
// by the real tokenizer, language, form, repetition, gibberish, personal data,
// offensive words, items of benchmarks. Mix applies rules to the attributes, so
// that another limit costs seconds and no second reading. Every row that goes is
// listed with its file, its row, the filter and the reason.
//
// Memory is bounded by the parts being worked on, not by the number of rows. A
// killed run goes on with the next part; finished parts are checked by their hash.
package curate

import (
	"iter"
	"sync"

	"cogumi/kernels/cpu/par"
	"cogumi/stdlib/experiment"
)

// must ends the run with err.
func must[T any](v T, err error) T {
	if err != nil {
		experiment.Stop(err)
	}
	return v
}

// inOrder computes work of everything in seq on all cores and gives the results to
// take in their order. No more results wait than there are workers, twice. seq runs
// on a goroutine of its own, which has ended when inOrder returns.
func inOrder[I, T any](seq iter.Seq[I], work func(I) (T, error), take func(T) error) error {
	type result struct {
		v   T
		err error
	}
	type job struct {
		in  I
		out chan result
	}
	workers := par.Workers()
	order, jobs, stop := make(chan job, 2*workers), make(chan job), make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		defer close(jobs)
		defer close(order)
		for v := range seq {
			j := job{v, make(chan result, 1)}
			for _, to := range []chan job{order, jobs} {
				select {
				case to <- j:
				case <-stop:
					return
				}
			}
		}
	})
	for range workers {
		group.Go(func() {
			for j := range jobs {
				v, err := work(j.in)
				j.out <- result{v, err}
			}
		})
	}
	defer group.Wait()
	defer close(stop)
	for j := range order {
		r := <-j.out
		if r.err == nil {
			r.err = take(r.v)
		}
		if r.err != nil {
			return r.err
		}
	}
	return nil
}
