package notebook

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// checkAxe runs every rule of axe-core and fails on what is serious or critical.
func (b *tab) checkAxe(what string) {
	b.t.Helper()
	f, err := os.Open("../../reports/testdata/axe/axe.min.js.gz")
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		b.t.Fatal(err)
	}
	source, err := io.ReadAll(z)
	if err != nil {
		b.t.Fatal(err)
	}
	var text string
	b.do(chromedp.Evaluate(string(source)+"\n;null", nil),
		chromedp.Evaluate(`axe.run(document,{resultTypes:["violations"]}).then((r) => JSON.stringify(r.violations))`, &text,
			func(p *cdpruntime.EvaluateParams) *cdpruntime.EvaluateParams { return p.WithAwaitPromise(true) }))
	var list []struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string `json:"html"`
			FailureSummary string `json:"failureSummary"`
		}
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range list {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		for _, n := range v.Nodes[:min(3, len(v.Nodes))] {
			b.t.Errorf("%s: %s (%s): %s\n%.200s\n%s", what, v.ID, v.Impact, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// TestAccessible: axe-core finds nothing serious, light, dark and on a phone.
func TestAccessible(t *testing.T) {
	s := serve(t, counting)
	b := open(t, s.address).ready()
	b.runAll()
	b.checkAxe("light")
	b.do(dark(true))
	b.checkAxe("dark")
	b.do(dark(false), emulation.SetDeviceMetricsOverride(390, 844, 2, true))
	b.checkAxe("phone")
	if wide := js[bool](b, "document.documentElement.scrollWidth > innerWidth + 1"); wide {
		t.Error("the page is wider than a phone")
	}
	b.shot("phone")
	b.click(`document.getElementById("help-open")`)
	b.checkAxe("help")
}
