package repl

import (
	"math"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"cogumi/runtime/cells"
)

func TestSparkline(t *testing.T) {
	for _, test := range []struct {
		list    []float64
		columns int
		want    string
	}{
		{[]float64{0, 1, 2, 3, 4, 5, 6, 7}, 60, "▁▂▃▄▅▆▇█"},
		{[]float64{7, 0}, 60, "█▁"},
		{[]float64{3, 3, 3}, 60, "▄▄▄"},
		{[]float64{0, math.NaN(), 7}, 60, "▁×█"},
		{[]float64{0, 0, 7, 7}, 2, "▁█"},
	} {
		low, high := math.Inf(1), math.Inf(-1)
		for _, x := range test.list {
			if !math.IsNaN(x) {
				low, high = min(low, x), max(high, x)
			}
		}
		if got := sparkline(test.list, low, high, test.columns); got != test.want {
			t.Errorf("%v in %d columns: %s, want %s", test.list, test.columns, got, test.want)
		}
	}
}

// TestTableWidth: whatever a table holds, no line of it is wider than the terminal.
func TestTableWidth(t *testing.T) {
	long := strings.Repeat("長い text ", 40)
	for columns := 1; columns < 14; columns++ {
		table := &cells.Table{}
		var row []string
		for range columns {
			table.Columns = append(table.Columns, "Column")
			table.Numeric = append(table.Numeric, false)
			row = append(row, long)
		}
		table.Rows = [][]string{row, row}
		for _, width := range []int{40, 80, 120} {
			text := style(false).value(cells.Value{Kind: "table", Table: table, Total: 2, Type: "[]T"}, width)
			for _, line := range strings.Split(text, "\n") {
				if w := runewidth.StringWidth(line); w > width {
					t.Errorf("%d columns on %d: a line of %d: %s", columns, width, w, line)
				}
			}
			if !strings.Contains(text, "2 rows") {
				t.Errorf("%d columns on %d: the rows are not counted: %s", columns, width, text)
			}
		}
	}
}

// TestPrintable: what a value holds steers no terminal; colours of our own pass.
func TestPrintable(t *testing.T) {
	for _, test := range []struct {
		text    string
		colours bool
		want    string
	}{
		{"a\x1b[2Jb", true, "a�[2Jb"},
		{"\x1b[31ma\x1b[0m", true, "\x1b[31ma\x1b[0m"},
		{"\x1b[31ma\x1b[0m", false, "�[31ma�[0m"},
		{"\x1b]0;title\x07", true, "�]0;title�"},
		{"ü\tx\n", false, "ü\tx\n"},
	} {
		if got := printableWith(test.text, test.colours); got != test.want {
			t.Errorf("%q: %q, want %q", test.text, got, test.want)
		}
	}
}
