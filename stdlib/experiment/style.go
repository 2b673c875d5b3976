package experiment

import (
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"cogumi/reports/run"
)

// style says whether colours are used.
type style bool

func (s style) paint(code, text string) string {
	if !s || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) bold(t string) string   { return s.paint("1", t) }
func (s style) dim(t string) string    { return s.paint("2", t) }
func (s style) red(t string) string    { return s.paint("31", t) }
func (s style) green(t string) string  { return s.paint("32", t) }
func (s style) yellow(t string) string { return s.paint("33", t) }
func (s style) accent(t string) string { return s.paint("36", t) }

// ShowFailure writes why a run ended early to standard error: message, position,
// the line itself, what to do.
func ShowFailure(f *run.Failure) { newConsole(os.Stderr).failure(f) }

func (c *console) failure(f *run.Failure) {
	c.mu.Lock()
	defer c.mu.Unlock()
	width := 100
	if c.tty {
		width = c.width() - 1
	}
	io.WriteString(c.out, failureText(f, width, c.style))
}

func failureText(f *run.Failure, width int, st style) string {
	var b strings.Builder
	b.WriteString("\n" + st.red("error") + "  " + strings.Join(wrap(f.Message, width-7), "\n       ") + "\n")
	if f.File != "" {
		place := f.File
		if f.Line > 0 {
			place += ":" + strconv.Itoa(f.Line)
		}
		if f.Column > 0 {
			place += ":" + strconv.Itoa(f.Column)
		}
		b.WriteString("\n  " + st.dim("at") + " " + place + "\n")
	}
	if src := strings.ReplaceAll(f.Source, "\t", "    "); strings.TrimSpace(src) != "" {
		number := strconv.Itoa(f.Line)
		trimmed := strings.TrimLeft(src, " ")
		b.WriteString("  " + st.dim(number+" │") + " " + clip(trimmed, width-len(number)-5) + "\n")
	}
	if f.Hint != "" {
		b.WriteString("\n" + st.accent("hint") + "   " + strings.Join(wrap(f.Hint, width-7), "\n       ") + "\n")
	}
	b.WriteString("\n")
	return b.String()
}

// wrap breaks text into lines of at most width columns, at spaces. Line breaks
// of the text stay.
func wrap(text string, width int) []string {
	var lines []string
	for para := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		lines = append(lines, wrapLine(para, max(width, 20))...)
	}
	return lines
}

func wrapLine(text string, width int) []string {
	if utf8.RuneCountInString(text) <= width {
		return []string{text}
	}
	var lines []string
	line, n := "", 0
	for word := range strings.FieldsSeq(text) {
		w := utf8.RuneCountInString(word)
		if n > 0 && n+1+w > width {
			lines = append(lines, line)
			line, n = "", 0
		}
		if n > 0 {
			line, n = line+" ", n+1
		}
		line, n = line+word, n+w
	}
	return append(lines, line)
}

// clip cuts text to n columns.
func clip(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	return string([]rune(text)[:max(n-1, 0)]) + "…"
}
