package reports

import (
	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"
)

// intervals is a chart of values with their intervals, one row a category, and
// what they are compared with: a line for all rows or marks of each row.
type intervals struct {
	labels    []string
	name      string
	reference float64 // where the line stands, in units of the axis
	rows      [][3]float64
	marks     []mark
}

// mark is a value from elsewhere in one row.
type mark struct {
	row  int
	at   float64
	name string
	same bool // it may be compared with the value
}

func (c *intervals) add(value, low, high float64) {
	if low == 0 && high == 0 {
		low, high = value, value
	}
	c.rows = append(c.rows, [3]float64{value, low, high})
}

func (c *intervals) option() any {
	chart := charts.NewCustom()
	chart.SetGlobalOptions(categoryAxes(c.labels, opts.XAxis{Type: "value"})...)
	var spans []opts.CustomData
	var values []opts.ScatterData
	for i, r := range c.rows {
		spans = append(spans, opts.CustomData{Value: []any{i, short(r[1]), short(r[2])}})
		values = append(values, opts.ScatterData{Value: []any{short(r[0]), i}})
	}
	chart.AddSeries("95% interval", spans, charts.WithSeriesId("interval"))
	points := charts.NewScatter()
	points.AddSeries(c.name, values, charts.WithSeriesId("score"))
	for _, kind := range []struct {
		id   string
		same bool
	}{{"reference", true}, {"elsewhere", false}} {
		var data []opts.ScatterData
		for _, m := range c.marks {
			if m.same == kind.same {
				data = append(data, opts.ScatterData{Name: m.name, Value: []any{short(m.at), m.row}})
			}
		}
		if data != nil {
			points.AddSeries(kind.id, data, charts.WithSeriesId(kind.id))
		}
	}
	chart.Overlap(points)
	return jsonOf(chart)
}
