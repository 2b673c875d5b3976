package notebook

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"io"

	"net"
	"net/http"
	"net/url"
	"strings"
)

// Whoever may talk to the notebook can run code as the person who started it.
// Other pages in the same browser, other users of the machine and names that
// resolve to 127.0.0.1 (DNS rebinding) must not. guard lets through only
//
//   - a Host that names the loopback and the port that is listened on,
//   - an Origin, where there is one, that is the page itself, and no request that
//     the browser says comes from another site (Sec-Fetch-Site),
//   - the token, in a cookie that is sent with no request of another site,
//   - with a method that changes something only a header that a form cannot
//     send, so that a page elsewhere would have to ask first, which is refused.
type guard struct {
	token string
	port  string
	next  http.Handler
}

const (
	cookieName = "cogumi-notebook"
	ownHeader  = "X-Cogumi-Notebook"
)

// newToken is 256 bits of chance, as it stands in the page's address.
func newToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// pagePolicy lets the page run its own script and style, speak with its own
// server, and nothing else. The one policy for trusted types takes the empty text:
// charts clear an element with it.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-NONCE'; img-src 'self' data: blob:; font-src 'self'; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types default"

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Frame-Options", "DENY")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	if why := g.refuses(r); why != "" {
		http.Error(w, why, http.StatusForbidden)
		return
	}
	if r.URL.Path == "/" && r.Method == http.MethodGet && r.URL.Query().Get("token") != "" {
		g.enter(w, r)
		return
	}
	if c, err := r.Cookie(g.cookie()); err != nil || !g.is(c.Value) {
		http.Error(w, "open the address that cogumi notebook printed: it holds the token", http.StatusUnauthorized)
		return
	}
	g.next.ServeHTTP(w, r)
}

// cookie is its name: cookies do not know ports, and two notebooks may be open.
func (g *guard) cookie() string { return cookieName + "-" + g.port }

func (g *guard) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) == 1
}

// enter trades the token in the address for a cookie, so that it stays neither in
// the address bar nor in the history.
func (g *guard) enter(w http.ResponseWriter, r *http.Request) {
	if !g.is(r.URL.Query().Get("token")) {
		http.Error(w, "this token is not the notebook's; the address that it printed last is the one", http.StatusUnauthorized)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: g.cookie(), Value: g.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
	// The page itself goes on, not a redirect: who comes from another page (a
	// terminal in a browser) would be redirected without the cookie.
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = io.WriteString(w, `<!doctype html><meta http-equiv="refresh" content="0;url=/"><title>cogumi</title>`)
}

// refuses says why a request is not one of the page's own; "" when it may be.
func (g *guard) refuses(r *http.Request) string {
	if !g.own(r.Host) {
		return "this name is not the notebook's"
	}
	if o := r.Header.Get("Origin"); o != "" {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" || u.Host != r.Host {
			return "another origin may not speak with the notebook"
		}
	}
	site := r.Header.Get("Sec-Fetch-Site")
	navigation := r.Method == http.MethodGet && r.URL.Path == "/" && r.Header.Get("Sec-Fetch-Mode") == "navigate"
	if site != "" && site != "same-origin" && site != "none" && !navigation {
		return "another site may not speak with the notebook"
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return ""
	case http.MethodPost:
		if r.Header.Get(ownHeader) == "" || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
			return "a change needs the header " + ownHeader + " and JSON"
		}
		return ""
	}
	return "the notebook knows GET and POST"
}

// own says whether a Host header names the loopback and the notebook's port.
func (g *guard) own(host string) bool {
	name, port, err := net.SplitHostPort(host)
	if err != nil || port != g.port {
		return false
	}
	return name == "127.0.0.1" || name == "localhost" || name == "::1"
}
