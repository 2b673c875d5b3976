package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"cogumi/kernels"
	"cogumi/runtime/launch"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm/peft"
	"cogumi/stdlib/model"
)

// trial is what the commands that try a model have in common.
type trial struct {
	model     string
	adapters  []string
	original  bool
	anyBase   bool
	gpu       string
	gpuMemory string
	context   int
	system    string
	sampling  model.Sampling
}

// modelFlags choose what is loaded.
func (t *trial) modelFlags(f *pflag.FlagSet) {
	f.StringVarP(&t.model, "model", "m", "tiny", "model folder, GGUF file, name of a downloaded model, or tiny")
	f.BoolVar(&t.original, "original", false, "use the weights as they are, not quantised to 4 bits")
	f.BoolVar(&t.anyBase, "any-base", false, "use an adapter also on other files than it was trained on")
	f.StringVar(&t.gpu, "gpu", "", "compute on this GPU, or off for the processor (default the first GPU that serves)")
	f.StringVar(&t.gpuMemory, "gpu-memory", "", "GiB of the GPU's memory that may be taken (default what is free)")
}

// samplingFlags choose how answers are written.
func (t *trial) samplingFlags(f *pflag.FlagSet, tokens int, temperature float64) {
	f.IntVar(&t.sampling.MaxTokens, "max-tokens", tokens, "tokens of an answer at most")
	f.Float64Var(&t.sampling.Temperature, "temperature", temperature, "0 takes the likeliest token each time")
	f.Float64Var(&t.sampling.TopP, "top-p", 1, "draw from the likeliest tokens that make up this share")
	f.IntVar(&t.sampling.TopK, "top-k", 0, "draw from so many likeliest tokens (0: all)")
	f.IntVar(&t.sampling.Seed, "seed", 0, "of what is drawn")
	f.IntVar(&t.context, "context", 0, "tokens of prompt and answers at most (default 4096, or the model's limit)")
	f.StringVar(&t.system, "system", "", "system message before everything else")
}

// check refuses settings that cannot be.
func (t *trial) check() error {
	s := t.sampling
	switch {
	case s.MaxTokens < 1:
		return usage("", "--max-tokens %d is below 1", s.MaxTokens)
	case !(s.Temperature >= 0 && s.Temperature <= 100):
		return usage("0 to 2 is usual", "--temperature %g is not between 0 and 100", s.Temperature)
	case !(s.TopP > 0 && s.TopP <= 1):
		return usage("", "--top-p %g is not above 0 and at most 1", s.TopP)
	case s.TopK < 0:
		return usage("", "--top-k %d is below 0", s.TopK)
	case t.context < 0 || t.context == 1:
		return usage("", "--context %d is too small", t.context)
	}
	return chooseDevice(t.gpu, t.gpuMemory)
}

// base loads the model that the flags name.
func (t *trial) base() (*model.Model, error) {
	load := model.Load
	if t.original {
		load = model.LoadOriginal
	}
	m, err := load(t.model)
	if err != nil {
		return nil, inputFault(err)
	}
	return m, nil
}

// with puts an adapter on the base; "" is the base alone.
func (a *app) with(base *model.Model, adapter string, anyBase bool) (*model.Model, error) {
	if adapter == "" {
		return base, nil
	}
	found, err := model.FindAdapter(adapter)
	if err != nil {
		return nil, inputFault(err)
	}
	found.AnyBase = anyBase
	m, err := base.WithAdapter(found)
	if err != nil {
		return nil, inputFault(err)
	}
	if p, err := peft.Read(found.Folder); err == nil && p.BaseModel != "" && path.Base(filepath.ToSlash(p.BaseModel)) != path.Base(filepath.ToSlash(base.Name)) {
		a.tell("%s adapter %s says that it was made for %s, this is %s", a.paint(red, "careful:"), adapter, printable(p.BaseModel), base.Name)
	}
	return m, nil
}

// inputFault is a model or an adapter that cannot be used.
func inputFault(err error) error {
	return &fault{launch.Preflight, errors.New(printable(err.Error())), printable(experiment.HintOf(err))}
}

// workFault is what went wrong while a model worked.
func workFault(err error) error {
	if errors.Is(err, experiment.ErrInterrupted) || errors.Is(err, context.Canceled) {
		return ended(launch.Interrupted)
	}
	hint := experiment.HintOf(err)
	if hint == "" && errors.Is(err, kernels.ErrUnsupported) {
		hint = "--gpu off computes on the processor"
	}
	return failed(printable(hint), "%s", printable(err.Error()))
}

// speedText is what an answer took.
func speedText(r model.Reply) string {
	at := func(what string, n int, rate float64) string {
		text := fmt.Sprintf("%s%d tokens", what, n)
		if n == 1 {
			text = what + "1 token"
		}
		switch {
		case rate >= 100:
			text += fmt.Sprintf(" at %.0f tok/s", rate)
		case rate > 0:
			text += fmt.Sprintf(" at %.1f tok/s", rate)
		}
		return text
	}
	text := at("", r.Tokens, r.WriteRate) + ", " + at("prompt ", r.Read, r.ReadRate)
	if r.Truncated {
		text += ", cut off: --max-tokens or --context"
	}
	return text
}

// shown is text of a model as it goes to standard output: to a terminal without
// what would steer it.
func (a *app) shown(text string) string {
	if term.IsTerminal(int(a.out.Fd())) {
		return printable(text)
	}
	return text
}

// piped reads standard input where it is no terminal.
func (a *app) piped() (text string, isPipe bool, err error) {
	info, err := a.in.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice != 0 {
		return "", false, nil
	}
	b, err := io.ReadAll(a.in)
	return strings.TrimRight(string(b), "\n"), true, err
}

// completeFolders offers files and folders for a flag.
func completeFolders(c *cobra.Command, flags ...string) {
	for _, f := range flags {
		_ = c.MarkFlagDirname(f)
	}
}
