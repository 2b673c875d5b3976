package notebook

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestGuard(t *testing.T) {
	ran := 0
	g := &guard{token: newToken(), port: "8899", next: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { ran++ })}
	type header map[string]string
	good := "cogumi-notebook-8899=" + g.token
	post := header{"Cookie": good, ownHeader: "1", "Content-Type": "application/json", "Origin": "http://127.0.0.1:8899", "Sec-Fetch-Site": "same-origin"}
	with := func(h header, key, value string) header {
		c := header{}
		for k, v := range h {
			c[k] = v
		}
		if c[key] = value; value == "" {
			delete(c, key)
		}
		return c
	}
	for _, test := range []struct {
		name, method, path, host string
		header                   header
		code                     int
	}{
		{"the page's own change", "POST", "/api/run", "127.0.0.1:8899", post, 200},
		{"as localhost", "POST", "/api/run", "localhost:8899", with(post, "Origin", "http://localhost:8899"), 200},
		{"a reading request", "GET", "/api/events", "127.0.0.1:8899", header{"Cookie": good}, 200},
		{"a bookmark", "GET", "/", "127.0.0.1:8899", header{"Cookie": good, "Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200},
		{"no cookie", "POST", "/api/run", "127.0.0.1:8899", with(post, "Cookie", ""), 401},
		{"a wrong cookie", "POST", "/api/run", "127.0.0.1:8899", with(post, "Cookie", "cogumi-notebook-8899=x"), 401},
		{"the cookie of another notebook", "POST", "/api/run", "127.0.0.1:8899", with(post, "Cookie", "cogumi-notebook-8898="+g.token), 401},
		{"a rebound name", "POST", "/api/run", "evil.example:8899", with(post, "Origin", "http://evil.example:8899"), 403},
		{"a rebound name that reads", "GET", "/api/events", "evil.example:8899", header{"Cookie": good}, 403},
		{"a name that begins alike", "GET", "/", "127.0.0.1.evil.example:8899", header{"Cookie": good}, 403},
		{"another port", "GET", "/", "127.0.0.1:80", header{"Cookie": good}, 403},
		{"no port", "GET", "/", "127.0.0.1", header{"Cookie": good}, 403},
		{"another origin", "POST", "/api/run", "127.0.0.1:8899", with(post, "Origin", "http://evil.example"), 403},
		{"another port's page", "POST", "/api/run", "127.0.0.1:8899", with(post, "Origin", "http://127.0.0.1:9000"), 403},
		{"no origin's page", "POST", "/api/run", "127.0.0.1:8899", with(post, "Origin", "null"), 403},
		{"https of the same name", "POST", "/api/run", "127.0.0.1:8899", with(post, "Origin", "https://127.0.0.1:8899"), 403},
		{"another site reads", "GET", "/api/events", "127.0.0.1:8899", header{"Cookie": good, "Sec-Fetch-Site": "cross-site"}, 403},
		{"same site, another port", "GET", "/api/events", "127.0.0.1:8899", header{"Cookie": good, "Sec-Fetch-Site": "same-site"}, 403},
		{"a form", "POST", "/api/run", "127.0.0.1:8899", with(with(post, ownHeader, ""), "Content-Type", "application/x-www-form-urlencoded"), 403},
		{"no header", "POST", "/api/run", "127.0.0.1:8899", with(post, ownHeader, ""), 403},
		{"text", "POST", "/api/run", "127.0.0.1:8899", with(post, "Content-Type", "text/plain"), 403},
		{"a question before", "OPTIONS", "/api/run", "127.0.0.1:8899", header{"Origin": "http://evil.example"}, 403},
		{"another method", "PUT", "/api/run", "127.0.0.1:8899", post, 403},
		{"the token elsewhere", "GET", "/api/events?token=" + g.token, "127.0.0.1:8899", nil, 401},
		{"a wrong token", "GET", "/?token=x", "127.0.0.1:8899", nil, 401},
		{"the token", "GET", "/?token=" + g.token, "127.0.0.1:8899", nil, 200},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := ran
			r := httptest.NewRequest(test.method, "http://"+test.host+test.path, strings.NewReader("{}"))
			for k, v := range test.header {
				r.Header.Set(k, v)
			}
			w := httptest.NewRecorder()
			g.ServeHTTP(w, r)
			if w.Code != test.code {
				t.Errorf("status %d, not %d: %s", w.Code, test.code, w.Body)
			}
			if reached := ran > before; reached != (test.code == 200 && test.name != "the token") {
				t.Errorf("reached what is behind: %v", reached)
			}
			if w.Header().Get("X-Frame-Options") != "DENY" || !strings.Contains(w.Header().Get("Content-Security-Policy"), "frame-ancestors 'none'") {
				t.Error("the answer may be framed")
			}
			if w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Error("another origin may read the answer")
			}
		})
	}
}

func TestTokenBecomesACookie(t *testing.T) {
	g := &guard{token: newToken(), port: "8899"}
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest("GET", "http://127.0.0.1:8899/?token="+g.token, nil))
	c := w.Result().Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Value != g.token || !strings.Contains(w.Body.String(), "url=/\"") {
		t.Errorf("cookie %+v, then %s", c, w.Body)
	}
	if a, b := newToken(), newToken(); a == b || len(a) < 43 {
		t.Errorf("tokens %q %q", a, b)
	}
}
