package train

import (
	"fmt"
	"math"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
	"cogumi/stdlib/llm"
)

// preflight says and checks, before anything is allocated: what the rows are,
// what the training takes in memory, time and money. A plan that does not fit
// is refused with settings that would.
func (s *session) preflight(base *llm.Model, set *dataset.Set) error {
	if err := s.checkRows(base, set); err != nil {
		return err
	}
	var err error
	if s.plan, err = llm.PlanTraining(base, s.adapterConfig(), s.trainerConfig(), s.data.heldBudget(s.c.Budget)); err != nil {
		return err
	}
	if room := freeMemory(base); room > 0 && s.plan.New() > room {
		return s.tooLarge(base, room)
	}
	s.showMemory(base)
	s.showTime()
	if s.c.FP8 && base.EightBit() == 0 {
		s.r.Note(run.Note{Level: "info", Topic: "train", Text: "FP8: all products of this model are too small to gain by 8-bit floats; it is trained in bf16."})
	}
	return nil
}

func (s *session) adapterConfig() llm.AdapterConfig {
	a := llm.AdapterConfig{Rank: s.c.Rank, Alpha: s.c.Alpha, Dropout: s.c.Dropout, Targets: s.c.Targets, RSLoRA: s.c.RSLoRA, DoRA: s.c.DoRA}
	if s.from != nil {
		a.Ranks, a.Alphas = s.from.Ranks, s.from.Alphas
	}
	return a
}

func (s *session) trainerConfig() llm.TrainerConfig {
	return llm.TrainerConfig{Optimizer: llm.Optimizer(s.c.Optimizer), WeightDecay: s.c.WeightDecay,
		MaxNorm: s.c.MaxNorm, Budget: s.c.Budget, Seed: uint64(s.c.Seed), FP8: s.c.FP8}
}

// freeMemory is what the device can still give; 0: unknown. On a CPU it is the
// machine's, or what the container leaves.
func freeMemory(base *llm.Model) int64 {
	d := base.Device().Describe()
	room := d.Free
	if d.Name != "cpu" {
		return room
	}
	if limit := machine.Memory(); limit > 0 {
		now, _ := machine.Resident()
		room = min(room, limit-now)
	}
	return room
}

// tooLarge refuses a plan and names what would fit: fewer tokens at once, then
// a smaller rank.
func (s *session) tooLarge(base *llm.Model, room int64) error {
	longest := 2
	for i := range s.data.train {
		longest = max(longest, len(s.data.train[i].IDs))
	}
	for i := range s.data.held {
		longest = max(longest, len(s.data.held[i].IDs))
	}
	hint := "a smaller model, or a machine with more memory"
	a, t := s.adapterConfig(), s.trainerConfig()
	for fits := false; !fits; {
		switch {
		case t.Budget/2 >= longest:
			t.Budget /= 2
		case t.Budget > longest:
			t.Budget = longest
		case a.Rank > 4:
			a.Rank /= 2
		default:
			return experiment.Hint(s.doesNotFit(base, room), hint)
		}
		plan, err := llm.PlanTraining(base, a, t, s.data.heldBudget(t.Budget))
		if err != nil {
			return err
		}
		if fits = plan.New() <= room; fits {
			hint = fmt.Sprintf("Budget %d and Rank %d fit: they need %s", t.Budget, a.Rank, experiment.Bytes(plan.New()))
		}
	}
	return experiment.Hint(s.doesNotFit(base, room), hint)
}

func (s *session) doesNotFit(base *llm.Model, room int64) error {
	return fmt.Errorf("train: Budget %d and Rank %d need %s beside the loaded model, %s has %s", s.c.Budget, s.c.Rank,
		experiment.Bytes(s.plan.New()), base.Device().Describe().Name, experiment.Bytes(room))
}

// showMemory shows the plan, part by part.
func (s *session) showMemory(base *llm.Model) {
	p := s.plan
	t := run.Table{Name: "train memory", Title: "Memory plan of the training", Columns: []string{"what", "MiB"},
		Note: fmt.Sprintf("Planned before the first step for %d tokens at once.", s.c.Budget)}
	for _, part := range []struct {
		what  string
		bytes int64
	}{{"weights (" + base.Format + ")", p.Weights}, {"adapter", p.Adapter}, {"gradients", p.Gradients}, {"optimiser state", p.Optimizer},
		{"activations", p.Activations}, {"ids, targets, losses", p.Inputs}, {"weights as products read them, workspace", p.Derived}, {"in all", p.Total()}} {
		t.Rows = append(t.Rows, []any{part.what, math.Round(10*mib(part.bytes)) / 10})
	}
	if p.Host > 0 {
		t.Rows = append(t.Rows, []any{"in the host's memory, beside that", math.Round(10*mib(p.Host)) / 10})
	}
	s.r.Table(t)
	for _, measure := range p.Measures {
		s.r.Logf("memory: %s", measure)
	}
	s.r.Logf("memory: weights %s (%s), adapter with gradients and optimiser %s, activations %s, workspace %s: %s in all", experiment.Bytes(p.Weights), base.Format,
		experiment.Bytes(p.Adapter+p.Gradients+p.Optimizer), experiment.Bytes(p.Activations+p.Inputs), experiment.Bytes(p.Derived), experiment.Bytes(p.Total()))
}

func mib(b int64) float64 { return float64(b) / (1 << 20) }

// showTime says how long this will take and what it will cost, as far as
// earlier trainings on this machine tell.
func (s *session) showTime() {
	rate, known := s.speed.known()
	if !known {
		s.r.Logf("time: unknown, this model was not trained on this machine yet")
		return
	}
	expected := time.Duration(float64(s.c.Epochs*s.data.tokens) / rate * float64(time.Second))
	text := fmt.Sprintf("time: about %s at %.0f tokens/s, as the last training of this model here", expected.Round(time.Second), rate)
	if dollars, known := s.r.CostOf(expected); known {
		text += fmt.Sprintf(", $%.2f", dollars)
	}
	s.r.Logf("%s", text)
	s.r.Figure(run.Figure{Name: "expected training time", Value: expected.Seconds(), Unit: "s"})
}
