// Package example writes run folders as real runs leave them, for tests and for
// the gallery of reports: a repaired tiny model with two families that fell, and
// runs that failed, were stopped or are still going. All of it is made up from a
// seed; the numbers are like those of a run of experiments/phase1b_scaleup.go.
package example

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"cogumi/reports/run"
)

// Options of an example run.
type Options struct {
	Seed    uint64
	Samples int       // 0: 600
	Steps   int       // optimiser steps; 0: 156
	State   run.State // empty: done; an early end leaves the run without a comparison
	Started time.Time // zero: a fixed day
	Dead    bool      // says running, without a heartbeat
	Kind    string    // empty: the loop from failures to validation; judge, benchmarks, curate
	LR      float64   // of the loop; 0: 0.001. A higher one forgets more
}

// Write makes one run folder under root and gives its path.
func Write(root string, opt Options) (string, error) {
	if opt.Samples == 0 {
		opt.Samples = 600
	}
	if opt.Steps == 0 {
		opt.Steps = 156
	}
	if opt.LR == 0 {
		opt.LR = .001
	}
	if opt.State == "" {
		opt.State = run.Done
	}
	if opt.Started.IsZero() {
		opt.Started = time.Date(2026, 3, 14, 9, 26, 53, 0, time.UTC)
	}
	w, err := run.Create(root, info(opt))
	if err != nil {
		return "", err
	}
	g := &maker{opt: opt, rng: rand.New(rand.NewPCG(opt.Seed, 42)), items: rand.New(rand.NewPCG(1, 43)), w: w, clock: opt.Started}
	g.events()
	if g.err == nil {
		g.err = w.Update(g.finish)
	}
	if g.err == nil && opt.State == run.Running && !opt.Dead {
		now := time.Now().UTC().Format(time.RFC3339Nano)
		g.err = os.WriteFile(filepath.Join(w.Dir(), "heartbeat"), []byte(now), 0o644)
	}
	if err := w.Close(); g.err == nil {
		g.err = err
	}
	return w.Dir(), g.err
}

func info(opt Options) run.Info {
	if k, ok := otherKinds[opt.Kind]; ok {
		return k(opt)
	}
	return loopInfo(opt)
}

func loopInfo(opt Options) run.Info {
	return run.Info{
		Script: "phase1b_scaleup", Started: opt.Started, State: run.Running, Attempt: 1, PID: 4242,
		Header: map[string]string{
			"PURPOSE":        "Mine what the base model gets wrong, train a QLoRA adapter on it with replay, and compare both models on the same items.",
			"WHEN TO USE":    "The base model is trained and its failures on a pool of problems with known answers can be collected.",
			"INPUT":          "--pool F (default tinyworld/pool) | instruction rows with answers | rows>=50\n--eval F (default tinyworld/eval) | instruction rows with answers | rows>=50\n--model M (default tiny) | model folder",
			"OUTPUT":         "failures.parquet | training rows\nadapter | adapter",
			"PIPELINE STAGE": "1B.5 scale up",
			"TIME":           "2 min on 2 cores",
			"COST":           "nothing on your own machine",
		},
		Args: []string{"--replay", "0.33", "--lr", fmt.Sprint(opt.LR)}, Command: fmt.Sprintf("cogumi run phase1b_scaleup --replay 0.33 --lr %v", opt.LR),
		Params: []run.Param{
			{Name: "model", Value: "tiny", Default: "tiny", Usage: "model folder, Hugging Face id, or tiny"},
			{Name: "pool", Value: "tinyworld/pool", Default: "tinyworld/pool", Usage: "problems with known answers"},
			{Name: "eval", Value: "tinyworld/eval", Default: "tinyworld/eval", Usage: "problems that are never trained on"},
			{Name: "lr", Value: fmt.Sprint(opt.LR), Default: "0.0005", Usage: "highest learning rate"},
			{Name: "replay", Value: "0.33", Default: "0.25", Usage: "right rows added for each failure"},
			{Name: "rank", Value: "16", Default: "16", Usage: "rank of the adapter"},
			{Name: "seed", Value: fmt.Sprint(7 + opt.Seed), Default: "7", Usage: "order of rows, dropout, first weights"},
		},
		Environment: run.Environment{
			Cogumi: "0.1.0", Go: "go1.26.8", OS: "linux", Arch: "amd64", CPU: "Intel Xeon Platinum 8481C", Cores: 2, Memory: 25_276_514_304,
			ISA: "avx512", Device: "cpu", Place: "local", GitCommit: "9b1fd1c0c6f2f7c1b9a8c5de03b3d7e21b8a4f60", GitDirty: true,
		},
		Declared: run.Declared{Time: "2 min on 2 cores", Cost: "nothing on your own machine", MinSeconds: 120, MaxSeconds: 120},
	}
}

