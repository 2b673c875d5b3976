package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"cogumi/reports/run"
)

// bandChart draws a curve of each group, with its interval as a band where
// several runs are behind it.
func bandChart(c *Compared, curve *Curve, index int) *chart {
	what := curve.Series[strings.LastIndex(curve.Series, "/")+1:]
	title, unit := seriesTitle(what)
	if i := strings.LastIndex(curve.Series, "/"); i > 0 {
		title += ", " + curve.Series[:i]
	}
	line := charts.NewLine()
	axis := opts.YAxis{Type: "value", Scale: opts.Bool(true), AxisLabel: &opts.AxisLabel{}}
	low, high, beyond := bandAxis(curve.Lines[:min(len(curve.Lines), 8)])
	if beyond {
		axis.Min, axis.Max = low, high
	}
	line.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Scale: opts.Bool(true), AxisLabel: &opts.AxisLabel{Show: opts.Bool(true)}}),
		charts.WithYAxisOpts(axis),
		charts.WithAnimation(false),
	)
	id := fmt.Sprintf("curve-%d", index+1)
	v := &chart{ID: id, Kind: "bands", Unit: unit, Title: clipTo(title, 100), Wide: index == 0, Note: clip(curve.Note)}
	t := &table{ID: id + "-table", Caption: title + " by optimiser step", Columns: []column{{"Step", true}}}
	rows := map[int][]cell{}
	banded := false
	for n, l := range curve.Lines {
		if n == 8 {
			v.Note = fmt.Sprintf("8 of %d are shown. ", len(curve.Lines)) + v.Note
			break
		}
		role, label := fmt.Sprintf("s%d", l.Group%8), groupLabel(c, l.Group)
		if l.Runs > 1 {
			banded = true
			label += fmt.Sprintf(", mean of %d", l.Runs)
			addBand(line, role, l.Points)
		}
		addMean(line, label, role, l)
		v.Legend = append(v.Legend, legend{role, label})
		t.Columns = append(t.Columns, column{label, true})
		for i := range min(tableSteps, len(l.Points)) {
			q := l.Points[i*max(len(l.Points)-1, 1)/max(min(tableSteps, len(l.Points))-1, 1)]
			for len(rows[q.X]) < n {
				rows[q.X] = append(rows[q.X], cell{})
			}
			rows[q.X] = append(rows[q.X], bandCell(q, unit))
		}
	}
	if beyond {
		v.Note = strings.TrimSpace("The interval of so few runs goes beyond the axis; the table has it whole. " + v.Note)
	}
	if banded {
		v.Legend = append(v.Legend, legend{"band", "95% interval of the mean over runs"})
	}
	for _, x := range sortedKeys(rows) {
		for len(rows[x]) < len(t.Columns)-1 {
			rows[x] = append(rows[x], cell{})
		}
		t.Rows = append(t.Rows, append([]cell{{count(x), fmt.Sprint(x)}}, rows[x][:len(t.Columns)-1]...))
	}
	v.Option, v.Table = jsonOf(line), t
	v.Desc = title + " over optimiser steps, a line for each group of runs; the table holds the figures."
	return v
}

// bandAxis is where the axis ends when a band would make the curves flat: the
// interval of two runs is six times as wide as that of five. beyond: it would.
func bandAxis(lines []CurveLine) (low, high float64, beyond bool) {
	low, high = math.Inf(1), math.Inf(-1)
	bandLow, bandHigh := low, high
	for _, l := range lines {
		for _, q := range l.Points {
			low, high = min(low, q.Mean), max(high, q.Mean)
			bandLow, bandHigh = min(bandLow, q.Mean, q.Low), max(bandHigh, q.Mean, q.High)
		}
	}
	span := high - low
	if !(span > 0) || bandHigh-bandLow <= 3*span {
		return low, high, false
	}
	step := math.Pow(10, math.Floor(math.Log10(span))) // round figures at the ends
	if span < 3*step {
		step /= 2
	}
	low, high = max(bandLow, low-span/2), min(bandHigh, high+span/2)
	return math.Floor(low/step) * step, math.Ceil(high/step) * step, true
}

func bandCell(q BandPoint, unit string) cell {
	text := quantity(q.Mean, unit)
	if q.Low != q.High {
		text += " (" + between(q.Low, q.High, unit) + ")"
	}
	return cell{text, raw(q.Mean)}
}

// addBand is a custom series that the page draws as one area.
func addBand(line *charts.Line, role string, pts []BandPoint) {
	data := make([]opts.CustomData, len(pts))
	for i, q := range pts {
		data[i] = opts.CustomData{Value: []any{q.X, short(q.Low), short(q.High)}}
	}
	band := charts.NewCustom()
	band.AddSeries("interval", data, charts.WithSeriesId(role+"-band"))
	line.Overlap(band)
}

func addMean(line *charts.Line, label, role string, l CurveLine) {
	data := make([]opts.LineData, len(l.Points))
	for i, q := range l.Points {
		value := []float64{float64(q.X), short(q.Mean)}
		if l.Runs > 1 {
			value = append(value, short(q.Low), short(q.High))
		}
		data[i] = opts.LineData{Value: value}
	}
	line.AddSeries(label, data, charts.WithSeriesId(role), charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}))
}

// Smooth is the curve that pages draw over a noisy series: an exponential moving
// average without the bias of its start. A series that is short or smooth as it
// is stays what it is, with span 0.
func Smooth(pts []run.Point) (soft []run.Point, span int) {
	if len(pts) < rawMin || !noisy(pts) {
		return pts, 0
	}
	return smooth(pts)
}
