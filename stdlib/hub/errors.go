package hub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"cogumi/stdlib/experiment"
)

// ErrOffline is what comes of asking the network when there is none, or when
// HF_HUB_OFFLINE forbids it.
var ErrOffline = errors.New("the hub cannot be reached")

// permanent is an error that trying again does not mend.
type permanent struct{ error }

func (p *permanent) Unwrap() error { return p.error }

// busy is an answer that asks for patience.
type busy struct {
	error
	wait time.Duration // 0: the server did not say
}

func (b *busy) Unwrap() error { return b.error }

// status turns an answer that is no success into an error that says what to do.
// name is the file, "" for the model as a whole.
func (c *Client) status(r *http.Response, id ID, name string) error {
	if r.StatusCode/100 == 2 {
		return nil
	}
	code, said := r.Header.Get("X-Error-Code"), r.Header.Get("X-Error-Message")
	what := id.Repo
	if name != "" {
		what += " " + name
	}
	fail := func(hint, format string, args ...any) error {
		return &permanent{experiment.Hint(fmt.Errorf(format, args...), hint)}
	}
	switch {
	case code == "GatedRepo":
		return &permanent{c.gated(id, r.StatusCode)}
	case strings.HasPrefix(said, "Invalid credentials"):
		return fail("make a new one at "+c.Endpoint+"/settings/tokens and put it into HF_TOKEN", "%s: the hub does not know this token: HF_TOKEN, or the file that a login left", what)
	case code == "RevisionNotFound":
		return fail("see "+c.Endpoint+"/"+id.Repo+"/tree/main", "%s has no revision %q", id.Repo, id.Revision)
	case code == "EntryNotFound":
		return fail("", "%s is not there at this revision", what)
	case code == "RepoNotFound" || r.StatusCode == http.StatusUnauthorized || r.StatusCode == http.StatusNotFound:
		if c.Token == "" {
			return fail("look at the spelling; a private model needs HF_TOKEN", "there is no public model %s at %s", id.Repo, c.Endpoint)
		}
		return fail("look at the spelling, and whether the token may read it", "there is no model %s at %s that this token sees", id.Repo, c.Endpoint)
	case r.StatusCode == http.StatusForbidden:
		return fail("a fine-grained token needs the right to read this model's files", "%s: access is refused (%s)", what, reason(r, said))
	}
	err := fmt.Errorf("%s: the hub answered %s", what, reason(r, said))
	if r.StatusCode == http.StatusTooManyRequests || r.StatusCode == http.StatusRequestTimeout || r.StatusCode >= 500 {
		seconds, _ := strconv.Atoi(r.Header.Get("Retry-After"))
		return &busy{err, time.Duration(min(max(seconds, 0), 300)) * time.Second}
	}
	return &permanent{err}
}

func reason(r *http.Response, said string) string {
	if said == "" {
		return r.Status
	}
	return r.Status + ": " + strings.TrimSuffix(said, ".")
}

// gated says what to do about a model whose authors let people in one by one.
func (c *Client) gated(id ID, status int) error {
	page := c.Endpoint + "/" + id.Repo
	if c.Token == "" {
		return experiment.Hint(fmt.Errorf("%s is gated: its authors want to know who takes it", id.Repo),
			fmt.Sprintf("1. accept the conditions at %s; 2. make a token that may read gated models at %s/settings/tokens; 3. HF_TOKEN=… cogumi download %s", page, c.Endpoint, id))
	}
	why := "this token's account is not let in yet"
	if status == http.StatusUnauthorized {
		why = "the hub did not take this token"
	}
	return experiment.Hint(fmt.Errorf("%s is gated, and %s", id.Repo, why),
		fmt.Sprintf("accept the conditions at %s with the account that the token belongs to; where the authors decide one by one, wait for their answer; a fine-grained token needs the right to read gated models", page))
}

// unreachable tells whether no hub answered at all.
func unreachable(err error) bool {
	var dns *net.DNSError
	var op *net.OpError
	return errors.Is(err, ErrOffline) || errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial"
}

// patiently tries again what a moment's trouble broke. A hub that cannot be
// reached at all is asked twice only: the person is most likely offline.
func (c *Client) patiently(ctx context.Context, ask func() error) error {
	for try := 1; ; try++ {
		err := ask()
		var done *permanent
		if err == nil || ctx.Err() != nil {
			return errors.Join(err, context.Cause(ctx))
		}
		if errors.As(err, &done) {
			return done.error
		}
		if try >= c.tries || try >= 2 && unreachable(err) {
			return err
		}
		if err := c.wait(ctx, try, err); err != nil {
			return err
		}
	}
}

// wait pauses before the next try: longer each time, or as long as the server said.
func (c *Client) wait(ctx context.Context, try int, why error) error {
	pause := c.pause << min(try-1, 5)
	var b *busy
	if errors.As(why, &b) && b.wait > 0 {
		pause = b.wait
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(pause):
		return nil
	}
}
