package judge

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/experimenttest"
)

func priceFile(t testing.TB) string {
	t.Helper()
	return prices(t, `{"gpt-4o": {"input": 2, "cached": 1, "output": 10, "batch": 0.5, "date": "2026-01"}}`)
}

func prices(t testing.TB, table string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "prices.json")
	if err := os.WriteFile(path, []byte(table), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestCompare: both orders, canaries, cost to the last token, and what was sent.
func TestCompare(t *testing.T) {
	s := serve(t)
	j := judgeAt(t, s, nil)
	r, err := judged(t, j, match(30), Options{})
	check(t, r, err, 30, 10, 10, 10)
	if len(r.Canaries) != 3 || len(r.Categories) != 3 {
		t.Fatalf("%+v", r)
	}
	for _, c := range r.Canaries {
		if c.N != 10 || c.Passed < 10 {
			t.Errorf("%+v", c)
		}
	}
	// Both orders of an identical pair are one question.
	if n := 60 + 30 - 5; s.requests() != n || r.Cost.Calls != n || r.Cost.Usage.Input != 500*n {
		t.Errorf("%d requests, %+v", s.requests(), r.Cost)
	}
	if want := float64(r.Cost.Calls) * (500*2 + 100*10) / 1e6; r.Cost.Paid < want-1e-9 || r.Cost.Paid > want+1e-9 || !r.Cost.Known {
		t.Errorf("paid %g, want %g", r.Cost.Paid, want)
	}
	var body map[string]any
	if err := json.Unmarshal(s.bodies[0], &body); err != nil || body["temperature"] != 0.0 || body["max_tokens"] != 1024.0 || body["model"] != "gpt-4o" {
		t.Errorf("sent %s", s.bodies[0])
	}
	if f, _ := body["response_format"].(map[string]any); f["type"] != "json_schema" {
		t.Errorf("format %v", body["response_format"])
	}
	if !strings.Contains(r.Settings.Sent, `"temperature":0,`) {
		t.Errorf("settings %+v", r.Settings)
	}
}

// TestPaidOnce: another run over the same pairs, with one more, pays only that one.
func TestPaidOnce(t *testing.T) {
	s := serve(t)
	root := t.TempDir()
	for i, n := range []int{10, 11} {
		experimenttest.StartIn(t, root)
		r, err := Compare(judgeAt(t, s, nil), match(n), Options{Canaries: -1})
		if err != nil || r.Cost.Calls != []int{20, 2}[i] || r.Cost.Reused != []int{0, 20}[i] {
			t.Fatalf("%v, %+v", err, r)
		}
	}
	if s.requests() != 22 {
		t.Errorf("%d requests", s.requests())
	}
}

// TestMisbehaviour: whatever an endpoint does once, the result is the same; what it
// does always is an error with its kind.
func TestMisbehaviour(t *testing.T) {
	hijack := func(w http.ResponseWriter, send string) {
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Write([]byte(send))
		c.Close()
	}
	status := func(code int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(code); w.Write([]byte(body)) }
	}
	text := func(text, end string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.Write(completion("gpt-4o", text, end)) }
	}
	for _, c := range []struct {
		name   string
		do     func(w http.ResponseWriter)
		always error // nil: an error of no special kind
	}{
		{"429", func(w http.ResponseWriter) {
			w.Header().Set("Retry-After-Ms", "3")
			status(429, `{"error":{"message":"slow down","type":"x"}}`)(w)
		}, nil},
		{"500", status(500, "oops"), nil},
		{"503 html", status(503, "<html>"), nil},
		{"cut connection", func(w http.ResponseWriter) { hijack(w, "") }, nil},
		{"cut body", func(w http.ResponseWriter) {
			hijack(w, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{\"id\":")
		}, nil},
		{"half JSON", status(200, `{"id": "x", "choices": [`), nil},
		{"empty choices", status(200, `{"id":"x","model":"gpt-4o","choices":[]}`), nil},
		{"malformed answer", text(`{"winner": "A"`, "stop"), ErrMalformed},
		{"wrong schema", text(`{"winner": "A", "reasoning": ""}`, "stop"), ErrMalformed},
		{"mark of 11", text(strings.Replace(said(First), ":5", ":11", 1), "stop"), ErrMalformed},
		{"winner in prose", text("The winner is [[A]]", "stop"), ErrMalformed},
		{"cut answer", text(said(First)[:40], "length"), ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t)
			s.odd = func(n int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
				if n%3 == 1 && n < 40 {
					c.do(w)
					return true
				}
				return false
			}
			r, err := judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.Parallel = 1 }), match(12), Options{Canaries: -1})
			check(t, r, err, 12, 4, 4, 4)
			s = serve(t)
			s.odd = func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool { c.do(w); return true }
			if _, err = judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.Parallel = 2 }), match(12), Options{Canaries: -1}); err == nil || c.always != nil && !errors.Is(err, c.always) {
				t.Errorf("always: %v", err)
			}
			if s.requests() > 60 {
				t.Errorf("%d requests for nothing", s.requests())
			}
		})
	}
}

