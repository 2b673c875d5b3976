package stage

import (
	"go/scanner"
	"go/token"
	"regexp"
	"strings"

	"cogumi/stdlib/experiment"
)

// Header is what a script's first comment says.
type Header struct {
	Line         int // of its first line
	Purpose      string
	WhenToUse    string
	WhenNotToUse string
	Stage        string // "1B.3 targeted training"
	Inputs       []Port
	Outputs      []Port
	FlagDocs     []FlagDoc
	Time         Span // seconds
	Cost         Span // dollars

	fields []field
}

// keys are all keys of a header in the order in which documents show them.
var keys = []string{
	"PURPOSE", "WHEN TO USE", "WHEN NOT TO USE", "INPUT", "OUTPUT", "FLAGS",
	"PIPELINE STAGE", "TIME", "COST",
}

var optional = map[string]bool{"WHEN NOT TO USE": true, "FLAGS": true}

// repeatable keys have a list of entries, one a line, as their value.
var repeatable = map[string]bool{"INPUT": true, "OUTPUT": true, "FLAGS": true}

// field is one "KEY: text" with its continuation lines.
type field struct {
	key          string
	line, column int // of the key
	lines        []textLine
}

// textLine is the value's part of one source line.
type textLine struct {
	line, column int
	text         string
}

func (f field) text() string {
	var parts []string
	for _, l := range f.lines {
		if l.text != "" {
			parts = append(parts, l.text)
		}
	}
	return strings.Join(parts, " ")
}

// Map returns the header as it is stored with a run: key to text, entries of a
// list separated by line ends.
func (h *Header) Map() map[string]string {
	if h == nil {
		return nil
	}
	m := make(map[string]string, len(h.fields))
	for _, f := range h.fields {
		text := f.text()
		if repeatable[f.key] {
			var lines []string
			for _, l := range f.entries() {
				lines = append(lines, l.text)
			}
			text = strings.Join(lines, "\n")
		}
		if m[f.key] != "" {
			text = m[f.key] + "\n" + text
		}
		m[f.key] = text
	}
	return m
}

// at returns where a key stands, or the header's first line.
func (h *Header) at(key string) (line, column int) {
	for _, f := range h.fields {
		if f.key == key {
			return f.line, f.column
		}
	}
	return h.Line, 1
}

// keyLine matches "KEY: text"; a key is made of capitals and spaces.
var keyLine = regexp.MustCompile(`^([A-Z][A-Z0-9_-]*(?: +[A-Z0-9_-]+)*) *:(.*)$`)

// comment is one "//" comment before the package clause.
type comment struct {
	line, column int
	text         string // with its slashes
}

// parseHeader finds and parses the header of src; nil where there is none.
func parseHeader(path string, src []byte) (*Header, []Problem) {
	at := newPlace(path, src)
	groups, packageLine := leadingComments(src)
	var block []comment
	for i, g := range groups {
		if !looksLikeHeader(g) {
			continue
		}
		if i > 0 {
			c := g[0]
			return nil, []Problem{at.problem(c.line, c.column,
				"move the header up: only //go:build may stand before it",
				"the header is not the first comment")}
		}
		block = g
		break
	}
	if block == nil {
		return nil, nil
	}
	h := &Header{Line: block[0].line}
	problems := h.readFields(at, block)
	last := block[len(block)-1]
	if packageLine == last.line+1 {
		problems = append(problems, at.problem(packageLine, 1,
			"put an empty line between the header and package: gofmt reflows a comment that is attached to it",
			"no empty line after the header"))
	}
	problems = append(problems, h.readValues(at)...)
	problems = append(problems, h.missing(at)...)
	return h, problems
}

// leadingComments returns the groups of comments before the package clause,
// directives left out, and the line of the clause (0 without one).
func leadingComments(src []byte) (groups [][]comment, packageLine int) {
	fset := token.NewFileSet()
	file := fset.AddFile("", fset.Base(), len(src))
	var s scanner.Scanner
	s.Init(file, src, nil, scanner.ScanComments)
	lastLine := -1
	for {
		pos, tok, text := s.Scan()
		at := file.Position(pos)
		if tok != token.COMMENT {
			if tok == token.PACKAGE {
				packageLine = at.Line
			}
			return groups, packageLine
		}
		if strings.HasPrefix(text, "//go:") || strings.HasPrefix(text, "//line ") || strings.HasPrefix(text, "#!") {
			continue
		}
		if len(groups) == 0 || at.Line != lastLine+1 {
			groups = append(groups, nil)
		}
		g := &groups[len(groups)-1]
		*g = append(*g, comment{at.Line, at.Column, text})
		lastLine = at.Line + strings.Count(text, "\n")
	}
}

// looksLikeHeader: two keys, or one of the two that no other comment has, also
// misspelt, so that a header with an error is not silently plain Go.
func looksLikeHeader(g []comment) bool {
	found := 0
	for _, c := range g {
		m := keyLine.FindStringSubmatch(trimSlashes(c.text))
		if m == nil {
			continue
		}
		if near := experiment.Nearest(m[1], keys); near == "PURPOSE" || near == "PIPELINE STAGE" {
			return true
		}
		if isKey(m[1]) {
			found++
		}
	}
	return found >= 2
}

