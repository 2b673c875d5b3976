package reports

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"cogumi/reports/run"
)

// corpus is what an attacker, or an unlucky model, may put into any text of a
// run: ways out of the place where the text stands, times things that would run.
// Each of them would set window.pwned or ask for an address with the name pwned.
func corpus() []string {
	out := []string{"", `"`, `'`, "`", `">`, `'>`, "</script>", "</script >", "</SCRIPT\n>", "</style>", "</title>", "</textarea>", "-->", "]]>", "</svg>",
		"</td></tr></table>", `\">`, `\u003c/script\u003e`, "\u2028", "\x00", "&lt;", "<!--", "<![CDATA[", "{{", "${"}
	run := []string{
		`<script>window.pwned=1</script>`, `<ScRiPt src=//pwned.example/x.js></sCrIpT>`, `<img src=x onerror=window.pwned=1>`, `<svg/onload=window.pwned=1>`,
		`<svg><script>window.pwned=1</script></svg>`, `<math><mi xlink:href="javascript:window.pwned=1">x</mi></math>`, `<iframe srcdoc="<script>parent.pwned=1</script>">`,
		`<body onload=window.pwned=1>`, `<a href="javascript:window.pwned=1" autofocus onfocus=window.pwned=1>x</a>`, `<details open ontoggle=window.pwned=1>`,
	}
	list := []string{
		`javascript:window.pwned=1`, `java	script:window.pwned=1`, ` onmouseover=window.pwned=1 x=`, `" onfocus=window.pwned=1 autofocus tabindex=1 "`, `' style='animation:x' onanimationstart='window.pwned=1'`,
		`data:text/html,<script>window.pwned=1</script>`, `<style>@import '//pwned.example/x.css';</style>`, `<link rel=stylesheet href=//pwned.example/x.css>`, `<meta http-equiv=refresh content="0;url=//pwned.example">`,
		`<base href=//pwned.example/>`, `<form action=//pwned.example><input name=pwned>`, `<object data=//pwned.example>`, `<video src=//pwned.example onerror=window.pwned=1>`,
		`{a|window.pwned=1}`, `{@[0]}`, `{b}: {c}`, `function(){window.pwned=1}`, `__f__function(){window.pwned=1}__f__`, `image://https://pwned.example/x.png`, `path://M0,0`,
		`__proto__`, `constructor`, `hasOwnProperty`, `toString`, `=HYPERLINK("//pwned.example")`, `%3Cscript%3E`, `#q=tag:x&sample=y`, `../../../etc/passwd`, "\ufeff\u202e\u200b", strings.Repeat("A", 5000),
		strings.Repeat("<b>", 300), "\xff\xfe<script>window.pwned=1</script>", `{{.}}{{template "page.html"}}`, "𝕏\U000e0001", `<noscript><p title="</noscript><img src=x onerror=window.pwned=1>">`,
	}
	for _, o := range out {
		for _, r := range run {
			list = append(list, o+r)
		}
	}
	return list
}

// fill puts the next strings of the corpus into every string of v.
func fill(v reflect.Value, next func() string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(next())
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), next)
	case reflect.Interface:
		v.Set(reflect.ValueOf(next()))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), next)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 3 {
			v.SetMapIndex(reflect.ValueOf(next()), reflect.ValueOf(next()))
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			b, _ := json.Marshal(map[string]string{next(): next()})
			v.SetBytes(b)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 4, 4))
		for i := range 4 {
			fill(v.Index(i), next)
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(7)
	case reflect.Float64:
		v.SetFloat(.5)
	case reflect.Bool:
		v.SetBool(true)
	}
}