type maker struct {
	opt   Options
	rng   *rand.Rand
	items *rand.Rand // of the evaluation set: the same for every seed
	w     *run.Writer
	clock time.Time
	step  string
	err   error

	steps     []run.Step
	artefacts []run.Artefact
	result    *run.Comparison
}

func (g *maker) event(e run.Event) {
	e.Time, e.Step = g.clock, g.step
	if g.err == nil {
		g.err = g.w.Event(e)
	}
}

// early says that the run ended while it trained.
func (g *maker) early() bool { return g.opt.State != run.Done }

func (g *maker) events() {
	switch g.opt.Kind {
	case "judge":
		g.judging()
		return
	case "benchmarks":
		g.benchmarks()
		return
	case "curate":
		g.curate()
		return
	}
	g.do("load model", 0.4, true, nil)
	g.do("drop overlap", 1.9, false, g.overlap)
	g.do("answer pool", 31.6, false, g.pool)
	g.do("mine failures", 0.8, false, g.failures)
	seconds := 47.2
	if g.early() {
		seconds = 21.4
	}
	g.do("train", seconds, false, g.train)
	if g.early() {
		return
	}
	g.do("answer eval", 14.1, false, nil)
	g.do("validate", 0.6, false, g.validate)
}

func (g *maker) do(name string, seconds float64, reused bool, fn func()) {
	s := run.Step{Name: name, Key: g.hash(), State: run.Running, Parts: map[string]string{"source": g.hash()[:16], "model": "tiny@" + g.hash()[:8], "version": "1"}}
	g.step = name
	g.event(run.Event{Kind: "step", StepInfo: &s})
	if !reused {
		g.clock = g.clock.Add(time.Duration(seconds * float64(time.Second)))
	}
	if fn != nil {
		fn()
	}
	done := s
	done.State, done.Seconds, done.Reused = run.Done, seconds, reused
	if g.early() && name == "train" {
		done.State = g.opt.State
	}
	g.event(run.Event{Kind: "step", StepInfo: &done})
	g.steps = append(g.steps, done)
	g.step = ""
}

func (g *maker) hash() string {
	return fmt.Sprintf("%016x%016x%016x%016x", g.rng.Uint64(), g.rng.Uint64(), g.rng.Uint64(), g.rng.Uint64())
}

func (g *maker) note(level, topic, text, hint string) {
	g.event(run.Event{Kind: "note", Note: &run.Note{Level: level, Topic: topic, Text: text, Hint: hint}})
}

func (g *maker) figure(f run.Figure) { g.event(run.Event{Kind: "figure", Figure: &f}) }

func (g *maker) artefact(name, kind string, bytes int64, note string) {
	a := run.Artefact{Name: name, Path: "artefacts/" + name, Kind: kind, Bytes: bytes, SHA256: g.hash(), Note: note}
	g.artefacts = append(g.artefacts, a)
	g.event(run.Event{Kind: "artefact", Artefact: &a})
}

func (g *maker) overlap() {
	g.event(run.Event{Kind: "funnel", Funnel: &run.Funnel{Name: "pool", Title: "From the pool to rows that may be mined", Stages: []run.FunnelStage{
		{Name: "rows read", Count: 2586},
		{Name: "whole rows", Count: 2586, Note: "no row was set aside"},
		{Name: "not in the evaluation set", Count: 1532, Note: "instruction Jaccard 0.8 or more with an evaluation row"},
	}}})
	g.note("warn", "dedup", "1,054 of 2,586 pool rows (40.8%) are near an evaluation row: training on them would have made the comparison worthless. They were dropped.", "Draw pool and evaluation set from different sources.")
}

func (g *maker) pool() {
	g.figure(run.Figure{Name: "base accuracy on the pool", Value: 73.4, Unit: "%", N: 1532, Low: 71.1, High: 75.5, Method: "Wilson 95 %"})
	g.figure(run.Figure{Name: "answers per second", Value: 48.5, Unit: "rows/s"})
	g.event(run.Event{Kind: "log", Log: "1532 answers, 21 cut off at 64 tokens"})
}

