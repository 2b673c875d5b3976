package notebook

import (
	"context"
	"errors"
	"fmt"
	"go/format"
	"os"
	"slices"
	"strings"
	"time"

	"cogumi/runtime/cells"
	"cogumi/runtime/script"
)

// job is one piece that waits for its turn.
type job struct {
	ids  []int  // of its cells; several: declarations, which may need one another
	expr string // not the cell itself but the value of this, shown with the cell
	all  bool   // one of several: a failure keeps the rest from running
}

// run queues cells: mode cell, above, below (with the cell itself), all, stale.
func (b *book) run(mode string, id int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.tidy(); err != nil {
		return err
	}
	list, err := b.chosen(mode, id)
	if err != nil {
		return err
	}
	var declared *job
	for _, c := range list {
		if c.Status == running || c.Status == queued {
			continue
		}
		c.Status = queued
		if c.Kind == Decls && declared != nil && b.queue[len(b.queue)-1].ids[0] == declared.ids[0] {
			b.queue[len(b.queue)-1].ids = append(b.queue[len(b.queue)-1].ids, c.ID)
			continue
		}
		j := job{ids: []int{c.ID}, all: mode != "cell"}
		if c.Kind == Decls {
			declared = &j
		}
		b.queue = append(b.queue, j)
	}
	b.changedRun()
	return nil
}

// tidy formats the script as gofmt does, where it can be.
func (b *book) tidy() error {
	text, err := format.Source([]byte(b.disk))
	if err != nil || string(text) == b.disk {
		return nil
	}
	next := Parse(string(text))
	if len(next.Parts) != len(b.cells) {
		return nil
	}
	for i, p := range next.Parts {
		if p.Kind != b.cells[i].Kind || b.cells[i].draft != nil {
			return nil
		}
	}
	for i, p := range next.Parts { // each cell stays what it is, with another text
		if c := b.cells[i]; c.Text != p.Text {
			if c.ran == c.Text {
				c.ran = p.Text
			}
			c.Text = p.Text
			c.Rev++
		}
	}
	return b.put(next)
}

func (b *book) chosen(mode string, id int) (list []*cell, err error) {
	all := order(b.cells)
	at := slices.IndexFunc(all, func(c *cell) bool { return c.ID == id })
	if at < 0 && (mode == "cell" || mode == "above" || mode == "below") {
		return nil, errUnknown
	}
	switch mode {
	case "all":
		list = all
	case "cell":
		list = all[at : at+1]
	case "above":
		list = all[:at]
	case "below":
		list = all[at:]
	case "stale": // what was never run is no part of it
		list = slices.DeleteFunc(slices.Clone(all), func(c *cell) bool { return c.Stale == "" })
	default:
		return nil, fmt.Errorf("there is no way to run called %q", mode)
	}
	return slices.DeleteFunc(slices.Clone(list), func(c *cell) bool { return mode != "cell" && empty(c.text()) }), nil
}

// empty says whether there is nothing but a mark.
func empty(text string) bool {
	for line := range strings.Lines(text) {
		if l := strings.TrimSpace(line); l != "" && !strings.HasPrefix(l, "//") {
			return false
		}
	}
	return true
}

// show queues an expression, whose value is shown with a cell.
func (b *book) show(id int, expr string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, _ := b.cell(id); c == nil {
		return errUnknown
	}
	if strings.TrimSpace(expr) == "" || len(expr) > 1000 {
		return errors.New("nothing to show")
	}
	b.queue = append(b.queue, job{ids: []int{id}, expr: expr})
	b.changedRun()
	return nil
}