// hostileRun is a run folder with the corpus in every field of every part.
func hostileRun(t testing.TB, state run.State) string {
	t.Helper()
	list := corpus()
	i := 0
	next := func() string { i++; return list[i%len(list)] }
	var info run.Info
	fill(reflect.ValueOf(&info).Elem(), next)
	info.Version, info.State, info.Started, info.Ended = run.Version, state, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), time.Time{}
	info.Header["PURPOSE"], info.Header["PIPELINE STAGE"] = next(), next()
	w, err := run.Create(t.TempDir(), info)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	path := "samples/x.jsonl"
	for _, kind := range []string{"step", "metric", "progress", "figure", "table", "funnel", "samples", "comparison", "judging", "benchmark", "clusters", "check", "source",
		"note", "artefact", "log", "<script>window.pwned=1</script>"} {
		for n := range 30 {
			var e run.Event
			fill(reflect.ValueOf(&e).Elem(), next)
			keep := run.Event{Kind: kind, Step: e.Step, Time: info.Started}
			switch kind {
			case "step":
				keep.StepInfo = e.StepInfo
			case "metric":
				keep.Metric = e.Metric
				keep.Metric.X = n
			case "progress":
				keep.Progress = e.Progress
			case "figure":
				keep.Figure = e.Figure
			case "table":
				keep.Table = e.Table
			case "funnel":
				keep.Funnel = e.Funnel
			case "samples":
				keep.Samples = e.Samples
				keep.Samples.Path = path
			case "comparison":
				keep.Comparison = e.Comparison
			case "judging":
				keep.Judging = e.Judging
			case "benchmark":
				keep.Benchmark = e.Benchmark
				if n%2 == 0 {
					keep.Benchmark.Group = ""
				}
			case "clusters":
				keep.Clusters = e.Clusters
			case "check":
				keep.Check = e.Check
			case "source":
				keep.Source = e.Source
			case "note":
				keep.Note = e.Note
				if n%2 == 0 {
					keep.Note.Level = "warn"
				}
			case "artefact":
				keep.Artefact = e.Artefact
				keep.Artefact.Path = "artefacts/" + strings.NewReplacer("/", "", "\x00", "", "\\", "", ":", "").Replace(next())
			case "log":
				keep.Log = e.Log
			}
			if n > 0 && kind == "samples" || n > 2 && (kind == "comparison" || kind == "judging" || kind == "clusters") {
				continue // one set is enough: it holds the whole corpus
			}
			if err := w.Event(keep); err != nil {
				t.Fatal(err)
			}
		}
	}
	var b strings.Builder
	for n := range len(list) {
		var s run.Sample
		fill(reflect.ValueOf(&s).Elem(), next)
		s.Prompt = list[n]
		line, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(filepath.Join(w.Dir(), path), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}

var (
	tagRE  = regexp.MustCompile(`<(/?[a-zA-Z!][^\s>/]*)([^>]*)>`)
	attrRE = regexp.MustCompile(`\s([^\s"'=<>/]+)(?:="([^"]*)")?`)
)

// TestHostileText checks the page as text: only the tags and attributes of our
// own templates, every link inside the page.
func TestHostileText(t *testing.T) {
	if n := len(corpus()); n < 200 {
		t.Fatalf("the corpus has %d strings", n)
	}
	allowed := map[string]bool{}
	for _, m := range tagRE.FindAllStringSubmatch(reportOf(t, plainRun(t), Options{}), -1) {
		allowed[strings.ToLower(m[1])] = true
	}
	for _, extra := range []string{"pre", "/pre", "dialog", "p", "/p"} {
		allowed[extra] = true
	}
	pages := map[string]string{"compared": hostileComparison(t)}
	for _, state := range []run.State{run.Done, run.Failed, run.Interrupted, run.Running} {
		pages[string(state)] = reportOf(t, hostileRun(t, state), Options{ShowPaths: true, Pipeline: hostilePipeline()})
	}
	for state, page := range pages {
		_, body, _ := strings.Cut(page, "<body")
		body, _, _ = strings.Cut("<body"+body, `<script type="application/json"`)
		tags := tagRE.FindAllStringSubmatch(body, -1)
		if len(tags) < 400 {
			t.Fatalf("%s: only %d tags: the page is not whole", state, len(tags))
		}
		for _, m := range tags {
			name := strings.ToLower(m[1])
			if !allowed[name] || name == "script" || name == "style" || name == "img" || name == "iframe" {
				t.Fatalf("%s: a foreign tag <%s%s>", state, m[1], m[2])
			}
			for _, a := range attrRE.FindAllStringSubmatch(m[2], -1) {
				key := strings.ToLower(a[1])
				if strings.HasPrefix(key, "on") || key == "style" || key == "src" || key == "srcdoc" {
					t.Fatalf("%s: a foreign attribute %s in <%s%s>", state, key, m[1], m[2])
				}
				if key == "href" && !strings.HasPrefix(a[2], "#") {
					t.Fatalf("%s: a link out of the page: %s", state, a[2])
				}
			}
		}
		if n := strings.Count(page, "<script"); n != 4 {
			t.Errorf("%s: %d times <script", state, n)
		}
		data := regexp.MustCompile(`(?s)id="charts-data">(.*?)</script>`).FindStringSubmatch(page)
		if data == nil || strings.ContainsAny(data[1], "<>&\u2028\u2029") || !json.Valid([]byte(data[1])) {
			t.Errorf("%s: the charts' data are not safe JSON", state)
		}
	}
}

// hostileStrings gives the corpus over and over.
func hostileStrings() func() string {
	list, i := corpus(), 0
	return func() string { i++; return list[i%len(list)] }
}

func hostilePipeline() []Stage {
	var stages []Stage
	next := hostileStrings()
	for range 60 {
		var s Stage
		fill(reflect.ValueOf(&s).Elem(), next)
		stages = append(stages, s)
	}
	return stages
}

// hostileComparison is a page of several runs with the corpus in every text.
func hostileComparison(t testing.TB) string {
	t.Helper()
	var c Compared
	next := hostileStrings()
	fill(reflect.ValueOf(&c).Elem(), next)
	for i := range c.Runs {
		c.Runs[i].Group = i % 2
	}
	for i := range c.Curves {
		for j := range c.Curves[i].Lines {
			c.Curves[i].Lines[j].Group = j % len(c.Groups)
		}
	}
	for range 60 {
		var s run.Sample
		fill(reflect.ValueOf(&s).Elem(), next)
		c.Samples = append(c.Samples, s)
		var q ComparedParam
		fill(reflect.ValueOf(&q).Elem(), next)
		c.Params = append(c.Params, q)
	}
	var page strings.Builder
	if err := BuildCompared(&page, &c, Options{ShowPaths: true}); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func plainRun(t testing.TB) string {
	t.Helper()
	i := 0
	var info run.Info
	next := func() string { i++; return fmt.Sprintf("word%d", i) }
	fill(reflect.ValueOf(&info).Elem(), next)
	info.Version, info.State = run.Version, run.Failed
	w, err := run.Create(t.TempDir(), info)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, kind := range []string{"step", "metric", "figure", "table", "funnel", "comparison", "judging", "benchmark", "clusters", "check", "source", "note", "log"} {
		e := run.Event{}
		fill(reflect.ValueOf(&e).Elem(), next)
		e.Kind, e.Samples, e.Artefact = kind, nil, nil
		if e.Note != nil {
			e.Note.Level = "warn"
		}
		if err := w.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	set := run.SampleSet{Name: "s", Title: "s", Path: "samples/s.jsonl"}
	if err := os.WriteFile(filepath.Join(w.Dir(), set.Path), []byte(`{"id":"1","prompt":"p"}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := w.Event(run.Event{Kind: "samples", Samples: &set}); err != nil {
		t.Fatal(err)
	}
	return w.Dir()
}
