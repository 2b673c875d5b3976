package notebook

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// attacks is what a page of another origin tries on a notebook that is open in the
// same browser. Each writes what came of it into the list done.
const attacks = `<!doctype html><title>elsewhere</title><body><iframe name="sink"></iframe><script>
const at = %q, done = [];
const body = JSON.stringify({mode: "all", id: 1, rev: 1, text: "// %%%% pwned"});
const post = (what, init) => fetch(at + "/api/" + what, {method: "POST", credentials: "include", body, ...init}).then((r) => done.push(what + " answered " + r.status), () => done.push("refused"));
(async () => {
  for (const what of ["run", "edit", "restart", "show"]) {
    await post(what, {headers: {"Content-Type": "application/json", "X-Cogumi-Notebook": "1"}});
    await post(what, {headers: {"Content-Type": "text/plain"}});
    await post(what, {mode: "no-cors"}).catch(() => {});
  }
  await fetch(at + "/api/samples?path=samples/x", {credentials: "include"}).then(() => done.push("read samples"), () => done.push("refused"));
  await fetch(at + "/", {credentials: "include"}).then(() => done.push("read the page"), () => done.push("refused"));
  const form = document.createElement("form");
  Object.assign(form, {method: "POST", action: at + "/api/run", enctype: "text/plain", target: "sink"});
  const field = document.createElement("input");
  Object.assign(field, {name: '{"mode":"all","x":"', value: '"}'});
  form.append(field);
  document.body.append(form);
  form.submit();
  const stream = new EventSource(at + "/api/events", {withCredentials: true});
  stream.onmessage = () => done.push("heard events");
  const frame = document.createElement("iframe");
  frame.src = at + "/";
  document.body.append(frame);
  const source = document.createElement("script");
  source.src = at + "/assets/page.js";
  source.onload = () => done.push("loaded a script");
  document.body.append(source);
  setTimeout(() => { document.title = "tried"; window.done = done; window.framed = frame.contentDocument ? "seen" : "none"; }, 1500);
})();
</script>`

// TestOtherOrigin: a page from elsewhere in the same browser runs nothing, changes
// nothing, reads nothing and frames nothing.
func TestOtherOrigin(t *testing.T) {
	s := serve(t, small)
	b := open(t, s.address).ready()
	own, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	for _, host := range []string{"127.0.0.1", "localhost"} {
		at := "http://" + host + ":" + own.Port()
		evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprintf(w, attacks, at)
		}))
		defer evil.Close()
		other := open(t, evil.URL)
		other.until("all attacks", `document.title === "tried"`)
		for _, got := range js[[]string](other, "window.done") {
			if strings.HasPrefix(got, "read") || strings.HasPrefix(got, "heard") || strings.HasPrefix(got, "loaded") || strings.Contains(got, "answered") {
				t.Errorf("at %s a page of another origin %s", host, got)
			}
		}
	}
	time.Sleep(300 * time.Millisecond)
	if s.text() != small {
		t.Errorf("the file was changed:\n%s", s.text())
	}
	if js[bool](b, `!!document.querySelector(".foot .time, .stream, .cell.running, .cell.queued")`) {
		t.Error("something ran")
	}
	b.runAll() // the page itself still may
	if got := b.says(4, ".stream"); got != "sum 3" {
		t.Errorf("the page's own run: %q", got)
	}
	b.clean()
}

// TestReportIsNobody: the report is shown as a page of no origin, which cannot
// speak with the notebook.
func TestReportIsNobody(t *testing.T) {
	s := serve(t, small)
	b := open(t, s.address).ready()
	b.runAll()
	b.do(chromedp.Navigate(strings.Split(s.address, "?")[0] + "report"))
	b.until("the report", `document.querySelector(".brand") && document.body.dataset.run`)
	if got := js[string](b, "self.origin"); got != "null" {
		t.Errorf("the report's origin is %s", got)
	}
	if got := js[string](b, `document.title`); !strings.Contains(got, "try") {
		t.Errorf("the report is called %q", got)
	}
	b.clean()
}
