package reports

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cogumi/reports/internal/example"
	"cogumi/reports/run"
)

var update = flag.Bool("update", false, "write the golden files anew")

// built is the report of an example run.
func built(t testing.TB, opt example.Options, how Options) string {
	t.Helper()
	dir, err := example.Write(t.TempDir(), opt)
	if err != nil {
		t.Fatal(err)
	}
	return reportOf(t, dir, how)
}

func reportOf(t testing.TB, dir string, how Options) string {
	t.Helper()
	r, err := run.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Build(&b, r, how); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var (
	outlineRE = regexp.MustCompile(`(?s)<(section|nav|main|header|footer|h1|h2|h3|caption|figcaption|summary|dt)\b[^>]*?(?: id="([^"]*)")?[^>]*>([^<]*)|<(tbody)>(.*?)</tbody>|data-chart="([^"]*)"`)
	spaceRE   = regexp.MustCompile(`\s+`)
)

// outline is the page's skeleton: landmarks, headings, tables with their number
// of rows, charts.
func outline(page string) string {
	_, page, _ = strings.Cut(page, "<body")
	var b strings.Builder
	for _, m := range outlineRE.FindAllStringSubmatch(page, -1) {
		text := spaceRE.ReplaceAllString(strings.ReplaceAll(strings.TrimSpace(m[3]), nbsp, " "), " ")
		switch {
		case m[4] != "":
			fmt.Fprintf(&b, "    %d rows\n", strings.Count(m[5], "<tr"))
		case m[6] != "":
			fmt.Fprintf(&b, "    chart %s\n", m[6])
		case m[1] == "section" || m[1] == "main" || m[1] == "nav" || m[1] == "header" || m[1] == "footer":
			fmt.Fprintf(&b, "%s %s\n", m[1], m[2])
		case text != "":
			fmt.Fprintf(&b, "  %s %s\n", m[1], text)
		}
	}
	return b.String()
}

func TestStructure(t *testing.T) {
	for name, opt := range map[string]example.Options{"done": {}, "failed": {State: run.Failed}, "interrupted": {State: run.Interrupted},
		"judge": {Kind: "judge"}, "benchmarks": {Kind: "benchmarks"}, "curate": {Kind: "curate"}} {
		t.Run(name, func(t *testing.T) {
			got := outline(built(t, opt, Options{Now: time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC)}))
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("the page's structure has changed (go test -update writes it anew):\n%s", firstDifference(got, string(want)))
			}
		})
	}
}

func firstDifference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			return fmt.Sprintf("line %d: got %q, want %q", i+1, g[i], append(w, "", "")[min(i, len(w))])
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(g), len(w))
}

// TestStory checks the sentences that matter most, word for word.
func TestStory(t *testing.T) {
	page := strings.ReplaceAll(built(t, example.Options{}, Options{}), nbsp, " ")
	for _, want := range []string{
		`<h1 id="verdict">Accuracy rose from 72.7% to 85.2%, <em>but two families got worse</em>.</h1>`,
		"On the same 600 items, tuned answered 100 right that base got wrong, and 25 wrong that it had right.",
		"22 <span aria-hidden=\"true\">→</span><span class=\"sr\">then</span> 12 of 22 right", "13 <span aria-hidden=\"true\">→</span><span class=\"sr\">then</span> 11 of 16 right",
		"−45.5 points", "p = 0.002", `<span class="tag solid">confirmed</span>`, `<span class="tag">not confirmed</span>`,
		"#q=tag%3Aregressed&#43;family%3Asquare_add", "cogumi run phase1b_scaleup --replay 0.33 --lr 0.001", "unknown (no price was given for this machine)",
		"Parameters, 2 changed", "with uncommitted changes", "Drawn from",
	} {
		if want == "Drawn from" {
			if strings.Contains(page, want) {
				t.Errorf("156 steps are drawn in full, but the page says otherwise")
			}
			continue
		}
		if !strings.Contains(page, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Contains(page, "$0") {
		t.Error("an unknown cost is shown as $0")
	}
}

func TestEveryStateHasAReport(t *testing.T) {
	for name, c := range map[string]struct {
		opt  example.Options
		want []string
	}{
		"failed": {example.Options{State: run.Failed}, []string{"This run failed", "loss is not finite at step 62", "phase1b_scaleup.go:58:13",
			"adapter := train.MustQLoRA(", "Lower --lr", "The run failed in step train"}},
		"interrupted": {example.Options{State: run.Interrupted}, []string{"This run was stopped before its end", "goes on where it stopped"}},
		"dead":        {example.Options{State: run.Running, Dead: true}, []string{"This run died", "no sign of life since"}},
		"running": {example.Options{State: run.Running, Started: time.Now().Add(-time.Minute).UTC()}, []string{"This run is still going", "train: 62 of 156 steps, about",
			"so far"}},
	} {
		t.Run(name, func(t *testing.T) {
			page := strings.ReplaceAll(built(t, c.opt, Options{}), nbsp, " ")
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					t.Errorf("the page does not say %q", want)
				}
			}
		})
	}
}

