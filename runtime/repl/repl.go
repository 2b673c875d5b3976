// Package repl is the prompt: it reads pieces of Go from a terminal or a pipe, has
// them run by a session in a process of its own (package cells), and shows what
// they give. On a pipe there is no prompt and no colour, values go to standard
// output and everything else to standard error: a transcript can be tested.
package repl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"cogumi/runtime/cells"
	"cogumi/runtime/script"
)

// Config is what a prompt works with.
type Config struct {
	Host     *cells.Host
	In       *os.File
	Out, Err *os.File
	History  string // file that keeps what was typed; "": none
	File     string // script whose definitions are there from the start
	Quiet    bool   // no greeting, no hints
	// Command runs another of cogumi's commands: runs, report, check.
	Command func(args ...string) error
}

// prompt is one session of a person's.
type prompt struct {
	Config
	lines    reader
	tty      bool
	style    style
	width    func() int
	count    int        // pieces so far
	failures int        // of them
	last     string     // piece, for :edit
	journal  *journal   // in the run folder
	mu       sync.Mutex // of what is written
	midline  bool       // output of a piece did not end its line
}

// Run reads and runs pieces until the input ends. failed: a piece of a pipe did
// not come to its end.
func Run(cfg Config) (failed bool, err error) {
	p := &prompt{Config: cfg}
	p.tty = term.IsTerminal(int(cfg.In.Fd())) && term.IsTerminal(int(cfg.Out.Fd()))
	p.style = style(p.tty && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == "")
	p.width = func() int {
		if w, _, err := term.GetSize(int(cfg.Out.Fd())); err == nil && w > 20 {
			return w
		}
		return 100
	}
	if p.journal, err = openJournal(cfg.Host.Dir()); err != nil {
		return false, err
	}
	defer p.journal.close()
	if p.lines, err = p.open(); err != nil {
		return false, err
	}
	defer func() { p.lines.close() }()
	if p.tty && !p.Quiet {
		fmt.Fprintln(p.Err, p.style.dim("Go, piece by piece. ?NAME explains, Tab completes, :help, Ctrl-D ends."))
	}
	if cfg.File != "" {
		if err := p.load(cfg.File); err != nil {
			return false, err
		}
	}
	defer p.mindSignals()()
	for {
		text, err := p.lines.piece(p.count + 1)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p.failures > 0, fmt.Errorf("read what is typed: %w", err)
		}
		over, interrupted := p.hear(text)
		if interrupted && !p.tty {
			return true, context.Canceled
		}
		if over {
			break
		}
	}
	return !p.tty && p.failures > 0, p.keepSource()
}

// mindSignals keeps Ctrl-C at an empty prompt from ending a terminal's session,
// and closes the run when the terminal goes away.
func (p *prompt) mindSignals() (stop func()) {
	ignored, ends := make(chan os.Signal, 1), make(chan os.Signal, 1)
	if p.tty {
		signal.Notify(ignored, os.Interrupt)
	}
	signal.Notify(ends, syscall.SIGTERM, syscall.SIGHUP)
	go func() {
		if _, ok := <-ends; ok {
			p.lines.close()
			_, _ = p.Host.Close() // there is nobody to tell
			os.Exit(1)
		}
	}()
	return func() { signal.Stop(ignored); signal.Stop(ends); close(ends) }
}

// hear takes one piece or command.
func (p *prompt) hear(text string) (over, interrupted bool) {
	trimmed := strings.TrimSpace(text)
	switch {
	case trimmed == "":
		return false, false
	case strings.HasPrefix(trimmed, ":"):
		return p.command(trimmed)
	case strings.HasPrefix(trimmed, "?"):
		p.answer(p.Host.Process().Doc(trimmed[1:]))
		return false, false
	case strings.HasSuffix(trimmed, "?") && !strings.ContainsAny(trimmed, "\"`'\n"):
		p.answer(p.Host.Process().Doc(strings.TrimSuffix(trimmed, "?")))
		return false, false
	case trimmed == "exit" || trimmed == "quit" || trimmed == "help":
		if trimmed == "help" {
			return p.command(":help")
		}
		return true, false
	}
	_, interrupted = p.run("", text)
	return false, interrupted
}

