package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-echarts/go-echarts/v2/charts"
	"github.com/go-echarts/go-echarts/v2/opts"

	"cogumi/reports/run"
)

// clusters is what near-duplicate search found in one set of rows.
type clusters struct {
	ID, Title, Intro string
	Charts           []*chart
	Largest          []cluster
	Cut              string
}

type cluster struct {
	Size, Lowest string
	Kept         clusterRow
	Others       []clusterRow
	More         string
}

type clusterRow struct{ Row, Text, Source, Jaccard string }

// Bounds on what is shown of clusters: the audit beside the report has all.
const (
	maxClusters    = 20
	maxClusterRows = 5
)

func (p *page) newClusters(list []run.Clusters) []clusters {
	var out []clusters
	for i := range list {
		if i == maxTables {
			break
		}
		c := newClusters(fmt.Sprintf("clusters-%d", i+1), &list[i])
		p.charts = append(p.charts, c.Charts...)
		out = append(out, c)
	}
	return out
}

func newClusters(id string, c *run.Clusters) clusters {
	v := clusters{ID: id, Title: clipTo(cmp.Or(c.Title, "Near-duplicates in "+c.Name), 200)}
	v.Intro = fmt.Sprintf("%s of %s kept", count(c.Kept), plural(c.Rows, "row"))
	if gone := c.Rows - c.Kept; gone > 0 && c.Rows > 0 {
		v.Intro += fmt.Sprintf("; %s (%s) repeat others", count(gone), percent(float64(gone)/float64(c.Rows)))
	}
	if c.Threshold > 0 {
		v.Intro += fmt.Sprintf(" with a Jaccard similarity of %s or more", number(c.Threshold))
	}
	v.Intro += "."
	if c.Method != "" {
		v.Intro += " " + sentence(clipTo(c.Method, 400))
	}
	if c.Audit != "" {
		v.Intro += " Every removal is in the artefact " + clipTo(c.Audit, 200) + "."
	}
	if len(c.Sizes) > 0 {
		v.Charts = append(v.Charts, sizesChart(id, c.Sizes))
	}
	if len(c.Recall) > 1 {
		v.Charts = append(v.Charts, recallChart(id, c))
	}
	if len(v.Charts) == 1 {
		v.Charts[0].Wide = true
	}
	for i := range c.Largest {
		if i == maxClusters {
			v.Cut = fmt.Sprintf("%d of %s clusters that the run reported are shown.", maxClusters, count(len(c.Largest)))
			break
		}
		v.Largest = append(v.Largest, newCluster(&c.Largest[i]))
	}
	return v
}

func newCluster(c *run.Cluster) cluster {
	v := cluster{Size: plural(c.Size, "row"), Kept: newClusterRow(&c.Kept)}
	if c.Lowest > 0 {
		v.Lowest = "Jaccard " + strconv.FormatFloat(c.Lowest, 'f', 2, 64) + " or more"
	}
	for i := range c.Others {
		if i < maxClusterRows {
			v.Others = append(v.Others, newClusterRow(&c.Others[i]))
		}
	}
	if more := c.Size - 1 - len(v.Others); more > 0 && len(v.Others) > 0 {
		v.More = "and " + plural(more, "more row")
	}
	return v
}

func newClusterRow(r *run.ClusterRow) clusterRow {
	v := clusterRow{Text: clipTo(r.Text, 600), Source: clipTo(r.Source, 100)}
	if r.Row > 0 {
		v.Row = "row " + count(r.Row)
	}
	if r.Jaccard > 0 {
		v.Jaccard = strconv.FormatFloat(r.Jaccard, 'f', 2, 64)
	}
	return v
}

// sizesChart counts clusters by size; what is rare and large stands in one bar.
func sizesChart(id string, sizes []run.ClusterSize) *chart {
	const bars = 12
	list := slices.Clone(sizes)
	slices.SortFunc(list, func(a, b run.ClusterSize) int { return cmp.Compare(a.Size, b.Size) })
	t := &table{ID: id + "-sizes", Caption: "Clusters by size", Columns: []column{{"Rows in a cluster", true}, {"Clusters", true}, {"Rows in them", true}}}
	for i, s := range list {
		if i < maxRows {
			t.Rows = append(t.Rows, []cell{integer(s.Size), integer(s.Count), integer(s.Size * s.Count)})
		}
	}
	var labels []string
	var data []opts.BarData
	for i, s := range list {
		label, n := count(s.Size)+" rows", s.Count
		if i == bars-1 && len(list) > bars {
			for _, rest := range list[i+1:] {
				n += rest.Count
			}
			label = count(s.Size) + " or more"
		}
		labels = append(labels, label)
		data = append(data, opts.BarData{Value: []any{n, len(labels) - 1}})
		if len(labels) == bars {
			break
		}
	}
	c := charts.NewBar()
	c.SetGlobalOptions(categoryAxes(labels, opts.XAxis{Type: "value"})...)
	c.AddSeries("clusters", data, charts.WithSeriesId("clusters"))
	return &chart{ID: id + "-size", Kind: "counts", Title: "Clusters by size", Tall: len(labels), Labels: labels, Option: jsonOf(c), Unit: "clusters",
		Desc: "How many clusters have how many rows; the table holds the figures.", Table: t}
}

func recallChart(id string, c *run.Clusters) *chart {
	line := charts.NewLine()
	line.SetGlobalOptions(
		charts.WithXAxisOpts(opts.XAxis{Type: "value", Min: 0, Max: 1, AxisLabel: &opts.AxisLabel{Show: opts.Bool(true)}}),
		charts.WithYAxisOpts(opts.YAxis{Type: "value", Min: 0, Max: 100, AxisLabel: &opts.AxisLabel{}}),
		charts.WithAnimation(false),
	)
	t := &table{ID: id + "-recall-table", Caption: "Pairs that the search finds", Columns: []column{{"Jaccard", true}, {"Found", true}}}
	pts := slices.Clone(c.Recall)
	slices.SortFunc(pts, func(a, b run.RecallPoint) int { return cmp.Compare(a.Jaccard, b.Jaccard) })
	data := make([]opts.LineData, 0, len(pts))
	for i, r := range pts {
		if i == 400 {
			break
		}
		data = append(data, opts.LineData{Value: [2]float64{short(r.Jaccard), short(100 * r.Found)}})
		if i < maxRows {
			t.Rows = append(t.Rows, []cell{{number(r.Jaccard), raw(r.Jaccard)}, {percent(r.Found), raw(r.Found)}})
		}
	}
	line.AddSeries("found", data, charts.WithSeriesId("s0"), charts.WithLineChartOpts(opts.LineChart{ShowSymbol: opts.Bool(false)}))
	return &chart{ID: id + "-recall", Kind: "curve", Title: "Pairs that the search finds", Unit: "%", X: "Jaccard", Option: jsonOf(line),
		Desc:   "Share of pairs that become candidates, by their similarity; every candidate is then compared exactly.",
		Legend: []legend{{"s0", "share of pairs found, by Jaccard similarity"}}, Table: t}
}