func TestWriteReplacesAtomically(t *testing.T) {
	dir, err := example.Write(t.TempDir(), example.Options{})
	if err != nil {
		t.Fatal(err)
	}
	var first []byte
	for range 2 {
		path, err := Write(dir)
		if err != nil {
			t.Fatal(err)
		}
		if path != filepath.Join(dir, "report.html") {
			t.Errorf("path %s", path)
		}
		if first, err = os.ReadFile(path); err != nil || !bytes.HasSuffix(first, []byte("</html>\n")) {
			t.Errorf("the report is not whole: %v", err)
		}
	}
	left, err := filepath.Glob(filepath.Join(dir, "*.tmp*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
	if _, err := Write(t.TempDir()); err == nil {
		t.Error("a folder without run.json gives a report")
	}
}

// TestDamagedRuns builds reports of folders in which things are missing.
func TestDamagedRuns(t *testing.T) {
	write := func(t *testing.T, info, events string) string {
		dir := t.TempDir()
		for name, text := range map[string]string{"run.json": info, "events.jsonl": events} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	for name, c := range map[string]struct{ info, events, want string }{
		"empty":          {`{"version":1}`, "", "A run of run"},
		"unknown state":  {`{"version":1,"state":"dreaming"}`, "", "state unknown"},
		"unknown event":  {`{"version":1,"state":"done"}`, `{"kind":"hologram","beam":{"x":1}}` + "\n", "Finished"},
		"cut line":       {`{"version":1,"state":"done"}`, `{"kind":"log","log":"one"}` + "\n" + `{"kind":"lo`, "could not be read, as after a kill"},
		"no sample file": {`{"version":1,"state":"done"}`, `{"kind":"samples","samples":{"name":"s","title":"S","path":"samples/s.jsonl","count":3}}` + "\n", "could not be read"},
		"empty comparison": {`{"version":1,"state":"done"}`, `{"kind":"comparison","comparison":{"base_name":"a","tuned_name":"b"}}` + "\n",
			"No difference is proven"},
		"ragged table":   {`{"version":1,"state":"done"}`, `{"kind":"table","table":{"name":"t","columns":["a"],"rows":[[1,2,3],[],[null,{"x":1}]]}}` + "\n", "{&#34;x&#34;:1}"},
		"empty funnel":   {`{"version":1,"state":"done"}`, `{"kind":"funnel","funnel":{"name":"f","title":"F","stages":[{"name":"x","count":0},{"name":"y","count":-3}]}}` + "\n", "Finished"},
		"huge metric":    {`{"version":1,"state":"done"}`, `{"kind":"metric","metric":{"series":"a/b","x":-5,"value":1e308}}` + "\n" + `{"kind":"metric","metric":{"series":"","x":9,"value":-1e308}}` + "\n", "Training"},
		"negative times": {`{"version":1,"state":"done","started":"2026-01-02T00:00:00Z","ended":"2026-01-01T00:00:00Z"}`, `{"kind":"step","step_info":{"name":"s","seconds":-4}}` + "\n", "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			page := reportOf(t, write(t, c.info, c.events), Options{})
			if !strings.Contains(page, c.want) || !strings.HasSuffix(page, "</html>\n") {
				t.Errorf("the page does not say %q or is not whole", c.want)
			}
		})
	}
}

// TestPolicy checks that the policy allows this page's script and style, by
// hash, and nothing else.
func TestPolicy(t *testing.T) {
	page := built(t, example.Options{}, Options{})
	policy := regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)
	if policy == nil {
		t.Fatal("no policy")
	}
	for _, bad := range []string{"unsafe", "http:", "https:", "*", "'self'", "blob:"} {
		if strings.Contains(policy[1], bad) {
			t.Errorf("the policy allows %s", bad)
		}
	}
	if !strings.HasPrefix(policy[1], "default-src 'none';") {
		t.Errorf("the policy begins with %q", policy[1][:30])
	}
	for _, m := range regexp.MustCompile(`(?s)<(script|style)>(.*?)</(?:script|style)>`).FindAllStringSubmatch(page, -1) {
		h := sha256.Sum256([]byte(m[2]))
		if !strings.Contains(policy[1], base64.StdEncoding.EncodeToString(h[:])) {
			t.Errorf("the policy does not allow the page's own %s", m[1])
		}
	}
	if strings.Index(page, "Content-Security-Policy") > strings.Index(page, "<style") {
		t.Error("the policy comes after what it should guard")
	}
}

// TestAssetsStaySafe refuses what would let a run's text become code or leave the page.
func TestAssetsStaySafe(t *testing.T) {
	bad := map[string]*regexp.Regexp{
		".js":   regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|createContextualFragment|DOMParser|setTimeout\("|https?://|fetch\(|XMLHttpRequest|import\(|\.srcdoc`),
		".html": regexp.MustCompile(`\sstyle=|\son[a-z]+=|https?://|<iframe|<form|<object|<embed|javascript:`),
		".css":  regexp.MustCompile(`@import|url\(|https?://|expression`),
	}
	for _, dir := range []string{"assets/js", "assets/css", "assets"} {
		entries, err := fs.ReadDir(assets, dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			b, _ := assets.ReadFile(dir + "/" + e.Name())
			if re := bad[filepath.Ext(e.Name())]; re != nil {
				if found := re.Find(b); found != nil {
					t.Errorf("%s/%s holds %q", dir, e.Name(), found)
				}
			}
		}
	}
}

func TestSize(t *testing.T) {
	page := built(t, example.Options{Samples: 1200}, Options{})
	if len(page) > 1_500_000 {
		t.Errorf("1,200 samples give %d bytes", len(page))
	}
	t.Logf("report of 1,200 samples: %d bytes", len(page))
}

func BenchmarkBuild10000(b *testing.B) {
	dir, err := example.Write(b.TempDir(), example.Options{Samples: 10000, Steps: 5000})
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		path, err := Write(dir)
		if err != nil {
			b.Fatal(err)
		}
		if fi, err := os.Stat(path); err != nil || fi.Size() > DefaultLimit {
			b.Fatalf("%v, %d bytes", err, fi.Size())
		}
	}
}
