package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"cogumi/stdlib/llm/bench"
	"cogumi/stdlib/llm/devices"
)

func (a *app) benchCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine at a known model's work",
		Args:  unknownCommand,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(a.benchTrainCommand(), a.benchGenerateCommand())
	return c
}

func (a *app) benchTrainCommand() *cobra.Command {
	var config bench.TrainConfig
	var gpu, memory string
	c := &cobra.Command{
		Use:   "train",
		Short: "Measure QLoRA training: tokens a second, memory, where the time goes",
		Long: `Trains an adapter on all seven projections of a model of the preset's shape, with
drawn weights in NF4 with double quantisation, 8-bit AdamW and clipping; every
token of every row is a target. TFLOP/s counts the products that a step cannot do
without, the ceiling is what large products alone reach on the same device.`,
		Example: `  cogumi bench train
  cogumi bench train --preset smollm2-135m --rows 4 --length 256
  cogumi bench train --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.benchTrain(config, gpu, memory) },
	}
	f := c.Flags()
	f.StringVar(&config.Preset, "preset", "llama-3.1-8b", "shape: "+strings.Join(bench.Presets(), ", "))
	f.IntVar(&config.Rows, "rows", 4, "rows of a step")
	f.IntVar(&config.Length, "length", 2048, "tokens of a row")
	f.IntVar(&config.Rank, "rank", 64, "rank of the adapter")
	f.BoolVar(&config.FP8, "fp8", false, "compute the frozen products in 8-bit floats (H100, H200)")
	f.BoolVar(&config.Ragged, "ragged", false, "rows of an eighth to the whole length, of which the last quarter is learned")
	f.IntVar(&config.Steps, "steps", 8, "measured steps")
	f.StringVar(&gpu, "gpu", "", "number of the GPU, or off")
	f.StringVar(&memory, "memory", "", "GiB of the GPU's memory that may be taken (default: what is free)")
	f.BoolVar(&a.json, "json", false, "print JSON")
	return c
}

func (a *app) benchTrain(config bench.TrainConfig, gpu, memory string) error {
	config.Start = time.Now()
	if min(config.Rows, config.Rank, config.Steps) < 1 || config.Length < 2 {
		return usage("see: cogumi bench train --help", "rows, rank and steps are at least 1, length at least 2")
	}
	if !slices.Contains(bench.Presets(), config.Preset) {
		return usage("presets: "+strings.Join(bench.Presets(), ", "), "there is no preset %q", config.Preset)
	}
	if err := chooseDevice(gpu, memory); err != nil {
		return err
	}
	device, err := devices.Open()
	if err != nil {
		return failed("cogumi env shows the GPUs", "%v", err)
	}
	defer device.Close()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r, err := bench.Train(ctx, device, config, func(s string) { a.tell("%s", s) })
	if err != nil {
		return failed("", "benchmark: %v", err)
	}
	if a.json {
		return a.printJSON(r)
	}
	return a.printBench(r)
}

func (a *app) printBench(r *bench.TrainResult) error {
	tw := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(tw, "%s\t%s\n", name, fmt.Sprintf(format, args...))
	}
	line("preset", "%s, %d × %d tokens a step, rank %d", r.Preset, r.Rows, r.Length, r.Rank)
	line("device", "%s (%s) %s", r.Device, r.ISA, r.Library)
	line("speed", "%.0f tokens/s, median of %d steps", r.TokensPerS, r.Steps)
	line("products", "%.1f TFLOP/s, %.0f %% of the %.1f that large products alone reach", r.TFLOPs, 100*r.Share, r.CeilingTFLOP)
	line("first step", "%.2f s, %.2f s after the start", r.FirstStepS, r.SinceStartS)
	if r.PeakGiB > 0 {
		line("memory", "%.2f GiB at most, %.2f planned", r.PeakGiB, r.PlannedGiB)
		for _, k := range byValue(r.Memory) {
			line("  "+k, "%.2f GiB", r.Memory[k])
		}
	}
	for i, m := range r.Measures {
		if i == 0 {
			line("to need no more", "%s", m)
		} else {
			line("", "%s", m)
		}
	}
	var sum float64
	for _, ms := range r.Families {
		sum += ms
	}
	line("time of a step", "%.1f ms", sum)
	for _, k := range byValue(r.Families) {
		line("  "+k, "%.2f ms, %.1f %%", r.Families[k], 100*r.Families[k]/sum)
	}
	return tw.Flush()
}

// byValue are the keys, largest value first.
func byValue(m map[string]float64) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(x, y string) int {
		if m[x] != m[y] {
			if m[x] > m[y] {
				return -1
			}
			return 1
		}
		return strings.Compare(x, y)
	})
	return keys
}