// TestDrip: an answer that comes byte by byte is an answer; one that never ends is
// given up, asked again, and counted as perhaps paid.
func TestDrip(t *testing.T) {
	for _, c := range []struct {
		name string
		ends bool
	}{{"slow", true}, {"endless", false}} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t)
			s.odd = func(n int, w http.ResponseWriter, r *http.Request, body []byte) bool {
				if n%4 != 1 || n > 20 {
					return false
				}
				answer := completion("gpt-4o", s.say(body), "stop")
				w.Header().Set("Content-Length", strconv.Itoa(len(answer)))
				for i := range answer {
					if !c.ends && i > len(answer)/2 {
						<-r.Context().Done()
						return true
					}
					w.Write(answer[i : i+1])
					w.(http.Flusher).Flush()
				}
				return true
			}
			j := judgeAt(t, s, func(c *EndpointConfig) { c.Parallel = 3 })
			j.bench.(*endpoint).net.client.Timeout = 300 * time.Millisecond
			r, err := judged(t, j, match(12), Options{Canaries: -1})
			check(t, r, err, 12, 4, 4, 4)
			if got := r.Cost.Doubt > 0; got == c.ends {
				t.Errorf("$%g perhaps paid, %d retries", r.Cost.Doubt, r.Cost.Retries)
			}
		})
	}
}

// TestHopeless: what cannot get better ends at once.
func TestHopeless(t *testing.T) {
	for _, c := range []struct {
		code int
		body string
		says string
	}{{401, `{"error":{"message":"Incorrect API key provided: ` + testKey + `","type":"x"}}`, "refuses the key"}, {404, `{}`, "does not know"},
		{429, `{"error":{"message":"no credit","type":"x","code":"insufficient_quota"}}`, "the account is empty"}} {
		s := serve(t)
		s.odd = func(_ int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
			w.WriteHeader(c.code)
			w.Write([]byte(c.body))
			return true
		}
		_, err := judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.Parallel = 1 }), match(20), Options{})
		if err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), testKey) || s.requests() > 2 {
			t.Errorf("%d: %v after %d requests", c.code, err, s.requests())
		}
	}
}

// TestOtherModel: a dated version of the model is the model, another one is not.
func TestOtherModel(t *testing.T) {
	s := serve(t)
	s.model = "gpt-4o-mini"
	if _, err := judged(t, judgeAt(t, s, nil), match(9), Options{}); !errors.Is(err, ErrOtherModel) {
		t.Errorf("%v", err)
	}
	r, err := judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.AnyModel = true }), match(9), Options{})
	check(t, r, err, 9, 3, 3, 3)
}

func TestHugeAnswer(t *testing.T) {
	s := serve(t)
	s.odd = func(n int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		if n == 1 {
			w.Write(bytes.Repeat([]byte("x"), hugeAnswer+10))
		}
		return n == 1
	}
	r, err := judged(t, judgeAt(t, s, nil), match(30), Options{Canaries: -1})
	if err != nil || r.Total.Errors != 1 || r.Cost.Doubt == 0 {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestLimit: the limit is never passed, whatever is under way; what was paid stays.
func TestLimit(t *testing.T) {
	s := serve(t)
	s.delay, s.out = 2*time.Millisecond, 800
	root := t.TempDir()
	experimenttest.StartIn(t, root)
	_, err := Compare(judgeAt(t, s, nil), match(40), Options{MaxDollars: 0.3, Canaries: -1})
	if !errors.Is(err, ErrBudget) {
		t.Fatal(err)
	}
	paid := float64(len(s.good)) * 0.009
	if paid > 0.3 || paid < 0.27 {
		t.Errorf("$%g were paid", paid)
	}
	before := s.requests()
	experimenttest.StartIn(t, root)
	r, err := Compare(judgeAt(t, s, nil), match(40), Options{MaxDollars: 0.8, Canaries: -1})
	if err != nil || r.Cost.Reused < before {
		t.Errorf("%v, %+v, %d asked before", err, r, before)
	}
	for key, n := range s.good {
		if n != 1 {
			t.Errorf("%s was paid %d times", key, n)
		}
	}
	experimenttest.Start(t)
	if _, err := Compare(judgeAt(t, s, nil), match(40), Options{MaxDollars: 0.01}); !errors.Is(err, ErrBudget) || experiment.ExitCode(err) != 3 {
		t.Errorf("a limit that is too low at once: %v", err)
	}
	if _, err := judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.Model, c.AnyModel, c.PriceFile = "unknown", true, "" }), match(3), Options{MaxDollars: 1}); err == nil || !strings.Contains(err.Error(), "price is not known") {
		t.Errorf("a limit without a price: %v", err)
	}
}