// run runs a piece and shows what it gives. name is the file that it is from; "":
// typed.
func (p *prompt) run(name, text string) (out cells.Outcome, interrupted bool) {
	p.count++
	if name == "" {
		name = fmt.Sprintf("[%d]", p.count)
		p.last = text
	}
	ctx, stop := p.interruptible()
	out, err := p.Host.Eval(ctx, name, text, p.event)
	interrupted = ctx.Err() != nil
	stop()
	p.endLine()
	p.outcome(out, err)
	if err != nil || out.Failed() {
		p.failures++
	}
	p.journal.write(entry{Piece: p.count, Name: name, Text: text, Failed: err != nil || out.Failed(), Seconds: out.Seconds})
	return out, interrupted
}

// interruptible is a context that Ctrl-C ends; a second Ctrl-C ends the process of
// the session, for a piece that does not listen.
func (p *prompt) interruptible() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt)
	done := make(chan struct{})
	go func() {
		slow, warned := make(<-chan time.Time), false
		for {
			select {
			case <-signals:
				if warned { // nobody loses values by a finger that slipped
					p.Host.Kill()
					continue
				}
				cancel()
				slow = time.After(time.Second)
			case <-slow:
				warned = true
				p.note("it ends after its current step; Ctrl-C again ends it now, and all values are lost")
			case <-done:
				return
			}
		}
	}()
	return ctx, func() { signal.Stop(signals); close(done) }
}

// event shows what a piece prints and gives, as it comes.
func (p *prompt) event(e cells.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e.Kind {
	case "stdout":
		io.WriteString(p.Out, p.printable(e.Text))
		p.midline = !strings.HasSuffix(e.Text, "\n")
	case "stderr":
		io.WriteString(p.Err, p.printable(e.Text))
		p.midline = !strings.HasSuffix(e.Text, "\n")
	case "value":
		if p.midline {
			fmt.Fprintln(p.Out)
			p.midline = false
		}
		io.WriteString(p.Out, p.printable(p.style.value(*e.Value, p.width())))
	}
}

// endLine begins a new line behind output that did not end its own.
func (p *prompt) endLine() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.midline && p.tty {
		fmt.Fprintln(p.Out, p.style.dim("⏎"))
	} else if p.midline {
		fmt.Fprintln(p.Out)
	}
	p.midline = false
}

// outcome says how a piece went, where that is not plain from what it gave.
func (p *prompt) outcome(out cells.Outcome, err error) {
	var died *cells.ErrDied
	switch {
	case errors.As(err, &died):
		p.fail(died.Failure.Message, died.Failure.Hint)
		p.note("a new process goes on; nothing is declared in it. What you typed is in the history and in " + p.journal.name)
	case err != nil:
		p.fail(err.Error(), "")
	}
	for _, d := range out.Diagnostics {
		p.diagnostic(d)
	}
	for _, n := range out.Notes {
		p.note(n)
	}
	switch {
	case out.Interrupted && out.Busy:
		p.note("interrupted; a part of it still works and ends at its next statement")
	case out.Interrupted:
		p.note("interrupted")
	}
	if out.Exit != nil {
		p.note(fmt.Sprintf("os.Exit(%d): here a script would end; :quit ends the session", *out.Exit))
	}
}

// Late shows what comes outside of any piece: it is Begin's late.
func Late(w io.Writer) func(cells.Event) {
	return func(e cells.Event) {
		switch {
		case e.Late != nil:
			fmt.Fprintln(w, printable(e.Late.String()))
		case e.Text != "":
			io.WriteString(w, printable(e.Text))
		}
	}
}

func (p *prompt) diagnostic(d script.Diagnostic) {
	fmt.Fprintln(p.Err, p.style.red("error: ")+printable(strings.TrimRight(d.String(), "\n")))
}

func (p *prompt) fail(message, hint string) {
	fmt.Fprintln(p.Err, p.style.red("error:")+" "+printable(message))
	if hint != "" {
		fmt.Fprintln(p.Err, "hint: "+printable(hint))
	}
}

// note is a sentence that matters; tell is one that -q leaves out.
func (p *prompt) note(text string) { fmt.Fprintln(p.Err, p.style.dim(printable(text))) }

func (p *prompt) tell(text string) {
	if !p.Quiet {
		p.note(text)
	}
}

func (p *prompt) answer(a cells.Answer) {
	if a.Error != "" {
		p.failures++
		p.fail(a.Error, "")
		return
	}
	fmt.Fprintln(p.Out, p.printable(a.Text))
}
