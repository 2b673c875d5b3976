package experiment

import "cogumi/reports/run"

// Judging reports a match that a judge decided.
func (r *Run) Judging(j run.Judging) { r.emit(run.Event{Kind: "judging", Judging: &j}) }

// Benchmark reports a model's score on one task.
func (r *Run) Benchmark(b run.Benchmark) { r.emit(run.Event{Kind: "benchmark", Benchmark: &b}) }

// Clusters reports what near-duplicate search found.
func (r *Run) Clusters(c run.Clusters) { r.emit(run.Event{Kind: "clusters", Clusters: &c}) }

// Check reports one thing that was looked at in the data.
func (r *Run) Check(c run.Check) { r.emit(run.Event{Kind: "check", Check: &c}) }

// Source reports data or a model that the run uses, with its licence.
func (r *Run) Source(s run.Source) { r.emit(run.Event{Kind: "source", Source: &s}) }
