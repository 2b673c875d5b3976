package repl

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/mattn/go-runewidth"

	"cogumi/runtime/cells"
)

// style draws; true: with colours.
type style bool

func (s style) paint(code, text string) string {
	if !s || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s style) dim(text string) string  { return s.paint("2", text) }
func (s style) bold(text string) string { return s.paint("1", text) }
func (s style) red(text string) string  { return s.paint("31", text) }

// printable keeps what would steer a terminal from one.
func (p *prompt) printable(text string) string {
	if !p.tty {
		return text
	}
	return printableWith(text, bool(p.style))
}

func printable(text string) string { return printableWith(text, false) }

// printableWith lets our own colours through, where there are some.
func printableWith(text string, colours bool) string {
	var b strings.Builder
	for i, r := range text {
		switch {
		case r == 0x1b && colours && sgr(text[i:]):
			b.WriteRune(r)
		case r < ' ' && r != '\t' && r != '\n' && r != '\r', r >= 0x7f && r < 0xa0:
			b.WriteRune('�')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// sgr says whether text begins with a sequence that only sets colours.
func sgr(text string) bool {
	rest, ok := strings.CutPrefix(text, "\x1b[")
	end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != ';' })
	return ok && end >= 0 && rest[end] == 'm'
}

const shownRows = 20

// value is a value as lines, none wider than the terminal where that can be.
func (s style) value(v cells.Value, width int) string {
	switch v.Kind {
	case "table":
		return s.table(v, width)
	case "series":
		return s.series(v, width)
	case "string":
		if strings.Contains(strings.TrimSuffix(v.Text, "\n"), "\n") {
			return strings.TrimSuffix(v.Text, "\n") + "\n"
		}
		return strconv.Quote(v.Text) + "\n"
	case "error":
		return v.Text + s.typed(v) + "\n"
	}
	return v.Text + s.typed(v) + "\n"
}

// typed is the type behind a value, where its text does not say it.
func (s style) typed(v cells.Value) string {
	if v.Text == v.Type {
		return ""
	}
	switch v.Type {
	case "int", "bool", "float64", "string", "nil", "untyped nil":
		return ""
	}
	return s.dim("  " + v.Type)
}

// table draws columns; what is too wide is cut, what is too long is counted.
func (s style) table(v cells.Value, width int) string {
	t, empty := filled(v.Table)
	rows := t.Rows
	widths := columnWidths(t, rows, width)
	var b strings.Builder
	line := func(cells []string, paint func(string) string) {
		var parts []string
		for i, w := range widths {
			text := runewidth.Truncate(strings.Join(strings.Fields(cells[i]), " "), w, "…")
			if t.Numeric[i] {
				text = runewidth.FillLeft(text, w)
			} else {
				text = runewidth.FillRight(text, w)
			}
			parts = append(parts, text)
		}
		b.WriteString(paint(strings.TrimRight(strings.Join(parts, "  "), " ")) + "\n")
	}
	line(t.Columns, s.bold)
	for _, row := range rows {
		line(row, func(text string) string { return text })
	}
	foot := fmt.Sprintf("%d rows  %s", v.Total, v.Type)
	if v.Total == 1 {
		foot = "1 row  " + v.Type
	}
	if left := len(t.Columns) - len(widths); left > 0 {
		foot += fmt.Sprintf(", %d more columns: %s", left, strings.Join(t.Columns[len(widths):], ", "))
	}
	if len(empty) > 0 {
		foot += ", empty: " + strings.Join(empty, ", ")
	}
	if v.Total > len(rows) {
		foot = fmt.Sprintf("… %d more, %s", v.Total-len(rows), foot)
	}
	b.WriteString(s.dim(runewidth.Truncate(foot, width, "…")) + "\n")
	return b.String()
}

// filled is the rows that are shown, with the columns that hold anything in them,
// and the names of the others.
func filled(t *cells.Table) (*cells.Table, []string) {
	rows := t.Rows[:min(len(t.Rows), shownRows)]
	kept := &cells.Table{Rows: make([][]string, len(rows))}
	var empty []string
	for i, name := range t.Columns {
		holds := false
		for _, row := range rows {
			holds = holds || !slices.Contains([]string{"", "[]", "map[]", "nil"}, row[i])
		}
		if !holds && len(t.Columns) > 2 {
			empty = append(empty, name)
			continue
		}
		kept.Columns, kept.Numeric = append(kept.Columns, name), append(kept.Numeric, t.Numeric[i])
		for j, row := range rows {
			kept.Rows[j] = append(kept.Rows[j], row[i])
		}
	}
	if len(kept.Columns) == 0 {
		return &cells.Table{Columns: t.Columns, Numeric: t.Numeric, Rows: rows}, nil
	}
	return kept, empty
}

// columnWidths are the widths of the columns that fit: the widest are narrowed
// first, none below minColumn; columns beyond that are left out.
func columnWidths(t *cells.Table, rows [][]string, width int) []int {
	const minColumn = 10
	var widths []int
	for i, name := range t.Columns {
		w := runewidth.StringWidth(name)
		for _, row := range rows {
			w = max(w, runewidth.StringWidth(strings.Join(strings.Fields(row[i]), " ")))
		}
		widths = append(widths, max(w, 1))
	}
	for {
		total, widest := -2, 0
		for i, w := range widths {
			total += w + 2
			if w > widths[widest] {
				widest = i
			}
		}
		switch {
		case total <= width || len(widths) == 1 && widths[0] <= minColumn:
			return widths
		case widths[widest] > minColumn:
			widths[widest] = max(minColumn, widths[widest]-(total-width))
		default:
			widths = widths[:len(widths)-1]
		}
	}
}

// series is numbers: themselves while they are few, and their course.
func (s style) series(v cells.Value, width int) string {
	var b strings.Builder
	if v.Total <= 12 {
		b.WriteString(v.Text + s.dim("  "+v.Type) + "\n")
		if v.Total < 6 {
			return b.String()
		}
	}
	low, high, sum, odd := math.Inf(1), math.Inf(-1), 0.0, 0
	for _, x := range v.Series {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			odd++
			continue
		}
		low, high, sum = min(low, x), max(high, x), sum+x
	}
	b.WriteString(sparkline(v.Series, low, high, min(60, width-2)) + "\n")
	foot := fmt.Sprintf("%d numbers, first %.4g, last %.4g, least %.4g, most %.4g", v.Total, v.Series[0], v.Series[len(v.Series)-1], low, high)
	if odd == len(v.Series) {
		foot = fmt.Sprintf("%d numbers, none finite", v.Total)
	} else if odd > 0 {
		foot += fmt.Sprintf(", %d not finite", odd)
	}
	if v.Total > 12 {
		foot += "  " + v.Type
	}
	b.WriteString(s.dim(foot) + "\n")
	return b.String()
}

// sparkline is numbers as bars of eight heights, the mean of each stretch; what is
// not finite is a ×.
func sparkline(list []float64, low, high float64, columns int) string {
	columns = min(columns, len(list))
	var b strings.Builder
	for i := range columns {
		sum, n := 0.0, 0
		bad := false
		for _, x := range list[i*len(list)/columns : (i+1)*len(list)/columns] {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				bad = true
				continue
			}
			sum, n = sum+x, n+1
		}
		switch {
		case bad || n == 0:
			b.WriteRune('×')
		case high == low:
			b.WriteRune('▄')
		default:
			b.WriteRune([]rune("▁▂▃▄▅▆▇█")[int(math.Min(7, (sum/float64(n)-low)/(high-low)*8))])
		}
	}
	return b.String()
}
