package stage

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// Page is the reference of stages as Markdown: a table of what to use when, then
// a section for each script. It depends on the scripts alone.
func Page(set *Set) []byte {
	var b bytes.Buffer
	b.WriteString("<!-- Written by `cogumi docs` from the headers of the scripts. Edit those. -->\n\n# The pipeline\n\n")
	b.WriteString("| stage | I want to… | script | time | cost |\n|---|---|---|---|---|\n")
	for _, s := range set.Scripts {
		if h := s.Header; h != nil {
			fmt.Fprintf(&b, "| %s | %s | [%s](#%s) | %s | %s |\n", cell(h.Stage), cell(h.Purpose), s.Name, anchor(s.Name), cell(h.Time.Text), cell(h.Cost.Text))
		}
	}
	b.WriteString("\n`cogumi list` shows this table, `cogumi run SCRIPT --help` a script's flags.\n")
	for _, s := range set.Scripts {
		if s.Header != nil {
			set.section(&b, s)
		}
	}
	return b.Bytes()
}

func (set *Set) section(b *bytes.Buffer, s *Script) {
	h := s.Header
	fmt.Fprintf(b, "\n## %s\n\n%s\n\n", s.Name, prose(h.Purpose))
	fmt.Fprintf(b, "- **Stage:** %s\n- **Use it when:** %s\n", prose(h.Stage), set.linked(h.WhenToUse))
	if h.WhenNotToUse != "" {
		fmt.Fprintf(b, "- **Use something else when:** %s\n", set.linked(h.WhenNotToUse))
	}
	fmt.Fprintf(b, "- **Time:** %s\n- **Cost:** %s\n", prose(h.Time.Text), prose(h.Cost.Text))
	fmt.Fprintf(b, "- **Source:** [%s](../%s)\n\n```sh\n%s\n```\n", s.Path, s.Path, strings.Join(set.commands(s), "\n"))
	ports(b, "reads", "from", h.Inputs)
	ports(b, "writes", "where", h.Outputs)
	if len(s.Flags) == 0 {
		return
	}
	b.WriteString("\n| flag | default | what it decides |\n|---|---|---|\n")
	for _, f := range s.Flags {
		def := "computed"
		if f.HasDefault {
			def = code(f.Default)
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code("--"+f.Name), def, cell(s.flagText(f)))
	}
}

// commands are what a person types: those that make the inputs, then the script.
func (set *Set) commands(s *Script) []string {
	var list []string
	for _, need := range set.needs(s) {
		list = append(list, "cogumi run "+need.Name+"    # makes its input")
	}
	return append(list, s.Command())
}

// Command runs the script, with a place for each input that has no default.
func (s *Script) Command() string {
	command := "cogumi run " + s.Name
	if s.Header == nil {
		return command
	}
	for _, p := range s.Header.Inputs {
		if p.Flag != "" && p.Default == "" && !p.Maybe {
			command += " --" + p.Flag + " " + p.Meta
		}
	}
	return strings.TrimSpace(command)
}

func ports(b *bytes.Buffer, title, last string, list []Port) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n| %s | what | %s |\n|---|---|---|\n", title, last)
	for _, p := range list {
		what := string(p.Kind)
		if p.Note != "" {
			what += " (" + p.Note + ")"
		}
		if p.MinRows > 0 {
			what += fmt.Sprintf(", at least %d rows", p.MinRows)
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", code(p.String()), cell(what), p.origin())
	}
}

func (p Port) origin() string {
	var parts []string
	for _, name := range p.From {
		parts = append(parts, fmt.Sprintf("[%s](#%s)", name, anchor(name)))
	}
	if p.Builtin {
		parts = append(parts, "built in")
	}
	if p.Own || !p.Output && p.Flag != "" && p.Default == "" && len(p.From) == 0 {
		parts = append(parts, "your own")
	}
	if p.Output && p.InRun() {
		parts = append(parts, "in the run's folder")
	}
	if p.Maybe {
		parts = append(parts, "optional")
	}
	return strings.Join(parts, ", ")
}

// flagText is what the header says of a flag, or else its usage text.
func (s *Script) flagText(f Flag) string {
	for _, d := range s.Header.FlagDocs {
		if d.Flag == f.Name && d.Text != "" {
			return d.Text
		}
	}
	return f.Usage
}

var word = regexp.MustCompile(`[A-Za-z0-9_]+`)

// linked is prose in which the names of scripts are links.
func (set *Set) linked(text string) string {
	return word.ReplaceAllStringFunc(prose(text), func(name string) string {
		if s := set.Find(name); s != nil && s.Header != nil && strings.ContainsRune(name, '_') {
			return "[" + name + "](#" + anchor(name) + ")"
		}
		return name
	})
}

// anchor is the heading's link as GitHub makes it.
func anchor(name string) string { return strings.ToLower(name) }

// prose keeps a header's words from being read as HTML.
func prose(text string) string {
	return strings.NewReplacer("<", "&lt;", "&", "&amp;").Replace(text)
}

func cell(text string) string { return strings.ReplaceAll(prose(text), "|", `\|`) }

func code(text string) string {
	if text == "" {
		return "none"
	}
	return "`" + strings.ReplaceAll(strings.ReplaceAll(text, "`", "'"), "|", `\|`) + "`"
}
