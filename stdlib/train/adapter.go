package train

import (
	"fmt"
	"slices"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/model"
)

// onAdapter reads the adapter that is trained further, nil for a new one, and
// takes over what it is made of. A model with an adapter, and nothing said about
// it, is refused: which of two adapters would be meant when the model answers?
func (c Config) onAdapter(m *model.Model) (Config, *peft.Adapter, error) {
	switch {
	case c.OnAdapter != "" && c.OnAdapter != "continue":
		return c, nil, fmt.Errorf(`train: OnAdapter %q is not known: it is "continue", or empty`, c.OnAdapter)
	case m.Adapter == nil && c.OnAdapter != "":
		return c, nil, experiment.Hint(fmt.Errorf("train: OnAdapter is %q, but %s has no adapter", c.OnAdapter, m.Name), "put one on it: model.WithAdapter")
	case m.Adapter == nil:
		return c, nil, nil
	case c.OnAdapter == "":
		return c, nil, experiment.Hint(fmt.Errorf("train: %s has an adapter already, %s", m.Name, m.Adapter.Folder),
			`to train it further: OnAdapter: "continue"; for a new one on top: merge it first with model.MustMerge("bf16", "") and train on what that returns`)
	}
	p, err := peft.Read(m.Adapter.Folder)
	if err != nil {
		return c, nil, fmt.Errorf("train: %w", err)
	}
	own := func(what string, given, adapter any, set bool) error {
		if set && fmt.Sprint(given) != fmt.Sprint(adapter) {
			return experiment.Hint(fmt.Errorf("train: the adapter to continue has %s %v, the recipe %v", what, adapter, given), "leave "+what+" out: the adapter's own counts")
		}
		return nil
	}
	for _, err := range []error{own("rank", c.Rank, p.R, c.Rank != 0), own("alpha", c.Alpha, p.Alpha, c.Alpha != 0),
		own("targets", slices.Sorted(slices.Values(c.Targets)), slices.Sorted(slices.Values(p.Targets)), c.Targets != nil),
		own("RSLoRA", c.RSLoRA, p.RSLoRA, c.RSLoRA), own("DoRA", c.DoRA, p.DoRA, c.DoRA)} {
		if err != nil {
			return c, nil, err
		}
	}
	c.Rank, c.Alpha, c.Targets, c.RSLoRA, c.DoRA = p.R, p.Alpha, p.Targets, p.RSLoRA, p.DoRA
	return c, p, nil
}

// adapter puts what is trained on the device.
func (s *session) adapter(base *llm.Model) (*llm.Adapter, error) {
	if s.from == nil {
		return llm.NewAdapter(base, s.adapterConfig(), uint64(s.c.Seed))
	}
	p := *s.from
	p.Dropout = s.c.Dropout
	s.r.Logf("training the adapter further: rank %d, alpha %g, %d projections", p.R, p.Alpha, len(p.Tensors))
	return llm.OpenAdapter(base, &p)
}
