package repl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cogumi/reports/run/durable"
	"cogumi/runtime/cells"
)

// command is what begins with a colon.
type command struct {
	name, arg, help string
	do              func(p *prompt, arg string) (interrupted bool)
}

var commands []command

func init() { // :help lists them, so that they cannot be a constant of their own
	plain := func(f func(*prompt, string)) func(*prompt, string) bool {
		return func(p *prompt, arg string) bool { f(p, arg); return false }
	}
	commands = []command{
		{"help", "", "this list", plain((*prompt).help)},
		{"doc", "NAME", "what NAME is: train.QLoRA, strings, x; ?NAME does the same", plain((*prompt).doc)},
		{"type", "EXPR", "the type of EXPR, which is not evaluated", plain((*prompt).typeOf)},
		{"names", "", "what the session has declared", plain((*prompt).names)},
		{"time", "CODE", "run CODE and say how long it took", (*prompt).time},
		{"load", "FILE", "declare what FILE declares, a script or pieces; its main is left out", plain((*prompt).loadCommand)},
		{"edit", "[FILE]", "write a piece, or FILE, in $EDITOR, then run it", (*prompt).edit},
		{"save", "FILE.go", "write the session as a script; :save! overwrites", plain((*prompt).save)},
		{"save!", "FILE.go", "", plain((*prompt).overwrite)},
		{"reset", "", "forget all that was declared", plain((*prompt).reset)},
		{"runs", "[…]", "all runs, as cogumi runs lists them", plain(func(p *prompt, arg string) { p.outer("runs", strings.Fields(arg)...) })},
		{"report", "", "build the report of this session so far", plain(func(p *prompt, _ string) { p.outer("report", filepath.Base(p.Host.Dir())) })},
		{"quit", "", "end the session; Ctrl-D does too", nil},
	}
}

// command does what a line with a colon asks.
func (p *prompt) command(line string) (over, interrupted bool) {
	name, arg, _ := strings.Cut(strings.TrimPrefix(line, ":"), " ")
	if first, rest, cut := strings.Cut(name, "\n"); cut {
		name, arg = first, rest+" "+arg
	}
	if name == "q" || name == "quit" || name == "exit" {
		return true, false
	}
	for _, c := range commands {
		if c.name == name {
			return false, c.do(p, strings.TrimSpace(arg))
		}
	}
	p.failures++
	p.fail(fmt.Sprintf("there is no command :%s", name), "the commands are in :help")
	return false, false
}

func (p *prompt) help(string) {
	for _, c := range commands {
		if c.help != "" {
			fmt.Fprintf(p.Out, "  %-15s %s\n", ":"+strings.TrimSpace(c.name+" "+c.arg), c.help)
		}
	}
	fmt.Fprint(p.Out, `
Anything else is Go: declarations, statements, expressions, whose values are shown.
Packages are imported when they are used. A bracket that is open goes on in the next
line; two empty lines end a piece in any case. Ctrl-C stops what runs and keeps the
session, Ctrl-R searches what was typed before, Tab completes names and files.
`)
}

func (p *prompt) need(arg, usage string) bool {
	if arg == "" {
		p.failures++
		p.fail("something is missing behind the command", usage)
	}
	return arg != ""
}

func (p *prompt) doc(arg string) {
	if p.need(arg, ":doc train.QLoRA") {
		p.answer(p.Host.Process().Doc(arg))
	}
}

func (p *prompt) typeOf(arg string) {
	if p.need(arg, ":type x + 1") {
		p.answer(p.Host.Process().TypeOf(arg))
	}
}

func (p *prompt) names(string) {
	list := p.Host.Process().Complete("", 0).Candidates
	width := 0
	for _, c := range list {
		width = max(width, len(c.Text))
	}
	for _, c := range list {
		fmt.Fprintln(p.Out, p.printable(strings.TrimRight(fmt.Sprintf("%-*s  %-5s  %s", width, c.Text, c.Kind, c.Type), " ")))
	}
	if len(list) == 0 {
		p.note("nothing is declared yet")
	}
}

func (p *prompt) time(arg string) (interrupted bool) {
	if !p.need(arg, ":time f(3)") {
		return false
	}
	out, interrupted := p.run("", arg)
	if out.Started {
		fmt.Fprintln(p.Out, took(out.Seconds))
	}
	return interrupted
}

