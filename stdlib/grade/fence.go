package grade

import "strings"

// Unfence is the code in an answer: the first fenced block that is marked as
// Python, else the first fenced block, else the whole answer. Fences are three or
// more backticks or tildes; one that is not closed reaches to the end. A block
// that is indented, in a list, loses its fence's indentation.
func Unfence(text string) string {
	var first *block
	lines := strings.SplitAfter(text, "\n")
	for i := 0; i < len(lines); {
		indent, fence, info, ok := opening(lines[i])
		if !ok {
			i++
			continue
		}
		end := i + 1
		for end < len(lines) && !closes(lines[end], fence) {
			end++
		}
		b := &block{lines[i+1 : end], indent}
		if isPython(info) {
			return b.text()
		}
		if first == nil {
			first = b
		}
		i = end + 1
	}
	if first == nil {
		return text
	}
	return first.text()
}

type block struct {
	lines  []string
	indent int
}

func (b *block) text() string {
	var out strings.Builder
	for _, line := range b.lines {
		blank := len(line) - len(strings.TrimLeft(line, " \t"))
		out.WriteString(line[min(blank, b.indent):])
	}
	return out.String()
}

// opening reads a line that begins a block: its indentation in bytes, the fence
// itself, and what is written behind it.
func opening(line string) (indent int, fence, info string, ok bool) {
	rest := strings.TrimLeft(line, " \t")
	indent = len(line) - len(rest)
	fence = fenceOf(rest)
	info = strings.TrimSpace(rest[len(fence):])
	if fence == "" || fence[0] == '`' && strings.Contains(info, "`") {
		return 0, "", "", false
	}
	return indent, fence, info, true
}

func closes(line, fence string) bool {
	rest := strings.TrimSpace(line)
	f := fenceOf(rest)
	return f == rest && len(f) >= len(fence) && f[0] == fence[0]
}

func fenceOf(s string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(s) - len(strings.TrimLeft(s, c)); n >= 3 {
			return s[:n]
		}
	}
	return ""
}

func isPython(info string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(info, "{. "), " ")
	switch strings.ToLower(strings.TrimRight(word, "}")) {
	case "python", "py", "python3", "py3":
		return true
	}
	return false
}
