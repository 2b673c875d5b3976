package notebook

import (
	"encoding/json"
	"sync"
)

// hub passes what happens on to every open page.
type hub struct {
	mu    sync.Mutex
	pages map[chan []byte]bool
}

// message is one event of the page's stream.
type message struct {
	Kind string `json:"kind"` // state, cell, output, print, points, busy, saved, bye
	Data any    `json:"data"`
}

func (m message) json() []byte {
	b, err := json.Marshal(m)
	if err != nil { // a number that JSON does not know: the page shows the rest
		b, _ = json.Marshal(message{"trouble", err.Error()})
	}
	return b
}

// pending is how many events a page may be behind. One that is further behind is
// let go; it comes back and begins with the state as it is then.
const pending = 512

// join adds a page; state is called with nothing sent in between.
func (h *hub) join(state func() []byte) (events chan []byte, leave func()) {
	events = make(chan []byte, pending)
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pages == nil {
		h.pages = map[chan []byte]bool{}
	}
	h.pages[events] = true
	events <- state()
	return events, func() { h.drop(events) }
}

func (h *hub) drop(page chan []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.pages[page] {
		delete(h.pages, page)
		close(page)
	}
}

// send passes an event on to all pages.
func (h *hub) send(kind string, data any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.pages) == 0 {
		return
	}
	b := message{kind, data}.json()
	for page := range h.pages {
		select {
		case page <- b:
		default:
			delete(h.pages, page)
			close(page)
		}
	}
}
