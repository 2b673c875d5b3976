package stage

import (
	"regexp"
	"strconv"
	"strings"

	"cogumi/stdlib/experiment"
)

// Port is one INPUT or OUTPUT: a path, given by a flag or fixed, and what lies
// there. Paths are relative to the folder where the run is started. An output
// that starts with "runs/<id>/", or that is a bare name, lies in the run's own
// folder.
type Port struct {
	Flag    string   // without dashes; "" where the path is fixed
	Meta    string   // F, DIR, NAME …
	Default string   // the flag's default as written: a path, or words
	Path    string   // that default where it is a path, or the fixed path; may be ""
	Kind    Kind     //
	Note    string   // what is said after the kind
	From    []string // scripts that make it, without ".go"
	Builtin bool     // comes with cogumi
	Own     bool     // a person's own file
	Maybe   bool     // attribute "optional": the script runs without it
	MinRows int      // 0: not said
	Output  bool

	Line, Column int
}

// InRun: the path lies in the run's own folder, where no other script writes.
func (p Port) InRun() bool {
	bare := p.Output && p.Flag == "" && !strings.ContainsAny(p.Path, `/\`)
	return bare || strings.HasPrefix(p.Path, "runs/<id>/")
}

// String is the port as a person reads it: "--pool F (default tinyworld/pool)".
func (p Port) String() string {
	if p.Flag == "" {
		return p.Path
	}
	s := "--" + p.Flag
	if p.Meta != "" {
		s += " " + p.Meta
	}
	if p.Default != "" {
		s += " (default " + p.Default + ")"
	}
	return s
}

// FlagDoc is one entry of FLAGS.
type FlagDoc struct {
	Flag, Meta, Default string
	Text                string
	Line, Column        int
}

var (
	flagPattern  = regexp.MustCompile(`^--([A-Za-z][A-Za-z0-9_-]*)(?:[ =]+([A-Z][A-Z0-9_]*|[A-Z]+(?:\|[A-Z]+)*)\b)?\s*`)
	defaultStart = regexp.MustCompile(`^\(default[ :]\s*`)
	rowsPattern  = regexp.MustCompile(`^rows *(?:>=|≥) *([0-9][0-9,]*)$`)
)

// subject splits "--pool F (default x) rest".
func subject(text string) (flag, meta, def, rest string) {
	m := flagPattern.FindStringSubmatch(text)
	if m == nil {
		return "", "", "", text
	}
	rest = text[len(m[0]):]
	if start := defaultStart.FindString(rest); start != "" {
		if end := strings.IndexByte(rest, ')'); end >= len(start) {
			def = strings.TrimSpace(rest[len(start):end])
			rest = strings.TrimSpace(rest[end+1:])
		}
	}
	return m[1], m[2], def, rest
}

// entries joins a list's lines: for FLAGS what does not start with a dash goes
// on with the entry above, for ports what stands beside a "|" at the break.
func (f field) entries() []textLine {
	var list []textLine
	for _, l := range f.lines {
		if l.text == "" {
			continue
		}
		if n := len(list); n > 0 {
			above := list[n-1].text
			joined := strings.HasPrefix(l.text, "|") || strings.HasSuffix(above, "|")
			if f.key == "FLAGS" {
				joined = !strings.HasPrefix(l.text, "-")
			}
			if joined {
				list[n-1].text = above + " " + l.text
				continue
			}
		}
		list = append(list, l)
	}
	return list
}

func readPorts(at place, f field, list []Port) ([]Port, []Problem) {
	var problems []Problem
	for _, e := range f.entries() {
		if w := strings.ToLower(strings.TrimRight(e.text, ".")); w == "none" || w == "nothing" {
			continue
		}
		port, more := readPort(at, f.key, e)
		problems = append(problems, more...)
		if len(more) == 0 {
			list = append(list, port)
		}
	}
	return list, problems
}

func readPort(at place, key string, e textLine) (Port, []Problem) {
	bad := func(hint, format string, args ...any) (Port, []Problem) {
		return Port{}, []Problem{at.problem(e.line, e.column, hint, format, args...)}
	}
	parts := strings.Split(e.text, "|")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	p := Port{Line: e.line, Column: e.column, Output: key == "OUTPUT"}
	var rest string
	p.Flag, p.Meta, p.Default, rest = subject(parts[0])
	switch {
	case p.Flag == "":
		p.Path, rest = parts[0], ""
	case !strings.ContainsRune(p.Default, ' '):
		p.Path = p.Default
	}
	switch {
	case rest != "":
		return bad("write --"+p.Flag+" F (default X) | kind", "%s: what is %q after --%s?", key, rest, p.Flag)
	case p.Flag == "" && strings.HasPrefix(p.Path, "-"):
		return bad("a flag is written --name F (default X)", "%s: %q is not a flag", key, p.Path)
	case p.Flag == "" && p.Path == "":
		return bad("write: "+key+": "+examples[key], "%s: an entry without a path", key)
	case len(parts) < 2 || parts[1] == "":
		return bad("add what it is, for example: "+parts[0]+" | "+string(Rows), "%s: %q does not say what lies there", key, parts[0])
	}
	if p.Kind, p.Note = readKind(parts[1]); p.Kind == "" {
		return bad(kindHint(parts[1]), "%s: unknown kind %q", key, parts[1])
	}
	for _, attribute := range parts[2:] {
		if hint, message := p.set(key, attribute); message != "" {
			return bad(hint, "%s: %s", key, message)
		}
	}
	if isBuiltin(p.Path) {
		p.Builtin = true
	}
	return p, nil
}

var attributes = []string{"from=script.go", "rows>=N", "builtin", "own", "optional"}

// set reads one attribute; message is "" when it is understood.
func (p *Port) set(key, attribute string) (hint, message string) {
	if m := rowsPattern.FindStringSubmatch(attribute); m != nil {
		n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		if err != nil {
			return "write a count of rows that fits", "too many rows: " + attribute
		}
		p.MinRows = n
		return "", ""
	}
	if from, ok := strings.CutPrefix(attribute, "from="); ok && key == "INPUT" {
		for _, name := range strings.Split(from, ",") {
			name = strings.TrimSuffix(strings.TrimSpace(name), ".go")
			if name == "" {
				return "write from=script.go", "from= names no script"
			}
			p.From = append(p.From, name)
		}
		return "", ""
	}
	if key == "INPUT" {
		switch attribute {
		case "builtin":
			p.Builtin = true
			return "", ""
		case "own":
			p.Own = true
			return "", ""
		case "optional":
			p.Maybe = true
			return "", ""
		}
	}
	allowed := attributes
	if key == "OUTPUT" {
		allowed = attributes[1:2]
	}
	hint = "an entry may have " + strings.Join(allowed, ", ")
	if near := experiment.Nearest(attribute, allowed); near != "" && key == "INPUT" {
		hint = "did you mean " + near + "?"
	}
	return hint, "unknown attribute " + strconv.Quote(attribute)
}

func readFlagDocs(at place, f field, list []FlagDoc) ([]FlagDoc, []Problem) {
	var problems []Problem
	for _, e := range f.entries() {
		if strings.EqualFold(strings.TrimRight(e.text, "."), "none") {
			continue
		}
		docs := flagDocs(e)
		if docs == nil {
			problems = append(problems, at.problem(e.line, e.column,
				"write FLAGS: --seed N (default 1) what it decides", "FLAGS: %q does not start with a flag", e.text))
		}
		list = append(list, docs...)
	}
	return list, problems
}

// flagDocs reads one entry: "--seed N (default 1) what it decides", or several
// flags with one text: "--lr, --epochs of the training".
func flagDocs(e textLine) []FlagDoc {
	var docs []FlagDoc
	text := e.text
	for {
		d := FlagDoc{Line: e.line, Column: e.column + len(e.text) - len(text)}
		d.Flag, d.Meta, d.Default, text = subject(text)
		if d.Flag == "" {
			break
		}
		docs = append(docs, d)
		rest, more := strings.CutPrefix(text, ",")
		if !more {
			break
		}
		text = strings.TrimSpace(rest)
	}
	text = strings.TrimSpace(strings.TrimLeft(text, "|:—–- "))
	for i := range docs {
		docs[i].Text = text
	}
	return docs
}
