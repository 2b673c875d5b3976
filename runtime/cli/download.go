package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"cogumi/runtime/launch"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/hub"
)

func (a *app) downloadCommand() *cobra.Command {
	o, revision := hub.Options{}, ""
	c := &cobra.Command{
		Use:   "download ID…",
		Short: "Get models from Hugging Face, into the cache that other tools share",
		Long: `Downloads a model's configuration, tokenizer and weights (safetensors) into the
cache of the Hugging Face tools and prints the folder. What is there is used; what
was cut goes on where it was; every file is checked. Scripts load the model by its
name. Without a network the folder is what the cache has, and what is missing is
said (exit code 3).

HF_TOKEN is sent where it is set, HF_ENDPOINT names a mirror, HF_HOME and
HF_HUB_CACHE say where the cache is, HF_HUB_OFFLINE=1 forbids the network.`,
		Example: `  cogumi download HuggingFaceTB/SmolLM2-135M-Instruct
  cogumi download org/name@v1.0               a branch, a tag or a commit
  cogumi download org/name --include '*Q4_K_M.gguf'
  HF_TOKEN=… cogumi download org/gated        a model that asks who takes it`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("cogumi download org/name", "download needs the name of a model")
			}
			return a.download(args, revision, o)
		},
	}
	c.Flags().StringVar(&revision, "revision", "", "branch, tag or commit (default main); the same as ID@REVISION")
	c.Flags().StringSliceVar(&o.Include, "include", nil, "files to take, as shell patterns (default what a model needs)")
	c.Flags().StringSliceVar(&o.Exclude, "exclude", nil, "files to leave out")
	c.Flags().BoolVar(&a.json, "json", false, "print JSON")
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "no progress: errors only")
	return c
}

// downloaded is one model in `cogumi download --json`.
type downloaded struct {
	ID      string   `json:"id"`
	Commit  string   `json:"commit,omitempty"`
	Dir     string   `json:"dir,omitempty"`
	Files   int      `json:"files"`
	Bytes   int64    `json:"bytes"`
	Fetched int64    `json:"fetched_bytes"`
	Offline bool     `json:"offline,omitempty"`
	Missing []string `json:"missing,omitempty"`
	Error   string   `json:"error,omitempty"`
}

// download gets one model after the other; one that fails does not stop the others.
func (a *app) download(names []string, revision string, o hub.Options) error {
	var ids []hub.ID
	for _, name := range names {
		id, err := hub.Parse(name)
		if err == nil && revision != "" {
			if strings.Contains(name, "@") {
				return usage("leave one of them out", "%s names a revision, and so does --revision", name)
			}
			id, err = id.At(revision)
		}
		if err != nil {
			return usage("", "%v", err)
		}
		ids = append(ids, id)
	}
	a.hushProgress()
	client, err := hub.FromEnvironment()
	if err != nil {
		return usage("", "%v", err)
	}
	ctx, stop := interruptible()
	defer stop()
	list, code := []downloaded{}, launch.OK
	for _, id := range ids {
		d, failed := a.downloadOne(ctx, client, id, o)
		list = append(list, d)
		if code = max(code, failed); ctx.Err() != nil {
			code = launch.Interrupted
			break
		}
	}
	if a.json {
		if err := a.printJSON(list); err != nil {
			return failed("", "print the result: %v", err)
		}
	}
	if code != launch.OK {
		return ended(code)
	}
	return nil
}

func (a *app) downloadOne(ctx context.Context, client *hub.Client, id hub.ID, o hub.Options) (downloaded, int) {
	d := downloaded{ID: id.String()}
	r, err := client.Download(ctx, id, o)
	if errors.Is(err, experiment.ErrInterrupted) {
		a.tell("stopped: run it again, it goes on from there")
		d.Error = "interrupted"
		return d, launch.Interrupted
	}
	if err != nil {
		a.printError(printable(err.Error()), printable(experiment.HintOf(err)))
		d.Error = err.Error()
		if errors.Is(err, hub.ErrOffline) {
			return d, launch.Preflight
		}
		return d, launch.Failed
	}
	d.Commit, d.Dir, d.Files, d.Bytes, d.Fetched, d.Missing, d.Offline = r.Commit, r.Dir, r.Files, r.Bytes, r.Fetched, r.Missing, r.Offline != nil
	a.tell("%s", downloadText(r))
	if !a.json {
		fmt.Fprintln(a.out, r.Dir)
	}
	if len(r.Missing) > 0 {
		a.printError(fmt.Sprintf("%s lacks %s", id, printable(strings.Join(r.Missing, ", "))), missingHint(r))
		return d, launch.Preflight
	}
	return d, launch.OK
}

func downloadText(r *hub.Result) string {
	text := fmt.Sprintf("%s  %d files, %s, commit %.12s", r.ID, r.Files, experiment.Bytes(r.Bytes), r.Commit)
	switch {
	case r.Offline != nil:
		return text + "; from the cache: " + printable(r.Offline.Error())
	case r.Fetched == 0:
		return text + "; all there already"
	case r.Kept > 0:
		return text + fmt.Sprintf("; went on after %s", experiment.Bytes(r.Kept))
	}
	return text
}

func missingHint(r *hub.Result) string {
	if r.Offline != nil {
		return "run it again with a network; what is there stays"
	}
	return "the hub has no such files at this revision: cogumi cannot load it"
}

// hushProgress makes the primitives' own progress obey -q.
func (a *app) hushProgress() {
	if a.quiet {
		os.Setenv("COGUMI_QUIET", "1")
	}
}

// interruptible is a context that ends with the first Ctrl-C; the second ends
// the process.
func interruptible() (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; ok {
			signal.Stop(signals)
			cancel(experiment.ErrInterrupted)
		}
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}
