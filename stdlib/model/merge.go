package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/llm/tokenizer"
)

// Merged is what Merge made, and how far it is from the base with the adapter.
type Merged struct {
	Folder  string
	Into    string // bf16, dequantised, nf4
	Weights int64  // of the projections that the adapter sits on
	Changed int64  // that differ from the base's
	Bytes   int64  // of all weights
	On      string // what it was measured on
	llm.Divergence
}

// How much is measured on: enough for an interval, seconds for a small model.
const (
	mergeRows   = 64
	mergeTokens = 4096
)

// Merge writes the model with its adapter merged in as a folder of its own, which
// must not exist yet: into "bf16", the files' own 16-bit weights; "dequantised",
// the 4-bit values that the adapter was trained on, widened; or "nf4", those
// quantised again, which loses most. The merged model is then loaded and compared
// with this one on text, or on rows of tinyworld where text is empty. A merge that
// changes no weight is an error.
func (m *Model) Merge(ctx context.Context, into, out, text string) (*Merged, error) {
	if m.Adapter == nil {
		return nil, errors.New("merge: the model has no adapter")
	}
	if _, err := os.Lstat(out); err == nil {
		return nil, experiment.Hint(fmt.Errorf("merge: %s exists already", out), "choose another folder, or remove it first")
	}
	making := out + ".tmp"
	if err := os.RemoveAll(making); err != nil {
		return nil, fmt.Errorf("merge: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return nil, fmt.Errorf("merge: %w", err)
	}
	r, err := m.merge(ctx, into, making, text)
	if err != nil {
		os.RemoveAll(making)
		return nil, fmt.Errorf("merge %s into %s: %w", m.Adapter.Folder, m.Name, err)
	}
	if err := durable.Rename(making, out); err != nil {
		return nil, fmt.Errorf("merge: %w", err)
	}
	r.Folder = out
	return r, nil
}

func (m *Model) merge(ctx context.Context, into, out, text string) (*Merged, error) {
	adapter, err := peft.Read(m.Adapter.Folder)
	if err != nil {
		return nil, err
	}
	files, err := m.base.open()
	if err != nil {
		return nil, err
	}
	defer files.Close()
	p := experiment.Current().Progress("merge", "tensors", len(files.Names()))
	done, err := llm.WriteMerged(m.base.folder, files, adapter, llm.MergeInto(into), out, p.Add)
	p.Done()
	if errors.Is(err, llm.ErrUnchanged) {
		err = experiment.Hint(err, "was the adapter trained at all?")
	}
	if err != nil {
		return nil, err
	}
	r := &Merged{Into: into, Weights: done.Weights, Changed: done.Changed, Bytes: done.Bytes}
	return r, m.measure(ctx, r, out, text)
}

// measure loads what was merged and compares it.
func (m *Model) measure(ctx context.Context, r *Merged, folder, text string) error {
	merged, err := LoadOriginal(folder)
	if err != nil {
		return fmt.Errorf("load it again: %w", err)
	}
	other, err := merged.Engine()
	if err != nil {
		return fmt.Errorf("load it again: %w", err)
	}
	defer other.Close()
	engine, adapter, err := m.engine(ctx)
	if err != nil {
		return err
	}
	examples, on, err := rulers(engine, text)
	if err != nil {
		return err
	}
	p := experiment.Current().Progress("compare", "rows", len(examples))
	defer p.Done()
	d, err := llm.Diverge(ctx, llm.Side{Model: engine, Adapter: adapter}, llm.Side{Model: other}, examples, p.Add)
	if err != nil {
		return err
	}
	r.Divergence, r.On = *d, on
	return nil
}

// rulers are what two models are compared by: windows of a text, or answers of
// tinyworld.
func rulers(engine *llm.Model, text string) ([]llm.Example, string, error) {
	if strings.TrimSpace(text) != "" {
		ids := engine.Tokenizer.Encode(text, tokenizer.Options{AddSpecial: true})
		ids = ids[:min(len(ids), mergeTokens)]
		size := min(512, engine.Config.MaxPositions)
		examples, err := llm.Windows{Size: size, Stride: size / 2}.Examples(ids)
		return examples, "the text", err
	}
	set, err := dataset.Read("tinyworld/eval")
	if err != nil {
		return nil, "", err
	}
	set = set.Shuffle(1).Head(mergeRows)
	var examples []llm.Example
	for i := range set.Rows {
		e, err := Example(engine, &set.Rows[i], i)
		if err != nil {
			return nil, "", experiment.Hint(fmt.Errorf("measure on rows: %w", err), "give a text to measure on")
		}
		examples = append(examples, e)
	}
	return examples, fmt.Sprintf("the answers of %d rows of tinyworld", len(examples)), nil
}

// mergedFolder is the model in the folder of the step.
const mergedFolder = "model"

// MustMerge is Merge as a step of the run: a merge that was made is used again. It
// returns the merged model, in 4 bits like every base; an error ends the run.
func (m *Model) MustMerge(into, text string) *Model {
	r := experiment.Current()
	spec := experiment.Spec{Name: "merge " + m.Name + " into " + into, Version: 1, Inputs: m.identity(), Params: map[string]string{"into": into, "text": text}, Machine: true}
	dir, err := r.Do(spec, func(w *experiment.Work) error {
		done, err := m.Merge(r.Context(), into, filepath.Join(w.Dir, mergedFolder), text)
		if err != nil {
			return err
		}
		r.Logf("merged into %s: KL %.3g nats per token to the base with the adapter, perplexity %.4g → %.4g (%s)", done.Into, done.KL, done.Reference, done.Other, done.On)
		r.Figure(run.Figure{Name: "KL of the merged model", Value: done.KL, Low: done.Low, High: done.High, N: done.Tokens, Unit: "nats per token"})
		r.Figure(run.Figure{Name: "perplexity with the adapter", Value: done.Reference, N: done.Tokens})
		r.Figure(run.Figure{Name: "perplexity of the merged model", Value: done.Other, N: done.Tokens})
		return nil
	})
	if err != nil {
		experiment.Stop(err)
	}
	merged := MustLoad(filepath.Join(dir, mergedFolder))
	merged.Name = m.Name + " merged"
	return merged
}
