package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/model"
)

func (a *app) chatCommand() *cobra.Command {
	t := &trial{}
	adapter := ""
	c := &cobra.Command{
		Use:   "chat --model M [--adapter A]",
		Short: "Talk with a model in the terminal",
		Long: `Talks with a model: its answers come as they are written. Through a pipe every line
is a turn, and only the answers go to standard output.

` + chatHelp + `

What is drawn depends on --seed and the turn: the same conversation repeats itself.`,
		Example: `  cogumi chat
  cogumi chat --model HuggingFaceTB/SmolLM2-135M-Instruct --system "Be brief."
  cogumi chat --model tiny --adapter runs/…/adapter
  printf 'What is 2 + 3?\nAnd 4 + 5?\n' | cogumi chat -q --temperature 0`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := t.check(); err != nil {
				return err
			}
			return a.chat(t, adapter)
		},
	}
	t.modelFlags(c.Flags())
	c.Flags().StringVarP(&adapter, "adapter", "a", "", "adapter folder")
	t.samplingFlags(c.Flags(), 1024, 0.7)
	_ = c.Flags().Set("top-p", "0.9")
	c.Flags().Lookup("top-p").DefValue = "0.9"
	c.Flags().BoolVarP(&a.quiet, "quiet", "q", false, "only the answers")
	completeFolders(c, "model", "adapter")
	return c
}

const chatHelp = `In the conversation:
  /clear          begin again
  /system TEXT    begin again with this system message; without TEXT with none
  /again          another answer to the same
  /help           this list
  /exit           end it; Ctrl-D does too
A line that ends in \ goes on in the next. Ctrl-C stops an answer.`

// conversation is what is said between a person and a model.
type conversation struct {
	*app
	t     *trial
	talk  *model.Talk
	turns []dataset.Message
	drawn int // answers so far: each draws anew
	tty   bool
}

func (a *app) chat(t *trial, adapter string) error {
	a.hushProgress()
	base, err := t.base()
	if err != nil {
		return err
	}
	m, err := a.with(base, adapter, t.anyBase)
	if err != nil {
		return err
	}
	talk, err := m.Talk(context.Background(), t.context)
	if err != nil {
		return workFault(err)
	}
	defer talk.Close()
	c := &conversation{app: a, t: t, talk: talk}
	lines := a.lines()
	_, c.tty = lines.(*typed)
	c.begin()
	if c.tty {
		a.tell("%s  %s", a.paint(bold, answer{Model: m.Name, Adapter: adapter}.name()), a.paint(dim, fmt.Sprintf("context %d tokens; /help shows the commands", talk.Context())))
	}
	for {
		line, err := lines.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return failed("", "read what you type: %v", err)
		}
		over, err := c.hear(line)
		if over || err != nil {
			return err
		}
	}
}

// begin forgets all turns but the system message.
func (c *conversation) begin() {
	c.turns = nil
	if c.t.system != "" {
		c.turns = append(c.turns, dataset.Message{Role: "system", Content: c.t.system})
	}
}

// hear takes one line of the person's in.
func (c *conversation) hear(line string) (over bool, err error) {
	line = strings.TrimSpace(line)
	command, rest, _ := strings.Cut(line, " ")
	switch {
	case line == "":
		return false, nil
	case !strings.HasPrefix(line, "/") || strings.Contains(command[1:], "/"):
		c.turns = append(c.turns, dataset.Message{Role: "user", Content: line})
		return false, c.answer()
	}
	switch command {
	case "/exit", "/quit", "/bye":
		return true, nil
	case "/help":
		c.tell("%s", chatHelp)
	case "/clear":
		c.begin()
		c.tell("%s", c.paint(dim, "begun again"))
	case "/system":
		c.t.system = strings.TrimSpace(rest)
		c.begin()
		c.tell("%s", c.paint(dim, "begun again, system message: "+printable(c.t.system)))
	case "/again":
		if n := len(c.turns); n == 0 || c.turns[n-1].Role != "assistant" {
			c.tell("there is no answer yet")
			return false, nil
		}
		c.turns = c.turns[:len(c.turns)-1]
		return false, c.answer()
	default:
		hint := ""
		if near := nearest(command, []string{"/help", "/clear", "/system", "/again", "/exit"}); near != "" {
			hint = ": did you mean " + near + "?"
		}
		c.tell("there is no command %s%s", printable(command), hint)
	}
	return false, nil
}

// answer lets the model answer the last turn. Ctrl-C stops it: what came stays.
// In the terminal an error does not end the conversation.
func (c *conversation) answer() error {
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	defer signal.Stop(signals)
	go func() {
		select {
		case <-signals:
			cancel(experiment.ErrInterrupted)
		case <-ctx.Done():
		}
	}()
	if c.tty {
		defer hideTyping(int(c.in.Fd()))()
	}
	s := c.t.sampling
	s.Seed += c.drawn
	c.drawn++
	r, err := c.talk.Answer(ctx, c.turns, s, c.say)
	if r.Text != "" {
		fmt.Fprintln(c.out)
	}
	if errors.Is(err, experiment.ErrInterrupted) {
		if !c.tty {
			return workFault(err)
		}
		c.tell("%s", c.paint(dim, "stopped"))
		r.Truncated, err = false, nil
	}
	if err != nil {
		c.turns = c.turns[:len(c.turns)-1]
		if !c.tty {
			return workFault(err)
		}
		hint := experiment.HintOf(err)
		if errors.Is(err, llm.ErrTooLong) {
			hint = "/clear begins again; --context gives more room"
		}
		c.printError(printable(err.Error()), printable(hint))
		return nil
	}
	c.turns = append(c.turns, dataset.Message{Role: "assistant", Content: r.Text})
	c.tell("%s", c.paint(dim, speedText(r)))
	return nil
}

// say writes what comes of an answer.
func (a *app) say(text string) { io.WriteString(a.out, a.shown(text)) }
