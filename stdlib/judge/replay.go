package judge

import (
	"context"
	"fmt"

	"cogumi/stdlib/experiment"
)

// Replay judges by what an earlier Compare recorded: a judgements.jsonl in both
// orders. What the record does not hold is an error, so that new answers cannot
// pass for judged ones. Records of one order are OneOrder.
func Replay(path string) (*Judge, error) {
	list, err := readJudgements(path)
	if err != nil {
		return nil, err
	}
	hash, err := experiment.HashPath(path)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	r := &replay{said: map[string]Decision{}}
	for _, j := range list {
		if j.Said != nil {
			r.said[j.Hash] = *j.Said
		}
	}
	return &Judge{Name: "replay", Settings: Settings{Kind: "replay", Source: hash}, bench: r}, nil
}

// MustReplay is Replay; an error ends the run.
func MustReplay(path string) *Judge {
	j, err := Replay(path)
	return must(j, err)
}

type replay struct{ said map[string]Decision }

func (*replay) tried() bool              { return false }
func (*replay) estimate([]ask) *Estimate { return nil }

func (r *replay) hear(ctx context.Context, _ *hearing, cases []ask, done func(int, Decision, error)) error {
	for i := range cases {
		d, ok := r.said[cases[i].hash()]
		if !ok {
			done(i, d, ErrNotRecorded)
			continue
		}
		done(i, d, nil)
	}
	return context.Cause(ctx)
}