func (g *maker) failures() {
	g.event(run.Event{Kind: "funnel", Funnel: &run.Funnel{Name: "failures", Title: "From answers to training rows", Stages: []run.FunnelStage{
		{Name: "answers graded", Count: 1532},
		{Name: "wrong", Count: 617, Note: "right answers are no failures, ties are never trained on"},
		{Name: "distinct", Count: 617, Note: "no exact duplicates"},
		{Name: "near duplicates dropped", Count: 611, Note: "Jaccard 0.8 or more over character 3-grams"},
		{Name: "with replay", Count: 822, Note: "a third as many right rows, so that less is forgotten"},
	}}})
	g.event(run.Event{Kind: "table", Table: &run.Table{
		Name: "train row", Title: "One row as the model sees it", Columns: []string{"the model", "text", "tokens"},
		Rows: [][]any{{"reads", "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nWhat number comes next: 3, 5, 7, 9?<|eot_id|>", 24}, {"learns", "⟦11<|eot_id|>⟧", 2}},
		Note: "The loss counts what is learned; every token before it is only read.",
	}})
	g.event(run.Event{Kind: "table", Table: &run.Table{
		Name: "clusters", Title: "Largest groups of near duplicates", Columns: []string{"Kept row", "Group size", "Lowest Jaccard", "Family"},
		Rows: [][]any{
			{"Which word does not belong with the others: cat, red, dog, cow?", 3, .842, "odd_one_out"},
			{"What number comes next: 18, 20, 22, 24?", 2, .861, "sequence"},
			{"Write a two-line poem about snow and wind.", 2, .833, "poem"},
			{"Join these words with dashes: train, wind, leaf.", 2, .808, "join"},
		},
		Note: "Every pair was verified exactly; MinHash only proposes.",
	}})
	g.note("info", "extract", "617 failures in six categories; knowledge (201) and instruction (148) hold more than half of them.", "")
	g.note("info", "data", "Every instruction ends with a question mark or a full stop; no row is empty, none is longer than 96 tokens.", "")
	g.artefact("failures.parquet", "dataset", 48_211, "822 rows")
}

// pace is how quickly the loss falls: 1 at the usual learning rate and seed.
func (g *maker) pace() float64 { return math.Sqrt(g.opt.LR/1e-3) * (1 + .06*float64(g.opt.Seed%5)) }

func (g *maker) train() {
	n := g.opt.Steps
	last := n
	if g.early() {
		last = n * 4 / 10
	}
	metric := func(series string, x int, v float64) {
		g.event(run.Event{Kind: "metric", Metric: &run.Metric{Series: series, X: x, Value: v}})
	}
	for i := 1; i <= last; i++ {
		t := float64(i) / float64(n)
		lr := g.opt.LR * math.Min(t/.1, .5*(1+math.Cos(math.Pi*math.Max(t-.1, 0)/.9)))
		metric("train/loss", i, (.16+60*(g.opt.LR-1e-3)+1.55*math.Exp(-5.2*t*g.pace()))*math.Exp(.16*g.rng.NormFloat64()))
		metric("train/lr", i, lr)
		metric("train/grad_norm", i, (.45+1.9*math.Exp(-4*t))*math.Exp(.22*g.rng.NormFloat64()))
		metric("train/tokens_per_second", i, 2080+90*g.rng.NormFloat64()-float64(300*b2i(i < 3)))
		metric("train/memory", i, 412e6+3e6*math.Floor(4*t))
		if i%(max(n/8, 1)) == 0 || i == n {
			metric("eval/loss", i, (.31+100*math.Abs(g.opt.LR-1e-3)+1.3*math.Exp(-5.5*t*g.pace())+.05*t)*(1+.02*g.rng.NormFloat64()*float64(b2i(g.opt.Seed > 0))))
		}
	}
	g.event(run.Event{Kind: "progress", Progress: &run.Progress{Name: "train", Unit: "steps", Done: last, Total: n, Rate: 3.3}})
	if g.early() {
		return
	}
	g.figure(run.Figure{Name: "target tokens trained on", Value: 97012, Unit: "tokens"})
	g.figure(run.Figure{Name: "best held-out loss", Value: .347, N: 82})
	g.note("info", "train", fmt.Sprintf("The held-out loss was lowest at step %d of %d; that checkpoint was kept.", n-n/39, n), "")
	g.artefact("adapter", "adapter", 2_641_920, "rank 16, alpha 32, seven projections")
}

func (g *maker) finish(in *run.Info) {
	in.State, in.Steps, in.Artefacts = g.opt.State, g.steps, g.artefacts
	switch g.opt.State {
	case run.Running:
		return
	case run.Failed:
		in.Error = &run.Failure{
			Message: "train: loss is not finite at step 62: the gradient norm was 4,812 at step 61",
			Hint:    "lower --lr (0.001 now), or raise the warm-up", File: "phase1b_scaleup.go", Line: 58, Column: 13,
			Source: "adapter := train.MustQLoRA(base, rows, train.Config{LR: lr, Rank: rank})",
		}
	}
	in.Ended = g.clock
	if g.result != nil {
		in.Result, g.err = json.Marshal(map[string]any{"base": g.result.Base, "tuned": g.result.Tuned, "regressions": g.result.Regressions})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
