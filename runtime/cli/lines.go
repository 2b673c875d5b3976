package cli

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// lineSource gives what a person or a pipe says, turn by turn; io.EOF at the end.
// A line that ends in \ goes on in the next.
type lineSource interface{ next() (string, error) }

// lines reads standard input: with an editor where it is a terminal.
func (a *app) lines() lineSource {
	if !term.IsTerminal(int(a.in.Fd())) {
		return &pipedLines{bufio.NewReader(a.in)}
	}
	t := &typed{in: a.in, out: a.err, prompt: a.paint(bold, "› "), more: a.paint(dim, "… ")}
	t.editor = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{a.in, a.err}, t.prompt)
	return t
}

// pipedLines are the lines of a pipe or a file.
type pipedLines struct{ in *bufio.Reader }

func (p *pipedLines) next() (string, error) {
	return joined(func() (string, bool, error) {
		line, err := p.in.ReadString('\n')
		if err == io.EOF && line != "" {
			err = nil
		}
		return strings.TrimRight(line, "\r\n"), false, err
	})
}

// typed is what a person types. The terminal is in raw mode only while it is
// typed: at other times Ctrl-C is a signal.
type typed struct {
	in, out      *os.File
	editor       *term.Terminal
	prompt, more string // before a turn, before its further lines
}

func (t *typed) next() (string, error) {
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return "", err
	}
	defer term.Restore(int(t.in.Fd()), state)
	if w, h, err := term.GetSize(int(t.out.Fd())); err == nil && w > 0 {
		_ = t.editor.SetSize(w, h)
	}
	t.editor.SetBracketedPasteMode(true)
	defer t.editor.SetBracketedPasteMode(false)
	t.editor.SetPrompt(t.prompt)
	return joined(func() (string, bool, error) {
		line, err := t.editor.ReadLine()
		t.editor.SetPrompt(t.more)
		// The lines of what was pasted belong together.
		pasted := errors.Is(err, term.ErrPasteIndicator)
		if pasted {
			err = nil
		}
		return line, pasted, err
	})
}

// joined puts lines together that belong to one turn. The end of the input ends
// a turn too.
func joined(read func() (line string, more bool, err error)) (string, error) {
	var lines []string
	for {
		line, more, err := read()
		if err != nil {
			if err == io.EOF && len(lines) > 0 {
				return strings.Join(lines, "\n"), nil
			}
			return "", err
		}
		line, goesOn := strings.CutSuffix(line, `\`)
		lines = append(lines, line)
		if !more && !goesOn {
			return strings.Join(lines, "\n"), nil
		}
	}
}
