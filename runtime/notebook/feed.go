package notebook

import (
	"time"

	"cogumi/runtime/cells"
)

// feed is the way of what a piece gives to its cell and to the pages. What is
// printed goes out a few times a second, however much it is.
type feed struct {
	b    *book
	c    *cell
	name string // of the value that is asked for
	text string // not sent yet
	kind string // its stream
	cut  int    // bytes that the kept text lacks
}

const every = 60 * time.Millisecond

func (f *feed) ticks(ended <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			f.b.mu.Lock()
			f.flush()
			f.b.follow.read(f)
			f.b.mu.Unlock()
		}
	}
}

func (f *feed) event(e cells.Event) {
	f.b.mu.Lock()
	defer f.b.mu.Unlock()
	switch e.Kind {
	case "stdout", "stderr":
		if f.kind != e.Kind {
			f.flush()
		}
		f.kind = e.Kind
		f.text += e.Text
		if len(f.text) > keptTail {
			f.flush()
		}
	case "value":
		f.flush()
		f.b.give(f.c, &output{Kind: "value", Name: f.name, Value: e.Value})
	case "late":
		f.flush()
		if e.Late != nil {
			late := resolved(*e.Late)
			late.File = ""
			f.c.Problems = append(f.c.Problems, late)
		}
	}
}

// flush adds what was printed to the cell. Called with the book locked.
func (f *feed) flush() {
	if f.text == "" {
		return
	}
	text := f.text
	f.text = ""
	n := len(f.c.Outputs)
	if n > 0 && f.c.Outputs[n-1].Kind == f.kind {
		f.c.Outputs[n-1].print(text, &f.cut)
		f.b.hub.send("print", printed{f.c.ID, n - 1, text})
		return
	}
	f.cut = 0
	f.b.give(f.c, &output{Kind: f.kind, Text: text})
}

// printed is text that a stream went on with.
type printed struct {
	ID   int    `json:"id"`
	At   int    `json:"at"`
	Text string `json:"text"`
}

// given is an output that is new, or takes the place of a former one.
type given struct {
	ID     int     `json:"id"`
	At     int     `json:"at"`
	Output *output `json:"output"`
}

// give adds an output to a cell. A named value takes the place of the former one.
func (b *book) give(c *cell, o *output) {
	at := len(c.Outputs)
	if o.Name != "" {
		for i, old := range c.Outputs {
			if old.Name == o.Name && (old.Kind == o.Kind || o.Kind == "error" || old.Kind == "error") {
				at = i
			}
		}
	}
	if at == len(c.Outputs) {
		if at >= maxOutputs {
			return
		}
		c.Outputs = append(c.Outputs, nil)
	}
	c.Outputs[at] = o
	b.hub.send("output", given{c.ID, at, o})
}
