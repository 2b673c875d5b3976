package train

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/model"
)

// QLoRA trains an adapter on the rows of set. It is a step of the run: killed
// at any moment it continues from its last checkpoint, and ends with the same
// bytes on the same kind of machine.
func QLoRA(m *model.Model, set *dataset.Set, c Config) (*model.Adapter, error) {
	c, from, err := c.onAdapter(m)
	if err != nil {
		return nil, err
	}
	if c, err = c.withDefaults(); err != nil {
		return nil, err
	}
	if err := checkTies(set, c.AllowTies); err != nil {
		return nil, err
	}
	r := experiment.Current()
	inputs := map[string]string{"model": m.Hash, "rows": set.Hash()}
	if from != nil {
		inputs["adapter"] = m.Adapter.Hash
	}
	for _, b := range c.Benchmarks {
		inputs["benchmark "+b.Name] = b.Hash()
	}
	spec := experiment.Spec{Name: "train " + set.Name, Version: 2, Params: c, Machine: true, Inputs: inputs}
	dir, err := r.Do(spec, func(w *experiment.Work) error { return trainIn(r.Context(), r, m, set, c, from, w.Dir) })
	if err != nil {
		return nil, err
	}
	folder := filepath.Join(dir, "adapter")
	r.Artefact("adapter", "adapter", folder)
	hash, err := experiment.HashPath(folder)
	return &model.Adapter{Folder: folder, Hash: hash, Base: m.Files(), Model: m.Hash}, err
}

// MustQLoRA is QLoRA; an error ends the run.
func MustQLoRA(m *model.Model, set *dataset.Set, c Config) *model.Adapter {
	a, err := QLoRA(m, set, c)
	if err != nil {
		experiment.Stop(err)
	}
	return a
}

// session is one training run in this process.
type session struct {
	progress
	r       *experiment.Run
	c       Config
	from    *peft.Adapter // trained further; nil: a new one
	dir     string
	data    *rows
	plan    llm.Memory
	speed   speed
	seen    int     // tokens trained on in this process
	seconds float64 // that it took
	trainer *llm.Trainer
	scorer  *llm.Scorer
	saver   *saver
	steps   int
	lr      func(step int) float64
}

func trainIn(ctx context.Context, r *experiment.Run, m *model.Model, set *dataset.Set, c Config, from *peft.Adapter, dir string) error {
	base, err := m.Engine()
	if err != nil {
		return err
	}
	s := &session{r: r, c: c, from: from, dir: dir}
	if s.data, err = tokenise(r, base, set, c); err != nil {
		return err
	}
	s.steps = s.data.steps(c)
	if s.lr, err = newSchedule(c.Schedule, c.LR, c.Warmup, s.steps); err != nil {
		return err
	}
	s.announce()
	s.speed = newSpeed(m.Hash, base.Device().Describe(), c)
	if err := s.preflight(base, set); err != nil {
		return err
	}
	memory := beginPeak(base, s.plan)
	defer memory.end()
	adapter, err := s.adapter(base)
	if err != nil {
		return err
	}
	defer adapter.Close()
	if s.trainer, err = llm.NewTrainer(adapter, s.trainerConfig()); err != nil {
		return err
	}
	defer s.trainer.Close()
	if n := s.data.heldBudget(c.Budget); n > 0 {
		if s.scorer, err = llm.NewScorer(base, adapter, n); err != nil {
			return err
		}
		defer s.scorer.Close()
	}
	if err := tidy(dir); err != nil {
		return err
	}
	if s.progress, err = restore(dir, s.trainer); err != nil {
		return err
	}
	s.r.Figure(run.Figure{Name: "trainable parameters", Value: float64(adapter.Parameters())})
	s.saver = &saver{dir: dir, every: c.SaveEvery, begun: time.Now()}
	if err := errors.Join(s.all(ctx), s.saver.wait()); err != nil {
		return err
	}
	memory.report(r)
	if s.seconds > 0 {
		s.speed.remember(float64(s.seen) / s.seconds)
	}
	return s.finish(adapter, m)
}

// announce says what is about to happen.
func (s *session) announce() {
	s.r.Logf("training on %d rows (%d tokens, %d of them targets), %d held out, %d steps", len(s.data.train), s.data.tokens, s.data.targets, len(s.data.held), s.steps)
	for _, f := range []run.Figure{
		{Name: "training rows", Value: float64(len(s.data.train)), Unit: "rows"},
		{Name: "held-out rows", Value: float64(len(s.data.held)), Unit: "rows"}, {Name: "training tokens per epoch", Value: float64(s.data.tokens), Unit: "tokens"},
		{Name: "target tokens per epoch", Value: float64(s.data.targets), Unit: "tokens"}, {Name: "optimiser steps", Value: float64(s.steps)}} {
		s.r.Figure(f)
	}
}

