package cli

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"cogumi/runtime/launch"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/model"
)

func (a *app) mergeCommand() *cobra.Command {
	t := &trial{}
	adapter, into, out, text := "", "", "", ""
	c := &cobra.Command{
		Use:   "merge --model M --adapter A --into bf16|dequantised|nf4 --out DIR",
		Short: "Make one model of a base and its adapter, and measure what it cost",
		Long: `Writes a model folder that needs no adapter any more. It loads here and in the
field's tools. --into says what the adapter is added to:
  bf16         the base's own 16-bit weights
  dequantised  the 4-bit values that the adapter was trained on, widened to bf16
  nf4          the same, quantised to 4 bits again: small, and it loses most

The merged model is loaded again and compared with the base and its adapter: KL
divergence and perplexity, on --text or on rows of tinyworld. A merge that changes
no weight is an error. --original compares with the 16-bit base instead of the
4-bit one that cogumi trains on.`,
		Example: `  cogumi merge --model tiny --adapter runs/…/adapter --into bf16 --out merged
  cogumi merge -m org/name -a adapter --into nf4 --out small --text held-out.txt --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			for flag, value := range map[string]string{"--adapter": adapter, "--into": into, "--out": out} {
				if value == "" {
					return usage("see: cogumi merge --help", "merge needs %s", flag)
				}
			}
			if into != "bf16" && into != "dequantised" && into != "nf4" {
				return usage("bf16, dequantised or nf4", "--into %s is not known", into)
			}
			if err := chooseDevice(t.gpu, t.gpuMemory); err != nil {
				return err
			}
			return a.merge(t, adapter, into, out, text)
		},
	}
	t.modelFlags(c.Flags())
	c.Flags().StringVarP(&adapter, "adapter", "a", "", "adapter folder")
	c.Flags().StringVar(&into, "into", "", "bf16, dequantised or nf4")
	c.Flags().StringVarP(&out, "out", "o", "", "folder to write, which must not exist")
	c.Flags().StringVar(&text, "text", "", "file to measure on (default rows of tinyworld)")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress: only the folder")
	completeFolders(c, "model", "adapter", "out")
	return c
}

// mergedJSON is `cogumi merge --json`.
type mergedJSON struct {
	Folder     string    `json:"folder"`
	Into       string    `json:"into"`
	Weights    int64     `json:"weights"`
	Changed    int64     `json:"changed_weights"`
	Bytes      int64     `json:"bytes"`
	KL         float64   `json:"kl_nats_per_token"`
	KLInterval []float64 `json:"kl_95"`
	SameTop    float64   `json:"same_likeliest_token"`
	Before     float64   `json:"perplexity_with_adapter"`
	After      float64   `json:"perplexity_merged"`
	Tokens     int       `json:"tokens"`
	On         string    `json:"measured_on"`
}

func (a *app) merge(t *trial, adapter, into, out, file string) error {
	text := ""
	if file != "" {
		b, err := os.ReadFile(file)
		if err != nil {
			return &fault{launch.Preflight, err, ""}
		}
		text = string(b)
	}
	if _, err := os.Lstat(out); err == nil {
		return usage("choose another folder, or remove it first", "%s exists already", out)
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
	r, err := m.Merge(ctx, into, out, text)
	if err != nil {
		return workFault(err)
	}
	if a.json {
		return a.printJSON(mergedJSON{r.Folder, r.Into, r.Weights, r.Changed, r.Bytes, r.KL, []float64{r.Low, r.High}, r.SameTop, r.Reference, r.Other, r.Tokens, r.On})
	}
	a.tell("%s", mergeText(r))
	fmt.Fprintln(a.out, r.Folder)
	return nil
}

func mergeText(r *model.Merged) string {
	return fmt.Sprintf(`merged into %s: %.1f %% of %d weights changed, %s
  against the base with the adapter, on %s (%d tokens):
  KL          %.3g nats per token (95 %% %.3g to %.3g); the same likeliest token %.1f %%
  perplexity  %.4g → %.4g (%+.2f %%)`,
		r.Into, 100*float64(r.Changed)/float64(max(r.Weights, 1)), r.Weights, experiment.Bytes(r.Bytes), r.On, r.Tokens,
		r.KL, max(r.Low, 0), r.High, 100*r.SameTop, r.Reference, r.Other, 100*(r.Other/r.Reference-1))
}
