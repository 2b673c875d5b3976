package notebook

import (
	"fmt"

	"cogumi/reports/run"
	"cogumi/runtime/cells"
)

// output is one thing that a cell gave.
type output struct {
	Kind   string                  `json:"kind"` // stdout, stderr, value, event, series, progress, note, error
	Name   string                  `json:"name,omitempty"`
	Text   string                  `json:"text,omitempty"`
	Hint   string                  `json:"hint,omitempty"`
	Value  *cells.Value            `json:"value,omitempty"`
	Event  *run.Event              `json:"event,omitempty"`
	Series map[string][][2]float64 `json:"series,omitempty"` // name → x, y
}

// Limits of what is kept of a cell's outputs.
const (
	keptHead    = 64 << 10  // bytes of a stream's beginning
	keptTail    = 192 << 10 // and of its end
	maxPoints   = 4000      // of a series
	maxOutputs  = 500
	leftOutMark = "\n… %d bytes left out …\n"
)

// print adds to the text of a stream. Beginning and end stay where it is long.
func (o *output) print(text string, cut *int) {
	o.Text += text
	if len(o.Text) <= keptHead+2*keptTail {
		return
	}
	head, tail := o.Text[:keptHead], o.Text[len(o.Text)-keptTail:]
	*cut += len(o.Text) - len(head) - len(tail)
	o.Text = head + fmt.Sprintf(leftOutMark, *cut) + tail
}

// point adds to a series. A later point at the same place replaces the former, and
// long series lose every second point.
func (o *output) point(name string, x, y float64) {
	list := o.Series[name]
	if n := len(list); n > 0 && x <= list[n-1][0] {
		for n > 0 && list[n-1][0] >= x {
			n--
		}
		list = list[:n]
	}
	list = append(list, [2]float64{x, y})
	if len(list) > maxPoints {
		for i := range len(list) / 2 {
			list[i] = list[2*i+1]
		}
		list = list[:len(list)/2]
	}
	o.Series[name] = list
}
