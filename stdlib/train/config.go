// Package train trains LoRA adapters on quantised models (QLoRA,
// arXiv:2305.14314): response-only loss over packed rows, evaluation on held-out
// rows, checkpoints that continue with the same bits.
package train

import (
	"fmt"
	"math"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
)

// Config is a training recipe. Zero values mean the defaults named here.
type Config struct {
	Rank        int      `json:"rank"`           // 16
	Alpha       float64  `json:"alpha"`          // 2·Rank
	Dropout     float64  `json:"dropout"`        // 0
	Targets     []string `json:"targets"`        // all seven projections
	RSLoRA      bool     `json:"rslora"`         // scale Alpha/√Rank
	DoRA        bool     `json:"dora,omitempty"` // rows by direction and magnitude (arXiv:2402.09353); no dropout then
	LR          float64  `json:"lr"`             // 1e-3
	Schedule    string   `json:"schedule"`       // cosine; linear, constant
	Warmup      float64  `json:"warmup"`         // share of the steps, 0.1; negative: none
	Epochs      int      `json:"epochs"`         // 3
	Batch       int      `json:"batch"`          // rows per optimiser step, 16
	Optimizer   string   `json:"optimizer"`      // adamw8bit; adamw
	WeightDecay float64  `json:"weight_decay"`   // 0.01; negative: none
	MaxNorm     float64  `json:"max_norm"`       // gradients are clipped to it, 1; negative: never
	Budget      int      `json:"budget"`         // tokens computed at once, 1024
	FP8         bool     `json:"fp8,omitempty"`  // the frozen products in 8-bit floats (H100, H200): faster, not the same numbers
	Holdout     float64  `json:"holdout"`        // share of the rows that is only evaluated, 0.05; negative: none
	EvalEvery   int      `json:"eval_every"`     // steps; 0: ten times in all
	Patience    int      `json:"patience"`       // evaluations without improvement before stopping; 0: never
	Spike       float64  `json:"spike"`          // stop when three losses in a row exceed this times the recent median, 8; negative: never
	SaveEvery   int      `json:"save_every"`     // steps between checkpoints; 0: by time, every 10 s or more
	Seed        int      `json:"seed"`           // of initialisation, order and dropout
	AllowTies   bool     `json:"allow_ties"`     // train on rows that were ties: right answers
	KeepLast    bool     `json:"keep_last"`      // the last adapter instead of the best evaluated one
	// OnAdapter says what happens to the adapter of a model that has one: "continue"
	// trains it further, with its own rank, alpha and targets. Otherwise such a
	// model is refused: for a new adapter on top, merge the old one first
	// (Model.MustMerge).
	OnAdapter string `json:"on_adapter,omitempty"`

	// Benchmarks are sets that the adapter will be measured by: training rows that
	// they hold are named before the first step.
	Benchmarks []*dataset.Set `json:"-"`
}

func (c Config) withDefaults() (Config, error) {
	number := func(x *float64, d float64) {
		if *x == 0 {
			*x = d
		} else if *x < 0 {
			*x = 0
		}
	}
	count := func(x *int, d int) {
		if *x == 0 {
			*x = d
		}
	}
	count(&c.Rank, 16)
	number(&c.Alpha, 2*float64(c.Rank))
	number(&c.LR, 1e-3)
	number(&c.Warmup, 0.1)
	number(&c.WeightDecay, 0.01)
	number(&c.MaxNorm, 1)
	number(&c.Holdout, 0.05)
	number(&c.Spike, 8)
	count(&c.Epochs, 3)
	count(&c.Batch, 16)
	count(&c.Budget, 1024)
	if c.Schedule == "" {
		c.Schedule = "cosine"
	}
	if c.Optimizer == "" {
		c.Optimizer = string(llm.AdamW8bit)
	}
	if c.Targets == nil {
		c.Targets = llm.Targets
	}
	return c, c.check()
}

func (c Config) check() error {
	switch {
	case c.Rank < 1, c.Epochs < 1, c.Batch < 1, c.Budget < 2:
		return fmt.Errorf("train: rank %d, epochs %d, batch %d, budget %d must be positive", c.Rank, c.Epochs, c.Batch, c.Budget)
	case c.Warmup >= 1, c.Holdout >= 0.9:
		return fmt.Errorf("train: warmup %g and holdout %g are shares below 1 (holdout below 0.9)", c.Warmup, c.Holdout)
	case c.LR > 1 || math.IsNaN(c.LR):
		return experiment.Hint(fmt.Errorf("train: lr %g diverges", c.LR), "LoRA trains at 1e-5 to 1e-3")
	}
	if _, err := newSchedule(c.Schedule, c.LR, c.Warmup, 1); err != nil {
		return err
	}
	return nil
}
