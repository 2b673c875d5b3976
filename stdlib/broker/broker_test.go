package broker

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func connect(t *testing.T, handlers map[string]Handler) (*Client, net.Conn, <-chan error) {
	t.Helper()
	ours, theirs := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- Serve(t.Context(), theirs, handlers) }()
	t.Cleanup(func() { ours.Close(); theirs.Close() })
	return NewClient(ours), ours, served
}

func TestManyQuestionsAtOnce(t *testing.T) {
	c, conn, served := connect(t, map[string]Handler{
		"double": func(_ context.Context, q json.RawMessage) (any, error) {
			var n int
			err := json.Unmarshal(q, &n)
			time.Sleep(time.Duration(n%7) * time.Millisecond) // answers overtake each other
			return 2 * n, err
		},
		"fail": func(context.Context, json.RawMessage) (any, error) { return nil, errors.New("it may not") },
	})
	var wg sync.WaitGroup
	for i := range 500 {
		wg.Go(func() {
			var got int
			if err := c.Ask(t.Context(), "double", i, &got); err != nil || got != 2*i {
				t.Errorf("double of %d: %d, %v", i, got, err)
			}
		})
	}
	wg.Wait()
	if err := c.Ask(t.Context(), "fail", nil, new(any)); err == nil || err.Error() != "it may not" {
		t.Errorf("a refusal came as %v", err)
	}
	if err := c.Ask(t.Context(), "unknown", nil, new(any)); err == nil || !strings.Contains(err.Error(), "unknown") {
		t.Errorf("an unknown question: %v", err)
	}
	conn.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := c.Ask(t.Context(), "double", 1, new(int)); err == nil {
		t.Error("a closed connection answers")
	}
}

func TestGivingUpReachesTheParent(t *testing.T) {
	var cancelled atomic.Int32
	c, conn, served := connect(t, map[string]Handler{
		"wait": func(ctx context.Context, _ json.RawMessage) (any, error) {
			<-ctx.Done()
			cancelled.Add(1)
			return nil, ctx.Err()
		},
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := c.Ask(ctx, "wait", nil, new(any)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	gone := make(chan error, 1)
	go func() { gone <- c.Ask(t.Context(), "wait", nil, new(any)) }()
	time.Sleep(20 * time.Millisecond)
	conn.Close() // the asker dies
	if err := <-gone; !errors.Is(err, ErrGone) {
		t.Errorf("%v", err)
	}
	<-served // which waits for the handlers
	if n := cancelled.Load(); n != 2 {
		t.Errorf("%d of 2 were told", n)
	}
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	for _, nonsense := range []string{"hello\n", "{\"id\":-1}\n", "[]\n"} {
		_, conn, served := connect(t, nil)
		if _, err := conn.Write([]byte(nonsense)); err != nil {
			t.Fatal(err)
		}
		if err := <-served; err == nil {
			t.Errorf("%q was taken", nonsense)
		}
	}
}

func FuzzLines(f *testing.F) {
	f.Add("{\"id\":1,\"ask\":\"x\",\"body\":{}}\n")
	f.Fuzz(func(t *testing.T, text string) {
		_ = lines(strings.NewReader(text), func(message) {})
	})
}
