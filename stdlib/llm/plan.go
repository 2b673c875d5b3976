package llm

import "cogumi/kernels"

// Memory is what a training takes on its device, in bytes. It is known before
// anything is allocated.
type Memory struct {
	Weights     int64 // of the base, as they are kept
	Adapter     int64 // A and B
	Gradients   int64 // of A and B
	Optimizer   int64 // moments
	Inputs      int64 // ids, positions, targets
	Activations int64 // arenas of the training step and of the evaluation
	Derived     int64 // weights in the layout that products read, workspaces
}

// Total is their sum.
func (m Memory) Total() int64 { return m.Weights + m.New() }

// New is what comes on top of the loaded base.
func (m Memory) New() int64 {
	return m.Adapter + m.Gradients + m.Optimizer + m.Inputs + m.Activations + m.Derived
}

// PlanTraining says what NewAdapter, NewTrainer and NewScorer with the same
// settings will take; evaluation is the scorer's budget, 0: there is none beside
// the training.
func PlanTraining(m *Model, a AdapterConfig, c TrainerConfig, evaluation int) (Memory, error) {
	adapter, err := shapeAdapter(m, a)
	if err != nil {
		return Memory{}, err
	}
	trainer, err := shapeTrainer(adapter, c)
	if err != nil {
		return Memory{}, err
	}
	trainer.fit(bytesOf(adapter.all()))
	step, err := trainer.record()
	if err != nil {
		return Memory{}, err
	}
	plan := Memory{Weights: m.Bytes, Adapter: bytesOf(adapter.all()), Gradients: bytesOf(trainer.grads), Optimizer: bytesOf(trainer.state),
		Activations: kernels.NewPlan(step, true).Arena}
	plan.Inputs = bytesOf(trainer.made) - plan.Gradients - plan.Optimizer
	if evaluation > 0 {
		scorer := shapeScorer(m, evaluation)
		score := scorer.record(adapter)
		plan.Inputs += bytesOf(scorer.made())
		plan.Activations += kernels.NewPlan(score, true).Arena
		step = &kernels.Program{Name: "train and score", Ops: append(step.Ops[:len(step.Ops):len(step.Ops)], score.Ops...)}
	}
	plan.Derived = footprint(m.device, step) + trainer.unpacked
	return plan, nil
}

func bytesOf(ts []*kernels.Tensor) (n int64) {
	for _, t := range ts {
		n += t.Bytes()
	}
	return n
}
