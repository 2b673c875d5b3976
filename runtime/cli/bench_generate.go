package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/bench"
	"cogumi/stdlib/llm/devices"
	"cogumi/stdlib/model"
)

func (a *app) benchGenerateCommand() *cobra.Command {
	var config bench.GenerateConfig
	var name, preset, gpu, memory string
	c := &cobra.Command{
		Use:   "generate",
		Short: "Measure reading prompts and writing after them",
		Long: `Reads prompts and writes after them greedily, beyond any end token; the median
of three measurements. With --preset the model has that shape and drawn weights in
NF4 with double quantisation: the same work as a real model's.`,
		Example: `  cogumi bench generate --model models/SmolLM2-135M-Instruct.Q4_1.gguf
  cogumi bench generate --model M --batch 64 --json
  cogumi bench generate --preset llama-3.1-8b`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.benchGenerate(name, preset, gpu, memory, config) },
	}
	f := c.Flags()
	f.StringVar(&name, "model", "tiny", "folder, GGUF file, name of a downloaded model, or tiny")
	f.StringVar(&preset, "preset", "", "drawn weights of a shape instead: "+strings.Join(bench.Presets(), ", "))
	f.IntVar(&config.Prompt, "prompt", 256, "tokens of a prompt")
	f.IntVar(&config.Tokens, "tokens", 128, "tokens written after it")
	f.IntVar(&config.Batch, "batch", 1, "sequences at once")
	f.StringVar(&gpu, "gpu", "", "number of the GPU, or off")
	f.StringVar(&memory, "memory", "", "GiB of the GPU's memory that may be taken (default: what is free)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	return c
}

func (a *app) benchGenerate(name, preset, gpu, memory string, config bench.GenerateConfig) error {
	if min(config.Prompt, config.Tokens, config.Batch) < 1 {
		return usage("see: cogumi bench generate --help", "prompt, tokens and batch are at least 1")
	}
	if err := chooseDevice(gpu, memory); err != nil {
		return err
	}
	engine, name, err := a.benchModel(name, preset)
	if err != nil {
		return inputFault(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := bench.Generate(ctx, engine, config, func(s string) { a.tell("%s", s) })
	if err != nil {
		return workFault(err)
	}
	if a.json {
		return a.printJSON(r)
	}
	tw := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "model\t%s (%s)\n", name, r.Format)
	fmt.Fprintf(tw, "device\t%s (%s)\n", r.Device, r.ISA)
	fmt.Fprintf(tw, "prompt\t%.0f tokens/s, %d × %d tokens\n", r.PromptS, r.Batch, r.Prompt)
	fmt.Fprintf(tw, "writing\t%.1f tokens/s, %d × %d tokens\n", r.DecodeS, r.Batch, r.Tokens)
	return tw.Flush()
}

// benchModel is a model to measure with: a real one, or one of drawn weights.
func (a *app) benchModel(name, preset string) (*llm.Model, string, error) {
	if preset == "" {
		m, err := model.Load(name)
		if err != nil {
			return nil, "", err
		}
		engine, err := m.Engine()
		return engine, m.Name, err
	}
	device, err := devices.Open()
	if err != nil {
		return nil, "", err
	}
	a.tell("drawing weights of %s", preset)
	m, err := bench.Drawn(device, preset)
	return m, preset + ", drawn", err
}
