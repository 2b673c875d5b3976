package judge

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/sashabaranov/go-openai"

	"cogumi/stdlib/experiment"
)

// hear asks all cases, as many at once as the endpoint takes.
func (e *endpoint) hear(ctx context.Context, h *hearing, cases []ask, done func(int, Decision, error)) error {
	if h.limit > 0 && e.price == nil {
		return experiment.Hint(fmt.Errorf("judge %s: its price is not known, so the limit of $%g cannot be kept", e.c.Model, h.limit), "give the price in a table of your own (PriceFile)")
	}
	if e.c.Batch {
		if err := e.batch(ctx, h, cases); err != nil {
			return err
		}
	}
	calls, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(grace, stop) })()
	h.calls = calls
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	limit := newLimiter(e.c.Parallel)
	next := make(chan int)
	var group sync.WaitGroup
	for range min(e.c.Parallel, len(cases)) {
		group.Go(func() {
			for i := range next {
				d, err := e.decide(ctx, h, limit, &cases[i])
				if fatal(err) {
					cancel(err)
				}
				if ctx.Err() != nil && err != nil {
					continue // not an error of the case: the hearing ends
				}
				done(i, d, err)
				if h.broken != nil {
					if err := h.broken(); err != nil {
						cancel(err)
					}
				}
			}
		})
	}
feed:
	for i := range cases {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	group.Wait()
	return context.Cause(ctx)
}

// grace is how long calls under way may still bring what is paid when the run is
// told to stop.
const grace = 15 * time.Second

// fatalError ends the hearing: every further call would fail the same way.
type fatalError struct{ error }

func (f *fatalError) Unwrap() error { return f.error }

func fatal(err error) bool {
	var f *fatalError
	return errors.As(err, &f) || errors.Is(err, ErrBudget)
}

// decide asks, and asks once more when the answer cannot be used.
func (e *endpoint) decide(ctx context.Context, h *hearing, limit *limiter, a *ask) (Decision, error) {
	messages := a.messages()
	var keys []string
	var why error
	for range 2 {
		body, err := e.body(messages)
		if err != nil {
			return Decision{}, err
		}
		key := e.keyOf(body)
		got, err := e.answer(ctx, h, limit, key, body)
		if err != nil {
			return Decision{}, err
		}
		keys = append(keys, key)
		var d Decision
		d, why = a.read(got.Text)
		d.Model = got.Model
		switch {
		case why == nil && !e.c.AnyModel && !sameModel(e.c.Model, got.Model) && got.Model != "":
			return Decision{}, errors.Join(fmt.Errorf("%w: %.60q instead of %q", ErrOtherModel, got.Model, e.c.Model), e.void(keys))
		case why == nil:
			return d, nil
		case got.End == "content_filter" || got.End == "refusal":
			return Decision{}, errors.Join(fmt.Errorf("%w (%s)", ErrRefused, got.End), e.void(keys))
		}
		if got.End == "length" {
			why = fmt.Errorf("it was cut off after %d tokens", e.c.MaxTokens)
		}
		messages = append(messages, openai.ChatCompletionMessage{Role: "assistant", Content: got.Text},
			openai.ChatCompletionMessage{Role: "user", Content: strings.NewReplacer("{why}", why.Error()).Replace(again)})
	}
	return Decision{}, errors.Join(fmt.Errorf("%w, asked twice: %w", ErrMalformed, why), e.void(keys))
}

// void makes sure that an unusable answer is asked for anew by the next run.
func (e *endpoint) void(keys []string) error {
	for _, key := range keys {
		if err := e.book.write(entry{Kind: "void", Key: key}); err != nil {
			return err
		}
	}
	return nil
}

// answer is the ledger's answer, or one that is paid now and stands there then.
func (e *endpoint) answer(ctx context.Context, h *hearing, limit *limiter, key string, body []byte) (entry, error) {
	got, found, err := e.book.claim(ctx, key)
	if err != nil {
		return entry{}, err
	}
	if found {
		if !e.book.earlier(key) {
			return got, nil
		}
		h.spent.note(func(c *Cost) { c.reuse(got) })
		return got, nil
	}
	defer e.book.release(key)
	if d := e.book.doubt(key); d > 0 {
		h.spent.note(func(c *Cost) { c.Doubt += d })
	}
	var last error
	for attempt := range attempts {
		if attempt > 0 {
			h.spent.note(func(c *Cost) { c.Retries++ })
			if err := sleep(ctx, e.wait(attempt)); err != nil {
				return entry{}, err
			}
		}
		got, again, err := e.once(ctx, h, limit, key, body)
		if err == nil {
			return got, nil
		}
		if !again {
			return entry{}, err
		}
		last = err
	}
	return entry{}, fmt.Errorf("asked %d times: %w", attempts, last)
}

// wait is the back-off before an attempt: doubling, half of it by chance, so that
// callers who failed together do not come back together.
func (e *endpoint) wait(attempt int) time.Duration {
	d := min(e.back<<(attempt-1), longWait)
	return d/2 + rand.N(d/2+1)
}

