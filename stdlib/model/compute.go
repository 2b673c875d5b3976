package model

import (
	"context"

	"cogumi/stdlib/llm"
)

// Computing is the model on its device, loaded if need be, with its adapter, nil
// without one: for primitives that do more than let it answer.
func (m *Model) Computing(ctx context.Context) (*llm.Model, *llm.Adapter, error) {
	return m.engine(ctx)
}

// Identity is what decides the model's answers, for the keys of steps.
func (m *Model) Identity() map[string]string { return m.identity() }
