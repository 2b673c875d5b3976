package experiment

import (
	"net/http"
	"slices"
)

// Recorded is a transport that writes down in the current run which hosts it
// speaks to: scheme, host and port, each once. Every primitive that reaches the
// network uses it.
func Recorded(t http.RoundTripper) http.RoundTripper { return recording{t} }

type recording struct{ http.RoundTripper }

// RoundTrip records the host before anything is sent.
func (t recording) RoundTrip(r *http.Request) (*http.Response, error) {
	Current().reached(r.URL.Scheme + "://" + r.URL.Host)
	return t.RoundTripper.RoundTrip(r)
}

// CloseIdleConnections lets http.Client's method of that name reach the transport.
func (t recording) CloseIdleConnections() {
	if c, ok := t.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// reached adds an endpoint to the run; it is on disk before the connection is made.
func (r *Run) reached(endpoint string) {
	r.mu.Lock()
	known := slices.Contains(r.info.endpoints, endpoint)
	r.mu.Unlock()
	if known {
		return
	}
	r.change(func(c *infoChanges) {
		if !slices.Contains(c.endpoints, endpoint) {
			c.endpoints = append(slices.Clip(c.endpoints), endpoint)
		}
	})
	r.flush()
}