// TestConcurrency: it falls when the endpoint is crowded and rises again.
func TestConcurrency(t *testing.T) {
	s := serve(t)
	s.delay = time.Millisecond
	s.odd = func(n int, w http.ResponseWriter, _ *http.Request, _ []byte) bool {
		s.mu.Lock()
		crowded := s.now > 4
		s.mu.Unlock()
		if crowded {
			w.WriteHeader(429)
		}
		return crowded
	}
	r, err := judged(t, judgeAt(t, s, nil), match(150), Options{Canaries: -1})
	check(t, r, err, 150, 50, 50, 50)
	if r.Cost.Retries == 0 || s.requests() > 450 {
		t.Errorf("%d requests, %+v", s.requests(), r.Cost)
	}
}

// TestNoKeyAnywhere: an endpoint that shows the key in answers, errors and headers;
// no file of the run, no error, no result has it.
func TestNoKeyAnywhere(t *testing.T) {
	s := serve(t)
	quoted, _ := json.Marshal(testKey)
	s.odd = func(n int, w http.ResponseWriter, r *http.Request, _ []byte) bool {
		if got := r.Header.Get("Authorization"); got != "Bearer "+testKey {
			t.Errorf("authorization %q", got)
		}
		w.Header().Set("X-Echo", "k "+testKey)
		switch n % 5 {
		case 0:
			w.WriteHeader(500)
			fmt.Fprintf(w, `{"error":{"message":%s,"type":"x"}}`, quoted)
			return true
		case 1:
			w.Write(completion("gpt-4o", strings.Replace(said(First), "because", strings.Trim(string(quoted), `"`), 1), "stop"))
			return true
		case 2:
			w.WriteHeader(400)
			fmt.Fprintf(w, `{"error":{"message":"bad %s","type":"x"}}`, strings.ReplaceAll(testKey, "/", `\/`))
			return true
		}
		return false
	}
	root := t.TempDir()
	experimenttest.StartIn(t, root)
	r, err := Compare(judgeAt(t, s, nil), match(20), Options{MaxErrors: 0.9})
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(r.Verdicts)
	_, bad := Compare(judgeAt(t, s, nil), match(25), Options{MaxErrors: 1e-9})
	if bad == nil {
		t.Fatal("errors were lost")
	}
	experiment.Close(bad)
	files := 0
	secrets := [][]byte{[]byte(testKey), bytes.Trim(quoted, `"`), []byte("never"), []byte("Ab+9")}
	look := func(where string, b []byte) {
		for _, secret := range secrets {
			if bytes.Contains(b, secret) {
				t.Errorf("%s holds the key", where)
			}
		}
	}
	look("the result", text)
	look("the error", []byte(bad.Error()+experiment.HintOf(bad)))
	filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Base(path) != "endpoint_test.go" {
			b, _ := os.ReadFile(path)
			look(path, b)
			files++
		}
		return nil
	})
	if files < 8 {
		t.Errorf("only %d files were looked at", files)
	}
}

func TestAddresses(t *testing.T) {
	t.Setenv("TEST_JUDGE_KEY", testKey)
	for address, says := range map[string]string{"http://example.com/v1": "unencrypted", "https://u:p@example.com/v1": "a password", "ftp://x": "no http", "https://example.com/v1?key=x": "a query",
		"https://example.com/" + testKey: "", "http://127.0.0.1:1/v1": "ok", "https://example.com/v1": "ok"} {
		_, err := Endpoint(EndpointConfig{Model: "m", URL: address, KeyEnv: "TEST_JUDGE_KEY"})
		if (err == nil) != (says == "ok") || says != "ok" && !strings.Contains(err.Error(), says) || err != nil && strings.Contains(err.Error(), testKey) {
			t.Errorf("%s: %v", address, err)
		}
	}
	t.Setenv("TEST_JUDGE_KEY", "")
	if _, err := Endpoint(EndpointConfig{Model: "m", KeyEnv: "TEST_JUDGE_KEY"}); experiment.ExitCode(err) != 3 {
		t.Errorf("no key: %v", err)
	}
}

