package judge

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cogumi/stdlib/experiment"
)

// transport is between the client library and the network: it sends exactly the
// bytes that were decided, hears what the library does not pass on (Retry-After),
// reads no answer without end, and takes the key out of whatever comes back.
type transport struct {
	client *http.Client
	key    string
}

// exchange is one call, as the transport saw it.
type exchange struct {
	body   []byte // to send instead of the library's
	once   string // the same for every attempt at the same question
	status int
	after  time.Duration // Retry-After
	sent   bool          // the endpoint may have the question
}

type exchangeKey struct{}

const hugeAnswer = 4 << 20

var errHuge = errors.New("the endpoint's answer is larger than 4 MB")

func newTransport(key string, timeout time.Duration, most int) *transport {
	base := http.DefaultTransport.(*http.Transport).Clone()
	base.MaxIdleConns, base.MaxIdleConnsPerHost = most, most
	return &transport{key: key, client: &http.Client{Transport: experiment.Recorded(base), Timeout: timeout,
		// A redirect would carry the questions to somebody who was not named.
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the endpoint redirects: give its own address")
		}}}
}

func (t *transport) Do(req *http.Request) (*http.Response, error) {
	x, _ := req.Context().Value(exchangeKey{}).(*exchange)
	limit := int64(hugeAnswer)
	if x == nil {
		x, limit = &exchange{}, 1<<30 // files of the Batch API
	}
	if x.body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(x.body)), int64(len(x.body))
		req.GetBody = nil
	}
	if x.once != "" {
		req.Header.Set("Idempotency-Key", x.once)
	}
	if t.key == "" {
		req.Header.Del("Authorization")
	}
	x.sent = true
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, t.clean(err)
	}
	defer resp.Body.Close()
	x.status, x.after = resp.StatusCode, retryAfter(resp.Header, time.Now())
	body, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, t.clean(fmt.Errorf("read the endpoint's answer: %w", err))
	}
	if int64(len(body)) > limit {
		return nil, errHuge
	}
	body = t.scrub(body)
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	for name := range resp.Header {
		for i, v := range resp.Header[name] {
			resp.Header[name][i] = t.scrubText(v)
		}
	}
	return resp, nil
}

const hiddenKey = "[key]"

// scrub takes the key out of a body, also where JSON spells it with escapes.
func (t *transport) scrub(b []byte) []byte {
	if t.key == "" {
		return b
	}
	quoted, _ := json.Marshal(t.key)
	for _, form := range []string{t.key, strings.Trim(string(quoted), `"`), strings.ReplaceAll(t.key, "/", `\/`)} {
		b = bytes.ReplaceAll(b, []byte(form), []byte(hiddenKey))
	}
	return b
}

func (t *transport) scrubText(s string) string { return string(t.scrub([]byte(s))) }

// cleaned is an error whose message has no key in it.
type cleaned struct {
	error
	text string
}

func (c *cleaned) Error() string { return c.text }
func (c *cleaned) Unwrap() error { return c.error }

// clean keeps what an error is and changes what it says, if need be.
func (t *transport) clean(err error) error {
	if err == nil || t.key == "" {
		return err
	}
	if text := t.scrubText(err.Error()); text != err.Error() {
		for _, known := range []error{context.Canceled, context.DeadlineExceeded} {
			if errors.Is(err, known) {
				return &cleaned{known, text}
			}
		}
		return errors.New(text)
	}
	return err
}

// retryAfter is when an endpoint wants to be asked again: seconds, milliseconds in
// its own header, or a date (RFC 9110, section 10.2.3).
func retryAfter(h http.Header, now time.Time) time.Duration {
	const most = 10 * time.Minute
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil && ms >= 0 {
		return min(time.Duration(ms*float64(time.Millisecond)), most)
	}
	v := strings.TrimSpace(h.Get("Retry-After"))
	if s, err := strconv.ParseFloat(v, 64); err == nil && s >= 0 {
		return min(time.Duration(min(s, most.Seconds())*float64(time.Second)), most)
	}
	if at, err := http.ParseTime(v); err == nil {
		return min(max(0, at.Sub(now)), most)
	}
	return 0
}
