package notebook

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"

	"cogumi/runtime/cells"
	"cogumi/runtime/script"
)

// piece is what the session gets at once: a cell, or several of declarations. The
// session knows it by a name that says which cells it is of, "cell 3" or
// "cells 3:12,5:4" with the lines of each: a function keeps it for its life.
type piece struct {
	name, src string
	cells     []*cell
	texts     []string // of the cells, as they run
}

func pieceOf(list []*cell) *piece {
	p := &piece{cells: list}
	for _, c := range list {
		p.texts = append(p.texts, c.text())
	}
	if len(list) == 1 {
		p.name, p.src = pieceName(list[0].ID), shown(p.texts[0])
		return p
	}
	var names []string
	for i, text := range p.texts {
		if !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		p.src += shown(text)
		names = append(names, fmt.Sprintf("%d:%d", list[i].ID, strings.Count(text, "\n")))
	}
	p.name = "cells " + strings.Join(names, ",")
	return p
}

func pieceName(id int) string { return fmt.Sprintf("cell %d", id) }

func cellOf(name string) (id int, ok bool) {
	n, ok := strings.CutPrefix(name, "cell ")
	id, err := strconv.Atoi(n)
	return id, ok && err == nil
}

// resolved is a problem of several cells' piece as one of the cell that it is in.
func resolved(d script.Diagnostic) script.Diagnostic {
	list, ok := strings.CutPrefix(d.File, "cells ")
	if !ok {
		return d
	}
	line := d.Line
	for one := range strings.SplitSeq(list, ",") {
		var id, lines int
		if _, err := fmt.Sscanf(one, "%d:%d", &id, &lines); err != nil {
			return d
		}
		d.File, d.Line = pieceName(id), line
		if line <= lines {
			return d
		}
		line -= lines
	}
	return d
}

// share is the part of an outcome that is cell i's.
func (p *piece) share(i int, out cells.Outcome) cells.Outcome {
	if len(p.cells) == 1 {
		return out
	}
	all := slices.Concat(out.Defines, out.Uses)
	declared, named := namesOf(p.texts[i])
	mine := out
	mine.Diagnostics, mine.Defines, mine.Uses, mine.Notes, mine.Seconds = nil, nil, nil, nil, 0
	for _, d := range out.Diagnostics {
		if d.File == pieceName(p.cells[i].ID) || i == 0 && !strings.HasPrefix(d.File, "cell ") {
			mine.Diagnostics = append(mine.Diagnostics, d)
		}
	}
	for _, name := range all {
		if declared[name] {
			mine.Defines = append(mine.Defines, name)
		} else if named[name] {
			mine.Uses = append(mine.Uses, name)
		}
	}
	if i == 0 {
		mine.Notes, mine.Seconds = out.Notes, out.Seconds
	}
	return mine
}

// namesOf is the names that declarations declare, and all that they hold.
func namesOf(text string) (declared, named map[string]bool) {
	declared, named = map[string]bool{}, map[string]bool{}
	f, _ := parser.ParseFile(token.NewFileSet(), "", "package p\n"+text, parser.SkipObjectResolution)
	if f == nil {
		return declared, named
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			named[id.Name] = true
		}
		return true
	})
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				declared[d.Name.Name] = true
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					declared[s.Name.Name] = true
				case *ast.ValueSpec:
					for _, name := range s.Names {
						declared[name.Name] = true
					}
				}
			}
		}
	}
	return declared, named
}