// TestReasoningModel takes no temperature and another limit of tokens.
func TestReasoningModel(t *testing.T) {
	s := serve(t)
	s.model = "o3"
	r, err := judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.Model = "o3" }), match(3), Options{Canaries: -1})
	check(t, r, err, 3, 1, 1, 1)
	if b := string(s.bodies[0]); strings.Contains(b, "temperature") || strings.Contains(b, `"max_tokens"`) || !strings.Contains(b, `"max_completion_tokens":1024`) {
		t.Error(b)
	}
}

// TestBody: what is put together is what the client library would write.
func TestBody(t *testing.T) {
	s := serve(t)
	for _, format := range []string{"json_schema", "json_object", "text"} {
		e := judgeAt(t, s, func(c *EndpointConfig) { c.Format, c.Seed = format, 3 }).bench.(*endpoint)
		for _, c := range match(3).asks(0, 1)[:3] {
			want, err := e.whole(c.messages())
			if err != nil {
				t.Fatal(err)
			}
			if got, err := e.body(c.messages()); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: %v\n%s\nwant\n%s", format, err, got, want)
			}
		}
	}
}

// TestEqualInputsArePaidOnce: another run over the same pairs pays nothing, and says
// what that saved; one that has some new pairs pays those alone. Neither tells what
// the first run cost as its own.
func TestEqualInputsArePaidOnce(t *testing.T) {
	s := serve(t)
	root := t.TempDir()
	judgeIn := func(m *Match) (*Result, []run.Note, float64) {
		x := experimenttest.StartIn(t, root)
		r, err := Compare(judgeAt(t, s, nil), m, Options{Canaries: -1})
		if err != nil {
			t.Fatal(err)
		}
		got := experimenttest.Read(t, x)
		paid := math.NaN()
		for _, f := range got.Figures() {
			if f.Name == "paid for judging" {
				paid = f.Value
			}
		}
		return r, got.Notes(), paid
	}
	first, _, paid := judgeIn(match(30))
	n := first.Cost.Calls
	if paid != first.Cost.Paid || paid == 0 || first.Cost.Reused != 0 {
		t.Fatalf("paid %g, %+v", paid, first.Cost)
	}
	check := func(name string, r *Result, notes []run.Note, paid float64, calls int) {
		t.Helper()
		c := r.Cost
		if c.Calls != calls || c.Reused < n || c.Spared.Input < 500*n || math.Abs(c.Saved-first.Cost.Paid) > 1e-9 || paid != c.Paid || (paid == 0) != (calls == 0) {
			t.Errorf("%s: paid %g, %+v", name, paid, c)
		}
		estimates, savings := 0, 0
		for _, note := range notes {
			estimates += strings.Count(note.Text, "they will cost about")
			if strings.Contains(note.Text, "taken from earlier runs") && strings.Contains(note.Text, fmt.Sprintf("%d tokens in", c.Spared.Input)) && strings.Contains(note.Text, "$0.") {
				savings++
			}
		}
		if savings != 1 || estimates != min(calls, 1) {
			t.Errorf("%s: %d estimates, %d savings: %+v", name, estimates, savings, notes)
		}
	}
	again, notes, paid := judgeIn(match(30))
	check("again", again, notes, paid, 0)
	more, notes, paid := judgeIn(match(32))
	check("two more", more, notes, paid, 4)
}

// TestOldPrices are said to be old before anything is paid.
func TestOldPrices(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		price *Price
		want  string
		old   bool
	}{{nil, "", false}, {&Price{Date: "2025-08"}, "price of 2025-08, 15 months old", true}, {&Price{Date: "2026-11-01"}, "price of 2026-11-01", false},
		{&Price{Date: "2026-10"}, "price of 2026-10, 1 month old", false}, {&Price{Date: "2026-08-31"}, "price of 2026-08-31, 3 months old", true},
		{&Price{}, "nobody wrote down when its price was looked up", true}, {&Price{Date: "soon"}, "nobody wrote down when its price was looked up", true}} {
		if text, old := c.price.age(now); text != c.want || old != c.old {
			t.Errorf("%+v: %q, %v", c.price, text, old)
		}
	}
	s := serve(t)
	path := prices(t, fmt.Sprintf(`{"gpt-4o": {"input": 2, "output": 10, "date": %q}}`, time.Now().AddDate(-1, -3, 0).Format("2006-01")))
	_, err := judged(t, judgeAt(t, s, func(c *EndpointConfig) { c.PriceFile = path }), match(3), Options{Canaries: -1})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(experimenttest.Read(t, experiment.Current()).Notes(), func(n run.Note) bool {
		return n.Level == "warn" && strings.Contains(n.Text, "15 months old") && strings.Contains(n.Hint, "--prices FILE")
	}) {
		t.Error("nothing says that the price is old")
	}
}