func (s *session) all(ctx context.Context) error {
	p := s.r.Progress("train", "steps", s.steps)
	defer p.Done()
	p.Skip(s.Step)
	evalEvery := s.c.EvalEvery
	if evalEvery == 0 {
		evalEvery = max(1, s.steps/10)
	}
	for (s.Step < s.steps || s.Due) && s.Stopped == "" {
		if !s.Due {
			if err := s.step(ctx, p); err != nil {
				return err
			}
		}
		last, best := s.Step == s.steps, false
		if s.Due = s.Due || s.Step%evalEvery == 0 || last; s.Due {
			var err error
			if best, err = s.evaluate(ctx); err != nil {
				return errors.Join(err, s.keepOnCancel(ctx))
			}
			s.Due = false
		}
		if best || last || ctx.Err() != nil || s.saver.due(s.Step) {
			if err := s.saver.save(s.trainer, s.progress, best); err != nil {
				return err
			}
		}
	}
	return nil
}

// step does the next optimiser step.
func (s *session) step(ctx context.Context, p *experiment.Progress) error {
	next := s.Step + 1
	began := time.Now()
	rate := s.lr(next)
	result, err := s.trainer.Step(ctx, s.data.batch(s.c, next), rate)
	if err != nil {
		return errors.Join(err, s.keepOnCancel(ctx))
	}
	s.Step = next
	s.show(p, result, rate, time.Since(began).Seconds())
	return s.spike(result)
}

// keepOnCancel saves the last whole step when the run is told to stop. Steps
// that were interrupted halfway are done again.
func (s *session) keepOnCancel(ctx context.Context) error {
	if ctx.Err() == nil || s.Step == 0 {
		return nil
	}
	return s.saver.save(s.trainer, s.progress, false)
}

func (s *session) show(p *experiment.Progress, result llm.StepResult, rate, seconds float64) {
	s.seen, s.seconds = s.seen+result.Tokens, s.seconds+seconds
	s.r.Metric("train/loss", s.Step, result.Loss)
	s.r.Metric("train/lr", s.Step, rate)
	s.r.Metric("train/grad_norm", s.Step, result.GradNorm)
	s.r.Metric("train/tokens_per_second", s.Step, float64(result.Tokens)/seconds)
	note := fmt.Sprintf("loss %.3f  %.0f tok/s", result.Loss, float64(result.Tokens)/seconds)
	if dollars, known := s.r.CostSoFar(); known {
		note += fmt.Sprintf("  $%.2f", dollars)
	}
	p.Note(note)
	p.Add(1)
}

// spike stops a run whose loss has left its course: three losses in a row above
// Spike times the median of the last 32.
func (s *session) spike(result llm.StepResult) error {
	if s.c.Spike > 0 && len(s.Recent) >= 16 && result.Loss > s.c.Spike*median(s.Recent) && result.Loss > 1 {
		s.Over++
	} else {
		s.Over = 0
		s.Recent = append(s.Recent, result.Loss)
		s.Recent = s.Recent[max(0, len(s.Recent)-32):]
	}
	if s.Over < 3 {
		return nil
	}
	return experiment.Hint(fmt.Errorf("train: step %d: loss %.3g after a median of %.3g: a spike of three steps", s.Step, result.Loss, median(s.Recent)),
		"lower LR or look at the rows of these steps; the last checkpoint is from before")
}

func median(x []float64) float64 {
	sorted := slices.Sorted(slices.Values(x))
	return sorted[len(sorted)/2]
}

// evaluate measures the held-out loss; best: none was lower.
func (s *session) evaluate(ctx context.Context) (best bool, err error) {
	if len(s.data.held) == 0 {
		return false, nil
	}
	loss, err := s.scorer.Loss(ctx, s.data.held)
	if err != nil {
		return false, err
	}
	s.r.Metric("eval/loss", s.Step, loss)
	if s.BestStep == 0 || loss < s.Best {
		s.Best, s.BestStep, s.Stale = loss, s.Step, 0
		return true, nil
	}
	s.Stale++
	if s.c.Patience > 0 && s.Stale >= s.c.Patience {
		s.Stopped = fmt.Sprintf("the held-out loss has not improved since step %d", s.BestStep)
	}
	return false, nil
}

// finish writes the adapter that the step returns.
func (s *session) finish(a *llm.Adapter, m *model.Model) error {
	if s.Stopped != "" {
		s.r.Note(run.Note{Level: "info", Topic: "train", Text: fmt.Sprintf("stopped early at step %d of %d: %s", s.Step, s.steps, s.Stopped)})
	}
	if err := s.record(); err != nil {
		return err
	}
	if s.BestStep > 0 && !s.c.KeepLast && s.BestStep != s.Step {
		if err := restoreBest(s.dir, s.trainer, s.BestStep); err != nil {
			return err
		}
		s.r.Note(run.Note{Level: "info", Topic: "train", Text: fmt.Sprintf("kept the adapter of step %d of %d, whose held-out loss %.4f was the lowest", s.BestStep, s.steps, s.Best)})
	}
	out, err := a.Export(m.Name)
	if err != nil {
		return err
	}
	out.BaseFiles = m.Files()
	return out.Write(filepath.Join(s.dir, "adapter"))
}
