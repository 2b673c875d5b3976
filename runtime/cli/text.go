package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"cogumi/runtime/script"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment"
)

func nearest(word string, names []string) string { return experiment.Nearest(word, names) }

func newEncoder(w io.Writer) *json.Encoder {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc
}

const (
	red  = "31"
	bold = "1"
	dim  = "2"
)

// colored: a terminal, and nobody asked for none (no-color.org).
func colored(f *os.File) bool {
	return os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && term.IsTerminal(int(f.Fd()))
}

func (a *app) paint(code, text string) string {
	if !a.color {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// tell writes a line for the person, unless -q.
func (a *app) tell(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}

// width of the terminal at f, or what fits a page where f is none.
func width(f *os.File) int {
	if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 40 {
		return w
	}
	return 100
}

// wrap breaks text at spaces into lines of at most n characters; a longer word
// gets a line of its own.
func wrap(text string, n int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > n {
			lines = append(lines, line)
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// printable replaces what would steer a terminal: headers and run folders may
// come from strangers.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' && r != '\n' || r >= 0x7f && r < 0xa0 {
			return '�'
		}
		return r
	}, text)
}

// printProblem shows the place, the line itself with a caret, and what to do.
func printProblem(w io.Writer, p stage.Problem) {
	d := script.Diagnostic{File: p.File, Line: p.Line, Column: p.Column, Source: p.Source, Message: p.Message, Hint: p.Hint}
	io.WriteString(w, printable(d.String()))
}

// duration is seconds as a person says it: 850 ms, 12 s, 3 min 5 s, 2 h 10 min, 3 d 4 h.
func duration(s float64) string {
	two := func(big, small float64, bigUnit, smallUnit string) string {
		rest := int(s/small+0.5) - int(s/big)*int(big/small)
		whole := int(s / big)
		if rest == int(big/small) {
			whole, rest = whole+1, 0
		}
		if rest == 0 {
			return fmt.Sprintf("%d %s", whole, bigUnit)
		}
		return fmt.Sprintf("%d %s %d %s", whole, bigUnit, rest, smallUnit)
	}
	switch {
	case s < 0.9995:
		return fmt.Sprintf("%.0f ms", s*1000)
	case s < 9.95:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", s), ".0") + " s"
	case s < 59.5:
		return fmt.Sprintf("%.0f s", s)
	case s < 3600-0.5:
		return two(60, 1, "min", "s")
	case s < 86400-30:
		return two(3600, 60, "h", "min")
	}
	return two(86400, 3600, "d", "h")
}

// abbreviate cuts text to n characters.
func abbreviate(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:n-1]) + "…"
}
