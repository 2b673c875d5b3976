package train

import (
	"fmt"
	"math/rand/v2"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/model"
)

// rows are a training set, tokenised and split.
type rows struct {
	train, held []llm.Example
	tokens      int // of train
	targets     int
	long        int // left out: longer than the budget
}

// checkTies refuses right answers among the failures.
func checkTies(set *dataset.Set, allow bool) error {
	ties := countTies(set)
	if ties == 0 || allow {
		return nil
	}
	return experiment.Hint(fmt.Errorf("train: %d of %d rows of %s are ties: the model's answer was as good", ties, len(set.Rows), set.Name),
		"train on losses alone; AllowTies trains on them all the same")
}

func countTies(set *dataset.Set) (n int) {
	for i := range set.Rows {
		if set.Rows[i].FailureType == "tie" {
			n++
		}
	}
	return n
}

// tokenise encodes every row and sets a share of them aside for evaluation.
func tokenise(r *experiment.Run, m *llm.Model, set *dataset.Set, c Config) (*rows, error) {
	var all []llm.Example
	out := &rows{}
	for i := range set.Rows {
		e, err := model.Example(m, &set.Rows[i], i+1)
		if err != nil {
			return nil, fmt.Errorf("train: %s row %d: %w", set.Name, i+1, err)
		}
		if len(e.IDs) > min(c.Budget, m.Config.MaxPositions) {
			out.long++
			continue
		}
		all = append(all, e)
	}
	if out.long > 0 {
		r.Note(run.Note{Level: "warn", Topic: "train", Text: fmt.Sprintf("%d of %d rows are longer than %d tokens and were left out", out.long, len(set.Rows), c.Budget),
			Hint: "raise Budget"})
	}
	if len(all) == 0 {
		return nil, experiment.Hint(fmt.Errorf("train: %s has no row to train on", set.Name), "did the model fail at nothing? then there is nothing to teach")
	}
	random := rand.New(rand.NewPCG(uint64(c.Seed), 1))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	held := int(c.Holdout * float64(len(all)))
	out.held, out.train = all[:held], all[held:]
	for i := range out.train {
		out.tokens += len(out.train[i].IDs)
		out.targets += out.train[i].Targets()
	}
	return out, nil
}

// heldBudget is how many tokens of the held-out rows are computed at once.
func (d *rows) heldBudget(budget int) int {
	n := 0
	for i := range d.held {
		n += len(d.held[i].IDs)
	}
	return min(n, budget)
}

// steps is the number of optimiser steps of all epochs.
func (d *rows) steps(c Config) int { return c.Epochs * d.perEpoch(c) }

func (d *rows) perEpoch(c Config) int { return (len(d.train) + c.Batch - 1) / c.Batch }

// batch is the rows of optimiser step s = 1…steps. Every epoch has an order of
// its own that depends on seed and epoch alone, so that a resumed run sees the
// same batches.
func (d *rows) batch(c Config, step int) []llm.Example {
	per := d.perEpoch(c)
	epoch, at := (step-1)/per, (step-1)%per*c.Batch
	order := rand.New(rand.NewPCG(uint64(c.Seed), 2+uint64(epoch))).Perm(len(d.train))
	var out []llm.Example
	for _, i := range order[at:min(at+c.Batch, len(order))] {
		out = append(out, d.train[i])
	}
	return out
}
