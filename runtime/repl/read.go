package repl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/peterh/liner"

	"cogumi/runtime/cells"
)

// reader gives pieces, one after another; io.EOF at the end.
type reader interface {
	piece(number int) (string, error)
	close()
}

func (p *prompt) open() (reader, error) {
	if p.tty {
		return p.newEditor()
	}
	return &piped{in: bufio.NewReader(p.In)}, nil
}

// more says whether a piece needs another line. Two empty lines end any piece.
func more(text string) bool {
	first := strings.TrimSpace(text)
	if first == "" || strings.HasPrefix(first, ":") || strings.HasPrefix(first, "?") {
		return false
	}
	return !cells.Complete(text) && !strings.HasSuffix(text, "\n\n")
}

// gather puts lines together until they are a piece.
func gather(line func(first bool) (string, error)) (string, error) {
	text := ""
	for {
		next, err := line(text == "")
		if err == io.EOF && text != "" {
			return text, nil
		}
		if err != nil {
			return "", err
		}
		if text != "" {
			text += "\n"
		}
		text += next
		if !more(text) {
			return text, nil
		}
	}
}

// piped reads a pipe or a file.
type piped struct{ in *bufio.Reader }

func (r *piped) piece(int) (string, error) {
	return gather(func(bool) (string, error) {
		line, err := r.in.ReadString('\n')
		if err == io.EOF && line != "" {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), err
	})
}

func (r *piped) close() {}

// editor reads what a person types, with history (Ctrl-R searches it) and Tab.
type editor struct {
	state   *liner.State
	history string
}

func (p *prompt) newEditor() (*editor, error) {
	e := &editor{state: liner.NewLiner(), history: p.History}
	e.state.SetCtrlCAborts(true)
	e.state.SetMultiLineMode(true)
	e.state.SetTabCompletionStyle(liner.TabPrints)
	e.state.SetWordCompleter(p.complete)
	if e.history == "" {
		return e, nil
	}
	f, err := os.Open(e.history)
	if errors.Is(err, os.ErrNotExist) {
		return e, nil
	}
	if err != nil {
		p.note("what was typed before cannot be read: " + err.Error())
		return e, nil
	}
	defer f.Close()
	if _, err := e.state.ReadHistory(f); err != nil {
		p.note("what was typed before cannot be read: " + err.Error())
	}
	return e, nil
}

func (e *editor) piece(number int) (string, error) {
	head := fmt.Sprintf("%d> ", number)
	for {
		text, err := gather(func(first bool) (string, error) {
			if first {
				return e.state.Prompt(head)
			}
			return e.state.Prompt(strings.Repeat(".", len(head)-1) + " ")
		})
		switch {
		case errors.Is(err, liner.ErrPromptAborted):
			continue // Ctrl-C: the line is given up
		case errors.Is(err, io.EOF):
			fmt.Println()
			return "", io.EOF
		case err != nil:
			return "", err
		}
		e.remember(text)
		return text, nil
	}
}

// remember keeps a piece for the arrow keys, as one line, and for later sessions.
func (e *editor) remember(text string) {
	line := cells.OneLine(text)
	if line == "" {
		return
	}
	e.state.AppendHistory(line)
	if e.history == "" {
		return
	}
	if err := os.MkdirAll(filepath.Dir(e.history), 0o700); err != nil {
		return
	}
	// Appended at once: two sessions share the file, and one may be killed.
	f, err := os.OpenFile(e.history, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = f.WriteString(line + "\n")
}

func (e *editor) close() { _ = e.state.Close() }

// complete is Tab: at the beginning of a line it indents.
func (p *prompt) complete(line string, pos int) (head string, list []string, tail string) {
	runes := []rune(line)
	before, tail := string(runes[:pos]), string(runes[pos:])
	trimmed := strings.TrimSpace(before)
	if trimmed == "" {
		return before, []string{"    "}, tail
	}
	if strings.HasPrefix(trimmed, ":") {
		head, list = p.completeCommand(before)
		return head, list, tail
	}
	ask := strings.TrimLeft(before, "?")
	skipped := len(before) - len(ask)
	a := p.Host.Process().Complete(ask, len(ask))
	for _, c := range a.Candidates {
		list = append(list, c.Text)
	}
	slices.Sort(list)
	return before[:skipped+a.From], slices.Compact(list), tail
}

// completeCommand completes a command's name, and the file that stands behind it.
func (p *prompt) completeCommand(before string) (head string, list []string) {
	name, arg, behind := strings.Cut(before, " ")
	if !behind {
		for _, c := range commands {
			if strings.HasPrefix(":"+c.name, name) {
				list = append(list, ":"+c.name+" ")
			}
		}
		return "", list
	}
	switch strings.TrimPrefix(name, ":") {
	case "load", "save", "edit":
		quoted := `"` + arg // completion of a string is completion of a file
		for _, c := range p.Host.Process().Complete(quoted, len(quoted)).Candidates {
			list = append(list, c.Text)
		}
		return name + " ", list
	}
	a := p.Host.Process().Complete(arg, len(arg))
	for _, c := range a.Candidates {
		list = append(list, c.Text)
	}
	return name + " " + arg[:a.From], list
}
