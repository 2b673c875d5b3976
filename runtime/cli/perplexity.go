package cli

import (
	"fmt"
	"math"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"cogumi/runtime/launch"
)

func (a *app) perplexityCommand() *cobra.Command {
	t := &trial{}
	window, stride := 0, 0
	adapter := ""
	c := &cobra.Command{
		Use:   "perplexity --model M [--adapter A] FILE",
		Short: "Measure how well a model foretells a text",
		Long: `Measures the perplexity of a model on a text file: exp of the mean negative
log-likelihood per token, with the model's own tokenizer. The text is read in
windows of --window tokens every --stride; a token counts once, in the first window
that holds it, with everything before it there as context. The interval (95 %) takes
the tokens of a window for one group, because neighbours are hard or easy together.

Figures of models with different tokenizers do not compare; bits per byte do.`,
		Example: `  cogumi perplexity --model tiny README.md
  cogumi perplexity --model org/name --adapter runs/…/adapter held-out.txt --json`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("cogumi perplexity --model tiny text.txt", "perplexity needs one file")
			}
			if stride == 0 {
				stride = window / 2
			}
			if window < 2 || stride < 1 || stride >= window {
				return usage("", "--window %d and --stride %d: the stride is at least 1 and below the window", window, stride)
			}
			if err := chooseDevice(t.gpu, t.gpuMemory); err != nil {
				return err
			}
			return a.perplexity(t, adapter, args[0], window, stride)
		},
	}
	t.modelFlags(c.Flags())
	c.Flags().StringVarP(&adapter, "adapter", "a", "", "adapter folder")
	c.Flags().IntVar(&window, "window", 1024, "tokens that the model sees at once (at most what it takes)")
	c.Flags().IntVar(&stride, "stride", 0, "tokens between the beginnings of two windows (default half a window)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress")
	completeFolders(c, "model", "adapter")
	return c
}

// foretold is `cogumi perplexity --json`. Infinite is missing.
type foretold struct {
	Model       string   `json:"model"`
	Adapter     string   `json:"adapter,omitempty"`
	File        string   `json:"file"`
	Perplexity  float64  `json:"perplexity"`
	Low         *float64 `json:"low,omitempty"` // 95 %
	High        *float64 `json:"high,omitempty"`
	NLL         float64  `json:"nats_per_token"`
	BitsPerByte float64  `json:"bits_per_byte"`
	Tokens      int      `json:"tokens"`
	Windows     int      `json:"windows"`
}

func (a *app) perplexity(t *trial, adapter, file string, window, stride int) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return &fault{launch.Preflight, err, ""}
	}
	if len(text) == 0 {
		return &fault{launch.Preflight, fmt.Errorf("%s is empty", file), ""}
	}
	a.hushProgress()
	base, err := t.base()
	if err != nil {
		return err
	}
	m, err := a.with(base, adapter, t.anyBase)
	if err != nil {
		return err
	}
	ctx, stop := interruptible()
	defer stop()
	p, err := m.Perplexity(ctx, string(text), window, stride)
	if err != nil {
		return workFault(err)
	}
	out := foretold{Model: m.Name, Adapter: adapter, File: file, Perplexity: p.Value, NLL: p.NLL, Tokens: p.Tokens, Windows: p.Windows,
		BitsPerByte: p.NLL * float64(p.Tokens) / math.Ln2 / float64(len(text))}
	if !math.IsInf(p.High, 1) {
		out.Low, out.High = &p.Low, &p.High
	}
	if a.json {
		return a.printJSON(out)
	}
	fmt.Fprintln(a.out, out.text(filepath.Base(file)))
	return nil
}

func (p foretold) text(file string) string {
	interval := "interval unknown: one window"
	if p.Low != nil {
		interval = fmt.Sprintf("95 %% %.4g to %.4g", *p.Low, *p.High)
	}
	return fmt.Sprintf("%s on %s: perplexity %.4g (%s; %d tokens in %d windows), %.3f bits per byte",
		p.Model, file, p.Perplexity, interval, p.Tokens, p.Windows, p.BitsPerByte)
}