// once is one call. again says that another attempt may go better.
func (e *endpoint) once(ctx context.Context, h *hearing, limit *limiter, key string, body []byte) (_ entry, again bool, err error) {
	if err := limit.acquire(ctx); err != nil {
		return entry{}, false, err
	}
	began, x, crowded := time.Now(), &exchange{body: body, once: key}, false
	defer func() { limit.release(began, crowded, x.after) }()
	most := e.most(body)
	if err := e.reserve(ctx, h, most); err != nil {
		return entry{}, false, err
	}
	if err := e.book.write(entry{Kind: "ask", Key: key, Dollars: most}); err != nil {
		h.spent.settle(most, func(*Cost) {})
		return entry{}, false, &fatalError{err}
	}
	resp, err := e.client.CreateChatCompletion(context.WithValue(h.calls, exchangeKey{}, x), openai.ChatCompletionRequest{Model: e.c.Model})
	if err == nil && len(resp.Choices) == 0 {
		err = errors.New("the endpoint's answer has no choices")
	}
	if err == nil {
		got := e.entry(key, &resp, 1)
		h.spent.settle(most, func(c *Cost) { c.pay(got) })
		if err := e.book.write(got); err != nil {
			return entry{}, false, &fatalError{err}
		}
		return got, false, nil
	}
	err = e.net.clean(err)
	crowded = x.status == http.StatusTooManyRequests || x.status >= 500 || x.status == 0
	if free := x.status >= 400; free {
		h.spent.settle(most, func(*Cost) {})
		if bad := e.book.write(entry{Kind: "free", Key: key}); bad != nil {
			return entry{}, false, &fatalError{bad}
		}
	} else { // no answer, or half of one: it may have been paid
		h.spent.settle(most, func(c *Cost) { c.Doubt += most })
	}
	if ctx.Err() != nil {
		return entry{}, false, context.Cause(ctx)
	}
	again, err = classify(x.status, err, e.c)
	return entry{}, again, err
}

// reserve waits where calls under way may leave enough of the limit.
func (e *endpoint) reserve(ctx context.Context, h *hearing, most float64) error {
	for {
		wait, err := h.spent.reserve(most)
		if wait == nil || err != nil {
			return err
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// entry is an answer as the ledger keeps it. factor is that of the Batch API.
func (e *endpoint) entry(key string, r *openai.ChatCompletionResponse, factor float64) entry {
	u := Usage{Input: r.Usage.PromptTokens, Output: r.Usage.CompletionTokens}
	if d := r.Usage.PromptTokensDetails; d != nil {
		u.Cached = min(d.CachedTokens, u.Input)
	}
	if d := r.Usage.CompletionTokensDetails; d != nil {
		u.Reasoning = d.ReasoningTokens
	}
	choice := r.Choices[0]
	got := entry{Kind: "paid", Key: key, Text: e.net.scrubText(choice.Message.Content), Model: e.net.scrubText(r.Model), End: string(choice.FinishReason), Usage: &u}
	if choice.Message.Refusal != "" {
		got.End = "refusal"
	}
	if e.price != nil {
		got.Dollars = factor * e.price.of(u)
	}
	return got
}

func (c *Cost) pay(got entry) {
	c.Calls++
	c.Paid += got.Dollars
	c.Usage.add(*got.Usage)
}

func (c *Cost) reuse(got entry) {
	c.Reused++
	c.Saved += got.Dollars
	if got.Usage != nil {
		c.Spared.add(*got.Usage)
	}
}

// classify says whether a failed call may go better the next time.
func classify(status int, err error, c EndpointConfig) (again bool, _ error) {
	var api *openai.APIError
	code := ""
	if errors.As(err, &api) {
		code = fmt.Sprint(api.Code)
	}
	switch {
	case errors.Is(err, errHuge):
		return false, err
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return false, &fatalError{experiment.Hint(fmt.Errorf("the endpoint refuses the key: %w", err), "check "+c.KeyEnv)}
	case status == http.StatusNotFound:
		return false, &fatalError{experiment.Hint(fmt.Errorf("the endpoint does not know %s: %w", c.Model, err), "check the model and the URL")}
	case code == "insufficient_quota" || status == http.StatusPaymentRequired:
		return false, &fatalError{experiment.Hint(fmt.Errorf("the account is empty: %w", err), "what is paid is kept: run it again later")}
	case status == http.StatusTooManyRequests, status == http.StatusRequestTimeout, status == http.StatusConflict, status >= 500:
		return true, err
	case status >= 400:
		return false, err
	}
	return true, err // the connection broke, or the answer is no JSON
}

// decodeAnswer decodes one answer of the Batch API.
func decodeAnswer(b []byte) (*openai.ChatCompletionResponse, error) {
	var r openai.ChatCompletionResponse
	if err := json.Unmarshal(b, &r); err != nil {
		return nil, err
	}
	if len(r.Choices) == 0 {
		return nil, errors.New("the answer has no choices")
	}
	return &r, nil
}