// trimSlashes takes the slashes and one space off a comment.
func trimSlashes(text string) string {
	text = strings.TrimPrefix(text, "//")
	return strings.TrimRight(strings.TrimPrefix(text, " "), " \t\r")
}

func (h *Header) readFields(at place, block []comment) (problems []Problem) {
	seen := map[string]int{}
	for _, c := range block {
		if strings.HasPrefix(c.text, "/*") {
			problems = append(problems, at.problem(c.line, c.column, "write each line with //", "a header has no /* comments"))
			continue
		}
		body := trimSlashes(c.text)
		column := c.column + 2
		if strings.HasPrefix(c.text, "// ") {
			column++
		}
		if body == "" {
			continue
		}
		if body[0] == ' ' || body[0] == '\t' {
			if len(h.fields) == 0 {
				problems = append(problems, at.problem(c.line, column, "start with // PURPOSE: …", "the header starts with an indented line"))
				continue
			}
			f := &h.fields[len(h.fields)-1]
			f.lines = append(f.lines, trimmed(c.line, column, body))
			continue
		}
		m := keyLine.FindStringSubmatch(body)
		if m == nil {
			problems = append(problems, at.problem(c.line, column,
				"indent a line that continues the one above by two spaces or more",
				"a header line is KEY: text or an indented continuation"))
			continue
		}
		key := strings.Join(strings.Fields(m[1]), " ")
		f := field{key: key, line: c.line, column: column}
		f.lines = append(f.lines, trimmed(c.line, column+len(body)-len(m[2]), m[2]))
		if !isKey(key) {
			problems = append(problems, unknownKey(at, f))
		} else if first := seen[key]; first != 0 && !repeatable[key] {
			problems = append(problems, at.problem(c.line, column, "join the two: a long text continues on indented lines",
				"%s stands twice, first in line %d", key, first))
		} else {
			seen[key] = c.line
		}
		h.fields = append(h.fields, f)
	}
	return problems
}

func trimmed(line, column int, text string) textLine {
	rest := strings.TrimLeft(text, " \t")
	return textLine{line, column + len(text) - len(rest), strings.TrimRight(rest, " \t")}
}

func isKey(s string) bool {
	for _, k := range keys {
		if k == s {
			return true
		}
	}
	return false
}

func unknownKey(at place, f field) Problem {
	hint := "the keys are " + strings.Join(keys, ", ")
	if near := experiment.Nearest(f.key, keys); near != "" {
		hint = "did you mean " + near + "?"
	}
	return at.problem(f.line, f.column, hint, "unknown key %s", f.key)
}

func (h *Header) missing(at place) (problems []Problem) {
	for _, key := range keys {
		if optional[key] || h.has(key) {
			continue
		}
		problems = append(problems, at.problem(h.Line, 1, "add a line: // "+key+": "+examples[key], "the header has no %s", key))
	}
	return problems
}

// has reports whether a key stands in the header, also misspelt: a key that was
// reported as unknown is not reported as missing too.
func (h *Header) has(key string) bool {
	for _, f := range h.fields {
		if f.key == key || !isKey(f.key) && experiment.Nearest(f.key, keys) == key {
			return true
		}
	}
	return false
}

var examples = map[string]string{
	"PURPOSE":        "what a person gets from it, in one sentence",
	"WHEN TO USE":    "the situation that asks for it",
	"INPUT":          "--pool F (default tinyworld/pool) | problems      (or: none)",
	"OUTPUT":         "--out DIR (default data/x) | training rows      (or: none)",
	"PIPELINE STAGE": "1B.3 targeted training",
	"TIME":           "15-20 min on an A100      (or: unknown)",
	"COST":           "$0.50-1      (or: unknown)",
}

func (h *Header) readValues(at place) (problems []Problem) {
	for _, f := range h.fields {
		if !isKey(f.key) {
			continue
		}
		text := f.text()
		if text == "" {
			problems = append(problems, at.problem(f.line, f.column, "write: "+f.key+": "+examples[f.key], "%s is empty", f.key))
			continue
		}
		var more []Problem
		switch f.key {
		case "PURPOSE":
			h.Purpose = text
		case "WHEN TO USE":
			h.WhenToUse = text
		case "WHEN NOT TO USE":
			h.WhenNotToUse = text
		case "PIPELINE STAGE":
			h.Stage = text
		case "TIME":
			h.Time, more = readSpan(at, f, ParseTime)
		case "COST":
			h.Cost, more = readSpan(at, f, ParseCost)
		case "INPUT":
			h.Inputs, more = readPorts(at, f, h.Inputs)
		case "OUTPUT":
			h.Outputs, more = readPorts(at, f, h.Outputs)
		case "FLAGS":
			h.FlagDocs, more = readFlagDocs(at, f, h.FlagDocs)
		}
		problems = append(problems, more...)
	}
	return problems
}
