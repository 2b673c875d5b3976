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
	Derived     int64 // weights in the layout that products read, copies of adapters
	// Host is what is in the host's memory instead: the device reaches it over the bus.
	Host int64
	// Measures are what the step does to need no more than this, cheapest first;
	// none where there is room for everything.
	Measures []string

	moved int64 // of the loaded weights, to the host
}

// Total is their sum.
func (m Memory) Total() int64 { return m.Weights + m.moved + m.New() }

// New is what comes on top of the loaded base, as it is on the device now.
func (m Memory) New() int64 {
	return m.Adapter + m.Gradients + m.Optimizer + m.Inputs + m.Activations + m.Derived - m.moved
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
	plan := Memory{Weights: m.Bytes, Adapter: bytesOf(adapter.all()), Gradients: bytesOf(trainer.grads), Optimizer: bytesOf(trainer.state)}
	plan.Inputs = bytesOf(trainer.made) - plan.Gradients - plan.Optimizer
	layout := planOf(m.device, step)
	plan.Activations, plan.Host = together(m.device, layout.Arena, trainer.scoring(evaluation)), layout.Away
	plan.Derived = trainer.unpacked
	if evaluation > 0 {
		scorer := shapeScorer(m, evaluation)
		plan.Inputs += bytesOf(scorer.made())
		step = &kernels.Program{Name: "train and score", Ops: append(step.Ops[:len(step.Ops):len(step.Ops)], scorer.record(adapter).Ops...)}
	}
	plan.Derived += footprint(m.device, step)
	trainer.moved(&plan)
	if trainer.spare != (spare{}) {
		plan.Measures = trainer.spare.describe(len(m.layers), trainer.unpacked > 0 || !unpacks(m.device, step))
	}
	return plan, nil
}

// moved changes the plan by what moves to the host.
func (t *Trainer) moved(plan *Memory) {
	if t.spare.embed && !t.model.hosted {
		plan.moved = t.model.embed.Bytes()
		plan.Weights -= plan.moved
	}
	adapter, moments := t.moving()
	plan.Adapter -= bytesOf(adapter)
	plan.Optimizer -= bytesOf(moments)
	plan.Host += plan.moved + bytesOf(adapter) + bytesOf(moments)
}

// unpacks tells whether the device would keep weights of p in another form.
func unpacks(d kernels.Device, p *kernels.Program) bool {
	u, ok := d.(Unpacker)
	return ok && u.Unpacked(p) > 0
}

func bytesOf(ts []*kernels.Tensor) (n int64) {
	for _, t := range ts {
		n += t.Bytes()
	}
	return n
}
