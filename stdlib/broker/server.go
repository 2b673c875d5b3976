package broker

import (
	"context"
	"encoding/json"
	"io"
	"sync"
)

// A Handler answers a question. ctx ends when the asker gave up or is gone.
type Handler func(ctx context.Context, question json.RawMessage) (answer any, err error)

// underWay bounds the questions that the parent works on; more wait in the socket.
const underWay = 256

// Serve answers until the asker ends, then waits for what is under way. The
// error says that the asker broke the rules.
func Serve(ctx context.Context, conn io.ReadWriter, handlers map[string]Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	s := &server{out: sender{w: conn}, ctx: ctx, handlers: handlers, cancels: map[uint64]context.CancelFunc{}, slots: make(chan struct{}, underWay)}
	err := lines(conn, s.receive)
	cancel()
	s.work.Wait()
	return err
}

type server struct {
	out      sender
	ctx      context.Context
	handlers map[string]Handler
	slots    chan struct{}
	work     sync.WaitGroup

	mu      sync.Mutex
	cancels map[uint64]context.CancelFunc
}

func (s *server) receive(m message) {
	if m.Cancel {
		s.mu.Lock()
		if cancel := s.cancels[m.ID]; cancel != nil {
			cancel()
		}
		s.mu.Unlock()
		return
	}
	s.slots <- struct{}{}
	ctx, cancel := context.WithCancel(s.ctx)
	s.mu.Lock()
	s.cancels[m.ID] = cancel
	s.mu.Unlock()
	s.work.Go(func() {
		reply := s.answer(ctx, m)
		cancel()
		s.mu.Lock()
		delete(s.cancels, m.ID)
		s.mu.Unlock()
		_ = s.out.send(reply) // an asker that is gone needs no answer
		<-s.slots
	})
}

func (s *server) answer(ctx context.Context, m message) message {
	reply := message{ID: m.ID}
	handle := s.handlers[m.Ask]
	if handle == nil {
		reply.Error = "the parent process does not know the question " + m.Ask
		return reply
	}
	answer, err := handle(ctx, m.Body)
	if err == nil {
		reply.Body, err = json.Marshal(answer)
	}
	if err != nil {
		reply.Body, reply.Error = nil, err.Error()
	}
	return reply
}