// took is a time with three digits.
func took(seconds float64) string {
	switch {
	case seconds < 1e-3:
		return fmt.Sprintf("%.3g µs", seconds*1e6)
	case seconds < 1:
		return fmt.Sprintf("%.3g ms", seconds*1e3)
	case seconds < 120:
		return fmt.Sprintf("%.3g s", seconds)
	}
	return fmt.Sprintf("%d min %d s", int(seconds)/60, int(seconds)%60)
}

func (p *prompt) loadCommand(arg string) {
	if !p.need(arg, ":load FILE.go") {
		return
	}
	if err := p.load(arg); err != nil {
		p.failures++
		p.fail(err.Error(), "")
	}
}

// load declares what a file declares.
func (p *prompt) load(file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("load the script: %w", err)
	}
	text, err := cells.Definitions(file, string(b))
	if err != nil {
		return fmt.Errorf("load %s: %w", file, err)
	}
	out, _ := p.run(file, text)
	if len(out.Defines) > 0 {
		p.tell(file + " declares " + strings.Join(out.Defines, ", "))
	}
	return nil
}

func (p *prompt) edit(arg string) (interrupted bool) {
	if !p.tty {
		p.failures++
		p.fail("there is no terminal to edit in", "write the piece into the pipe")
		return false
	}
	file := arg
	if file == "" {
		dir, err := os.MkdirTemp("", "cogumi-edit-")
		if err != nil {
			p.fail(err.Error(), "")
			return false
		}
		defer os.RemoveAll(dir)
		file = filepath.Join(dir, "piece.go")
		if err := os.WriteFile(file, []byte(p.last), 0o600); err != nil {
			p.fail(err.Error(), "")
			return false
		}
	}
	if err := p.openEditor(file); err != nil {
		p.fail("edit: "+err.Error(), "$EDITOR names the program to edit with")
		return false
	}
	if arg != "" {
		p.loadCommand(arg)
		return false
	}
	b, err := os.ReadFile(file)
	if err != nil || strings.TrimSpace(string(b)) == "" {
		p.note("nothing to run")
		return false
	}
	text := strings.TrimRight(string(b), "\n")
	fmt.Fprintln(p.Out, p.printable(text))
	_, interrupted = p.run("", text)
	return interrupted
}

// openEditor hands the terminal to the person's editor.
func (p *prompt) openEditor(file string) error {
	p.lines.close()
	program := "vi"
	for _, name := range []string{"EDITOR", "VISUAL"} {
		if v := os.Getenv(name); v != "" {
			program = v
		}
	}
	words := strings.Fields(program)
	cmd := exec.Command(words[0], append(words[1:], file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = p.In, p.Out, p.Err
	err := cmd.Run()
	lines, openErr := p.open()
	if openErr == nil {
		p.lines = lines
	}
	return errors.Join(err, openErr)
}

func (p *prompt) save(arg string)      { p.write(arg, false) }
func (p *prompt) overwrite(arg string) { p.write(arg, true) }

func (p *prompt) write(file string, overwrite bool) {
	if !p.need(file, ":save my.go") {
		return
	}
	if filepath.Ext(file) != ".go" {
		file += ".go"
	}
	if _, err := os.Stat(file); err == nil && !overwrite {
		p.failures++
		p.fail(file+" exists already", ":save! "+file+" overwrites it")
		return
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.failures++
		p.fail(err.Error(), "")
		return
	}
	a := p.Host.Process().Script(file)
	if a.Error != "" {
		p.answer(a)
		return
	}
	if err := durable.WriteBytes(file, []byte(a.Text)); err != nil {
		p.failures++
		p.fail("save: "+err.Error(), "")
		return
	}
	p.tell(fmt.Sprintf("%s: %d lines; run it: cogumi run %s", file, strings.Count(a.Text, "\n"), file))
}

// keepSource puts the session as a script where the report finds a run's source.
func (p *prompt) keepSource() error {
	a := p.Host.Process().Script("repl.go")
	if a.Error != "" || a.Text == "" {
		return nil // the pieces themselves are in the journal
	}
	return os.WriteFile(p.Host.Run().Source(), []byte(a.Text), 0o644)
}

func (p *prompt) reset(string) {
	if a := p.Host.Process().Reset(); a.Error != "" {
		p.answer(a)
		return
	}
	p.tell("nothing is declared any more")
}

// outer runs another of cogumi's commands.
func (p *prompt) outer(name string, args ...string) {
	if err := p.Command(append([]string{name}, args...)...); err != nil {
		p.failures++
	}
}
