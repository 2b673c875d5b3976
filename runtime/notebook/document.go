// Package notebook shows a script as cells: a line that begins with "// %%" begins
// one, at the top level of the file or of main's body. The script stays the only
// copy: what is between two such lines is a cell, byte for byte, and outputs are
// never written into it.
package notebook

import (
	"errors"
	"fmt"
	"go/scanner"
	"go/token"
	"strings"
)

// Kind says what a part of a script is.
type Kind string

const (
	Head  Kind = "head"  // the header and the package clause
	Frame Kind = "frame" // func main() { and its closing bracket
	Decls Kind = "decls" // a cell of imports and declarations outside of main
	Steps Kind = "steps" // a cell of main's body
)

// Part is a stretch of the script's text.
type Part struct {
	Kind  Kind   `json:"kind"`
	Title string `json:"title,omitempty"` // what follows "// %%"
	Text  string `json:"text"`
	Line  int    `json:"line"` // its first line in the file, from 1
}

// Cell says whether the part is one that runs.
func (p *Part) Cell() bool { return p.Kind == Decls || p.Kind == Steps }

// Document is a script taken apart. Its parts one after another are the file.
type Document struct {
	Parts []Part `json:"parts"`
}

// Errors of Replace.
var (
	ErrNoCell = errors.New("there is no such cell")
	ErrOpen   = errors.New("the cell would change what is a cell around it")
)

// Parse takes a script apart. It refuses nothing: a script that does not compile,
// or not yet, is shown and edited as well.
func Parse(src string) *Document {
	d := &Document{}
	at, line := 0, 1
	kind, title := Head, ""
	// A part without text is none.
	flush := func(to int) {
		if to > at {
			d.Parts = append(d.Parts, Part{kind, title, src[at:to], line})
			line += strings.Count(src[at:to], "\n")
			at = to
		}
		title = ""
	}
	for _, c := range cuts(src) {
		flush(c.offset)
		kind, title = c.kind, c.title
	}
	flush(len(src))
	return d
}

// Text is the whole file.
func (d *Document) Text() string {
	var b strings.Builder
	for _, p := range d.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// Replace gives part i, a cell or the head, another text; with marks in it that
// makes more cells. The other parts stay what they are: a text with a bracket too many or too
// few is refused with ErrOpen. d itself does not change.
func (d *Document) Replace(i int, text string) (*Document, error) {
	if i < 0 || i >= len(d.Parts) || d.Parts[i].Kind == Frame {
		return nil, fmt.Errorf("replace part %d of %d: %w", i, len(d.Parts), ErrNoCell)
	}
	if text != "" && !strings.HasSuffix(text, "\n") && i+1 < len(d.Parts) {
		text += "\n"
	}
	var b strings.Builder
	for j, p := range d.Parts {
		if j == i {
			p.Text = text
		}
		b.WriteString(p.Text)
	}
	next := Parse(b.String())
	after := len(d.Parts) - i - 1
	made := len(next.Parts) - i - after
	if made < 0 || !alike(d.Parts[:i], next.Parts[:i]) || !alike(d.Parts[i+1:], next.Parts[i+made:]) {
		return nil, fmt.Errorf("the cell at line %d: %w: look for a bracket, comment or string that does not end", d.Parts[i].Line, ErrOpen)
	}
	for _, p := range next.Parts[i : i+made] {
		if p.Kind != d.Parts[i].Kind {
			return nil, fmt.Errorf("the cell at line %d: %w: it would hold what belongs to %s", d.Parts[i].Line, ErrOpen, p.Kind)
		}
	}
	return next, nil
}

// alike compares parts but for their lines.
func alike(a, b []Part) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Kind != b[i].Kind || a[i].Title != b[i].Title || a[i].Text != b[i].Text {
			return false
		}
	}
	return true
}

// cut is where a part begins.
type cut struct {
	offset int
	kind   Kind
	title  string
}

// cutter goes through the tokens of a script.
type cutter struct {
	src   string
	list  []cut
	depth int
	inner int         // depth of main's body; 0: not inside of main
	seen  bool        // main was there
	named bool        // the package clause is over
	last  [4]lexeme   // the tokens before this one, the last one last
	word  token.Token // of the clause at top level
}

type lexeme struct {
	offset int
	tok    token.Token
	lit    string
}

func cuts(src string) []cut {
	file := token.NewFileSet().AddFile("", -1, len(src))
	var s scanner.Scanner
	s.Init(file, []byte(src), func(token.Position, string) {}, scanner.ScanComments)
	c := cutter{src: src}
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return c.list
		}
		c.next(file.Offset(pos), tok, lit)
	}
}

func (c *cutter) next(at int, tok token.Token, lit string) {
	if tok == token.COMMENT {
		c.comment(at, lit)
		return
	}
	switch tok {
	case token.LPAREN, token.LBRACK, token.LBRACE:
		c.depth++
		if tok == token.LBRACE && c.depth == 1 && !c.seen && c.main() {
			c.enter(c.last[0].offset, at)
		}
	case token.RPAREN, token.RBRACK, token.RBRACE:
		if c.depth == 1 && c.inner == 1 {
			c.list = append(c.list, cut{c.lineStart(at), Frame, ""}, cut{c.lineEnd(at + 1), Decls, ""})
			c.inner = 0
		}
		c.depth = max(0, c.depth-1)
	case token.PACKAGE:
		c.word = tok
	case token.SEMICOLON:
		if c.word == token.PACKAGE && !c.named {
			c.named = true
			c.list = append(c.list, cut{c.lineEnd(at), Decls, ""})
		}
	}
	copy(c.last[:], c.last[1:])
	c.last[len(c.last)-1] = lexeme{at, tok, lit}
}

// main says whether a bracket after these tokens opens main's body.
func (c *cutter) main() bool {
	return c.last[0].tok == token.FUNC && c.last[1].lit == "main" && c.last[2].tok == token.LPAREN && c.last[3].tok == token.RPAREN
}

// enter cuts before main, whose func is at from, and behind its opening bracket.
func (c *cutter) enter(from, at int) {
	c.seen, c.inner = true, 1
	c.list = append(c.list, cut{c.lineStart(from), Frame, ""}, cut{c.lineEnd(at + 1), Steps, ""})
}

// comment cuts before a mark at the level of cells.
func (c *cutter) comment(at int, text string) {
	title, ok := strings.CutPrefix(text, "// %%")
	if !ok || !c.named || c.depth != c.inner || !c.first(at) {
		return
	}
	kind := Decls
	if c.inner == 1 {
		kind = Steps
	}
	c.list = append(c.list, cut{c.lineStart(at), kind, strings.TrimSpace(title)})
}

// first says whether nothing stands before at on its line.
func (c *cutter) first(at int) bool {
	return strings.TrimSpace(c.src[strings.LastIndexByte(c.src[:at], '\n')+1:at]) == ""
}

// lineStart is the start of the line of at, or at itself where something stands
// before it on its line.
func (c *cutter) lineStart(at int) int {
	if !c.first(at) {
		return at
	}
	return strings.LastIndexByte(c.src[:at], '\n') + 1
}

// lineEnd is the start of the line after at, or at itself where something stands
// behind it on its line.
func (c *cutter) lineEnd(at int) int {
	at = min(at, len(c.src))
	n := strings.IndexByte(c.src[at:], '\n')
	if n < 0 || strings.TrimSpace(c.src[at:at+n]) != "" {
		return at
	}
	return at + n + 1
}
