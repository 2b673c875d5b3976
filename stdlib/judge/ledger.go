package judge

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"cogumi/reports/run/durable"
)

// ledger keeps every answer that was paid, under the hash of what was sent, from
// the moment on in which it came: whoever is killed and asks again reads it here.
// It holds no failures, and it is one file per judge that only grows.
type ledger struct {
	mu     sync.Mutex
	file   *os.File
	paid   map[string]entry
	asked  map[string]float64 // sent by an earlier process, no answer seen: what it can have cost
	going  map[string]chan struct{}
	fresh  map[string]bool // paid by this process
	failed error
	stop   chan struct{}
	gone   chan struct{}
	unlock func()
}

// entry is one line. Kind is ask (sent), paid (answered), free (answered, not paid)
// or void (the answer is not to be used again).
type entry struct {
	Kind    string  `json:"kind"`
	Key     string  `json:"key"`
	Text    string  `json:"text,omitempty"`
	Model   string  `json:"model,omitempty"`
	End     string  `json:"end,omitempty"` // finish reason
	Usage   *Usage  `json:"usage,omitempty"`
	Dollars float64 `json:"dollars,omitempty"`
}

const syncEvery = 100 * time.Millisecond

// openLedger waits while another run works with the same judge.
func openLedger(ctx context.Context, path string, waiting func()) (*ledger, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("open the ledger of judgements: %w", err)
	}
	unlock, err := durable.Lock(ctx, path+".lock", waiting)
	if err != nil {
		return nil, fmt.Errorf("open the ledger of judgements: %w", err)
	}
	l := &ledger{paid: map[string]entry{}, fresh: map[string]bool{}, asked: map[string]float64{}, going: map[string]chan struct{}{}, stop: make(chan struct{}), gone: make(chan struct{}), unlock: unlock}
	if l.file, err = os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600); err == nil {
		err = l.read()
	}
	if err != nil {
		unlock()
		return nil, fmt.Errorf("read the ledger %s: %w", path, err)
	}
	go l.syncing()
	return l, nil
}

// read takes all whole lines and cuts what a kill left of the last one.
func (l *ledger) read() error {
	in, whole := bufio.NewReaderSize(l.file, 1<<16), int64(0)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimSpace(line), &e); err != nil {
			return fmt.Errorf("byte %d: %w", whole, err)
		}
		whole += int64(len(line))
		switch e.Kind {
		case "ask":
			l.asked[e.Key] += e.Dollars
		case "paid":
			delete(l.asked, e.Key)
			l.paid[e.Key] = e
		case "free":
			delete(l.asked, e.Key)
		case "void":
			delete(l.paid, e.Key)
		}
	}
	if err := l.file.Truncate(whole); err != nil {
		return err
	}
	_, err := l.file.Seek(whole, io.SeekStart)
	return err
}

func (l *ledger) write(e entry) error {
	b, err := json.Marshal(e)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failed != nil {
		return l.failed
	}
	if err == nil {
		_, err = l.file.Write(append(b, '\n'))
	}
	if err != nil {
		l.failed = fmt.Errorf("write the ledger of judgements: %w", err)
		return l.failed
	}
	switch e.Kind {
	case "paid":
		l.paid[e.Key], l.fresh[e.Key] = e, true
	case "void":
		delete(l.paid, e.Key)
	}
	return nil
}

// claim gives the answer that is there, or the right to ask for it until release
// is called; equal questions wait for the first one.
func (l *ledger) claim(ctx context.Context, key string) (e entry, found bool, err error) {
	for {
		l.mu.Lock()
		if e, ok := l.paid[key]; ok {
			l.mu.Unlock()
			return e, true, nil
		}
		wait, busy := l.going[key]
		if !busy {
			l.going[key] = make(chan struct{})
			l.mu.Unlock()
			return entry{}, false, nil
		}
		l.mu.Unlock()
		select {
		case <-wait:
		case <-ctx.Done():
			return entry{}, false, context.Cause(ctx)
		}
	}
}

func (l *ledger) release(key string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.going[key])
	delete(l.going, key)
}

// has says whether an answer is there.
func (l *ledger) has(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.paid[key]
	return ok
}

// earlier says whether an earlier process paid for an answer.
func (l *ledger) earlier(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.fresh[key]
}

// doubt is what calls of killed runs can have cost, for keys that are asked again.
func (l *ledger) doubt(key string) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.asked[key]
	delete(l.asked, key)
	return d
}

// syncing survives a loss of power but for a moment, without a sync for each line.
func (l *ledger) syncing() {
	defer close(l.gone)
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-l.stop:
			return
		case <-tick.C:
			if err := l.file.Sync(); err != nil {
				l.mu.Lock()
				l.failed = errors.Join(l.failed, err)
				l.mu.Unlock()
			}
		}
	}
}

func (l *ledger) close() error {
	close(l.stop)
	<-l.gone
	defer l.unlock()
	return errors.Join(l.failed, l.file.Sync(), l.file.Close())
}
