package stage

import (
	"fmt"
	"sort"
	"strings"
)

// Problem is something wrong in a script's header, with the place, the line
// itself and what to do. Line and Column count from 1, Column in bytes.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Source  string `json:"source,omitempty"`
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
}

func (p Problem) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// place points at a position of a source text.
type place struct {
	file string
	src  []string // lines
}

func newPlace(file string, src []byte) place {
	return place{file: file, src: strings.Split(string(src), "\n")}
}

func (p place) problem(line, column int, hint, format string, args ...any) Problem {
	source := ""
	if line >= 1 && line <= len(p.src) {
		source = strings.TrimRight(p.src[line-1], "\r")
	}
	return Problem{
		File: p.file, Line: line, Column: column, Source: source,
		Message: fmt.Sprintf(format, args...), Hint: hint,
	}
}

// SortProblems puts problems in the order of the text.
func SortProblems(list []Problem) {
	sort.SliceStable(list, func(i, j int) bool {
		a, b := list[i], list[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Column < b.Column
	})
}