func (b *book) changedRun() {
	judge(b.cells)
	b.hub.send("state", b.state())
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// work runs what is queued, until ctx ends.
func (b *book) work(ctx context.Context) {
	for {
		b.mu.Lock()
		var j *job
		if len(b.queue) > 0 && b.busy == "" {
			j = &b.queue[0]
			b.queue = b.queue[1:]
		}
		b.mu.Unlock()
		if j != nil && ctx.Err() == nil {
			b.do(ctx, *j)
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-b.wake:
		}
	}
}

// do runs one piece to its end.
func (b *book) do(ctx context.Context, j job) {
	b.mu.Lock()
	list := b.those(j.ids)
	if len(list) == 0 {
		b.mu.Unlock()
		return
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	b.now, b.stop, b.asked = &j, stop, time.Time{}
	p := pieceOf(list)
	feed := &feed{b: b, c: list[0]}
	if j.expr != "" {
		p.name, p.src, feed.name = "value", j.expr, j.expr
	} else {
		for _, c := range list {
			c.Status, c.Problems, c.Notes, c.Outputs = running, nil, nil, nil
			b.hub.send("clear", c.ID)
		}
	}
	b.follow.read(nil) // what came before belongs to nobody
	b.hub.send("state", b.state())
	source := b.disk
	b.mu.Unlock()

	_ = os.WriteFile(b.host.Run().Source(), []byte(source), 0o644) // the report shows it; a run goes on without
	ended := make(chan struct{})
	go feed.ticks(ended)
	out, err := b.host.Eval(ctx, p.name, p.src, feed.event)
	close(ended)

	b.mu.Lock()
	defer b.mu.Unlock()
	feed.flush()
	b.follow.read(feed)
	b.over(j, p, out, err)
}

// those are the cells that are still there.
func (b *book) those(ids []int) (list []*cell) {
	for _, id := range ids {
		if c, _ := b.cell(id); c != nil {
			list = append(list, c)
		}
	}
	return list
}

// over is what a piece's end leads to.
func (b *book) over(j job, p *piece, out cells.Outcome, err error) {
	b.now, b.stop, b.asked = nil, nil, time.Time{}
	c := p.cells[0]
	for i, d := range out.Diagnostics {
		out.Diagnostics[i] = resolved(d)
	}
	var died *cells.ErrDied
	switch {
	case errors.As(err, &died):
		for _, o := range b.cells {
			o.forget()
		}
		b.give(c, &output{Kind: "error", Text: died.Failure.Message, Hint: "a new process goes on, in which nothing is declared. " + died.Failure.Hint})
		c.Status = failed
	case err != nil:
		b.give(c, &output{Kind: "error", Text: err.Error()})
		c.Status = failed
	case j.expr != "":
		for _, d := range out.Diagnostics {
			b.give(c, &output{Kind: "error", Name: j.expr, Text: d.Message, Hint: d.Hint})
		}
	default:
		b.seq++
		for i, c := range p.cells {
			c.finished(b.seq, p.texts[i], p.share(i, out))
		}
		for _, c := range p.cells {
			b.place(c)
		}
		c.Notes = append(c.Notes, remarks(&out)...)
	}
	if err != nil || out.Interrupted || j.all && (out.Failed() || out.Returned || out.Exit != nil) {
		b.unqueue()
	}
	b.changedRun()
}

// remarks are what a person should know of an end that is no failure.
func remarks(out *cells.Outcome) (list []string) {
	if out.Exit != nil {
		list = append(list, fmt.Sprintf("os.Exit(%d): a script would end here", *out.Exit))
	}
	if out.Returned {
		list = append(list, "return: a script would end here")
	}
	if out.Busy {
		list = append(list, "a part of it still works and ends at its next statement")
	}
	return list
}

// unqueue takes back what waits.
func (b *book) unqueue() {
	for _, j := range b.queue {
		for _, c := range b.those(j.ids) {
			if c.Status == queued {
				c.Status = idle
			}
		}
	}
	b.queue = nil
}

// place shows problems of a run in the cell that they are in: a function of
// another cell may be what failed.
func (b *book) place(c *cell) {
	var own []script.Diagnostic
	for _, d := range c.Problems {
		id, ok := cellOf(d.File)
		d.File = ""
		if other, _ := b.cell(id); ok && id != c.ID && other != nil {
			d.File = fmt.Sprintf("%s, line %d", titleOf(other), other.Line+d.Line-1)
			other.Problems = append(other.Problems, script.Diagnostic{Line: d.Line, Column: d.Column, Message: d.Message, Hint: "it was called by " + titleOf(c), Kind: d.Kind, Source: d.Source})
			d.Line = 0
		}
		own = append(own, d)
	}
	c.Problems = own
}

func titleOf(c *cell) string {
	if c.Title != "" {
		return "the cell “" + c.Title + "”"
	}
	return fmt.Sprintf("the cell at line %d", c.Line)
}

// late takes what comes outside of any piece.
func (b *book) late(e cells.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.Late != nil:
		late := resolved(*e.Late)
		if id, ok := cellOf(late.File); ok {
			if c, _ := b.cell(id); c != nil {
				late.File = ""
				c.Problems = append(c.Problems, late)
				b.hub.send("state", b.state())
				return
			}
		}
		b.hub.send("trouble", e.Late.Message)
	case e.Text != "" && len(e.Text) < 1<<16:
		b.hub.send("late", e.Text)
	}
}

// interrupt asks the running cell to end, and takes back what waits. Asked again a
// second later it ends the process: for a piece that does not listen.
func (b *book) interrupt(kill bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unqueue()
	switch {
	case b.now == nil:
	case kill && !b.asked.IsZero():
		b.host.Kill()
	case b.asked.IsZero():
		b.asked = time.Now()
		b.stop()
	}
	b.hub.send("state", b.state())
}

// restart begins a new process. What runs is ended.
func (b *book) restart() error {
	b.mu.Lock()
	if b.busy != "" {
		b.mu.Unlock()
		return nil
	}
	b.busy = "restart"
	b.unqueue()
	if b.now != nil {
		b.asked = time.Now()
		b.stop()
		go func() { // a piece that does not listen
			time.Sleep(2 * time.Second)
			b.mu.Lock()
			defer b.mu.Unlock()
			if b.now != nil {
				b.host.Kill()
			}
		}()
	}
	b.hub.send("state", b.state())
	b.mu.Unlock()
	for b.running() {
		time.Sleep(20 * time.Millisecond)
	}
	err := b.host.Restart()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = ""
	for _, c := range b.cells {
		c.forget()
	}
	b.changedRun()
	return err
}

func (b *book) running() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now != nil
}
