package notebook

import (
	"fmt"
	"slices"
	"strings"
)

// build is the document that parts make, when it has the parts alike to them: a
// text with a bracket too many or too few would make others.
func build(parts []Part) (*Document, error) {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	next := Parse(b.String())
	if !alike(parts, next.Parts) {
		return nil, fmt.Errorf("%w: look for a bracket, comment or string that does not end", ErrOpen)
	}
	return next, nil
}

// Insert adds a cell behind part i: of main's body behind a cell of it or behind
// its opening bracket, of declarations anywhere else. Behind the head it comes
// after the imports. at is the new part's number.
func (d *Document) Insert(i int) (next *Document, at int, err error) {
	if i < 0 || i >= len(d.Parts) {
		return nil, 0, fmt.Errorf("insert behind part %d of %d: %w", i, len(d.Parts), ErrNoCell)
	}
	follows := func() bool { return i+1 < len(d.Parts) && d.Parts[i+1].Cell() && !marked(d.Parts[i+1].Text) }
	if follows() && (d.Parts[i].Kind == Head || strings.TrimSpace(d.Parts[i+1].Text) == "") {
		i++
	}
	p := Part{Kind: Decls, Text: "// %%\n\n"}
	if d.inner(i) {
		p.Kind, p.Text = Steps, "\t// %%\n\t\n"
	}
	parts := slices.Clone(d.Parts)
	if t := parts[i].Text; !strings.HasSuffix(t, "\n") {
		parts[i].Text = t + "\n"
	}
	if follows() { // it would become a part of the new one
		parts[i+1].mark()
	}
	next, err = build(slices.Insert(parts, i+1, p))
	return next, i + 1, err
}

// inner says whether what follows part i belongs to main's body.
func (d *Document) inner(i int) bool {
	if d.Parts[i].Kind == Frame {
		return i+1 == len(d.Parts) || d.Parts[i+1].Kind == Steps || d.Parts[i+1].Kind == Frame
	}
	return d.Parts[i].Kind == Steps
}

// Remove takes cell i out.
func (d *Document) Remove(i int) (*Document, error) {
	if i < 0 || i >= len(d.Parts) || !d.Parts[i].Cell() {
		return nil, fmt.Errorf("remove part %d of %d: %w", i, len(d.Parts), ErrNoCell)
	}
	return build(slices.Delete(slices.Clone(d.Parts), i, i+1))
}

// Move exchanges cell i with the one before (by < 0) or behind it. A first cell
// without a mark gets one, or it would be a part of the other.
func (d *Document) Move(i, by int) (next *Document, at int, err error) {
	at = i + 1
	if by < 0 {
		at = i - 1
	}
	if i < 0 || i >= len(d.Parts) || at < 0 || at >= len(d.Parts) || !d.Parts[i].Cell() || d.Parts[at].Kind != d.Parts[i].Kind {
		return nil, 0, fmt.Errorf("move part %d of %d: %w there", i, len(d.Parts), ErrNoCell)
	}
	parts := slices.Clone(d.Parts)
	low := min(i, at)
	if !marked(parts[low].Text) {
		parts[low].mark()
	}
	if t := parts[low+1].Text; !strings.HasSuffix(t, "\n") {
		parts[low+1].Text = t + "\n"
	}
	parts[low], parts[low+1] = parts[low+1], parts[low]
	next, err = build(parts)
	return next, at, err
}

// mark gives a first cell, which needs none, its mark.
func (p *Part) mark() {
	mark := "// %%\n"
	if p.Kind == Steps {
		mark = "\t" + mark
	}
	p.Text = mark + strings.TrimLeft(p.Text, "\n")
}

func marked(text string) bool { return strings.HasPrefix(strings.TrimLeft(text, " \t"), "// %%") }
