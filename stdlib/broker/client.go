package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// Client asks.
type Client struct {
	out  sender
	mu   sync.Mutex
	next uint64
	open map[uint64]chan message
	gone chan struct{}
}

// ErrGone: the parent listens no more.
var ErrGone = errors.New("the parent process listens no more")

// NewClient asks over conn.
func NewClient(conn io.ReadWriter) *Client {
	c := &Client{out: sender{w: conn}, open: map[uint64]chan message{}, gone: make(chan struct{})}
	go func() {
		_ = lines(conn, c.receive) // however it ends, nobody answers any more
		close(c.gone)
	}()
	return c
}

func (c *Client) receive(m message) {
	c.mu.Lock()
	answer := c.open[m.ID]
	delete(c.open, m.ID)
	c.mu.Unlock()
	if answer != nil {
		answer <- m
	}
}

// Ask sends a question and reads the answer into answer. When ctx ends the
// parent is told to give up.
func (c *Client) Ask(ctx context.Context, name string, question, answer any) error {
	body, err := json.Marshal(question)
	if err != nil {
		return fmt.Errorf("ask the parent process: %w", err)
	}
	mine := make(chan message, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.open[id] = mine
	c.mu.Unlock()
	if err := c.out.send(message{ID: id, Ask: name, Body: body}); err != nil {
		c.forget(id)
		return err
	}
	select {
	case m := <-mine:
		if m.Error != "" {
			return errors.New(m.Error)
		}
		if err := json.Unmarshal(m.Body, answer); err != nil {
			return fmt.Errorf("read the parent's answer: %w", err)
		}
		return nil
	case <-ctx.Done():
		c.forget(id)
		_ = c.out.send(message{ID: id, Cancel: true}) // gone: it has given up already
		return context.Cause(ctx)
	case <-c.gone:
		return ErrGone
	}
}

func (c *Client) forget(id uint64) {
	c.mu.Lock()
	delete(c.open, id)
	c.mu.Unlock()
}

var parent atomic.Pointer[Client]

// SetParent says whom this process asks; called once, before anything runs.
func SetParent(c *Client) { parent.Store(c) }

// Parent is whom this process asks; nil: it does everything itself.
func Parent() *Client { return parent.Load() }
