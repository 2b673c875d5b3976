package notebook

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"cogumi/reports/run/durable"
	"cogumi/runtime/cells"
	"cogumi/runtime/script"
)

// book is an open script with its session. What the page sees changes under mu
// only, and every change is sent under it, so that pages get them in order.
type book struct {
	Config
	hub hub

	mu     sync.Mutex
	doc    *Document
	cells  []*cell // one for each part
	nextID int
	disk   string    // the file's text as read or written last
	stamp  time.Time // the file's, then
	gone   bool      // the file cannot be read
	rev    int       // of the document, for checks that come late

	host   *cells.Host
	queue  []job
	now    *job // that runs
	stop   context.CancelFunc
	asked  time.Time // when an interrupt was asked for
	seq    int
	wake   chan struct{}
	follow *follower
	busy   string // what the session does besides running: restart

	offline   *cells.Session // answers questions while the session runs
	offlineMu sync.Mutex
}

// Errors of edits, as the page tells them apart.
var (
	errConflict = errors.New("the cell has changed elsewhere")
	errUnknown  = errors.New("this cell is no longer there")
)

func openBook(cfg Config) (*book, error) {
	b := &book{Config: cfg, wake: make(chan struct{}, 1)}
	text, err := os.ReadFile(cfg.File)
	if err != nil {
		return nil, fmt.Errorf("open the notebook: %w", err)
	}
	b.stamp = stamp(cfg.File)
	b.take(Parse(string(text)))
	b.disk = string(text)
	return b, nil
}

func stamp(path string) time.Time {
	if fi, err := os.Stat(path); err == nil {
		return fi.ModTime()
	}
	return time.Time{}
}

// take makes d the document.
func (b *book) take(d *Document) {
	b.doc = d
	b.rev++
	b.cells = match(b.cells, d.Parts, func() *cell {
		b.nextID++
		return &cell{ID: b.nextID}
	})
	judge(b.cells)
}

func (b *book) cell(id int) (*cell, int) {
	i := slices.IndexFunc(b.cells, func(c *cell) bool { return c.ID == id })
	if i < 0 {
		return nil, -1
	}
	return b.cells[i], i
}

// edit gives a cell the text that a page has typed over revision rev of it. A text
// that would change what is around the cell is kept, and not written yet.
func (b *book) edit(id, rev int, text string) (now int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, i := b.cell(id)
	if c == nil {
		return 0, errUnknown
	}
	if c.Rev != rev {
		return c.Rev, errConflict
	}
	if text == c.text() {
		return c.Rev, nil
	}
	next, err := b.doc.Replace(i, text)
	if errors.Is(err, ErrOpen) {
		c.draft, c.Refused = &text, "not saved yet: a bracket, comment or string does not end"
		c.Rev++
		b.changed()
		return c.Rev, nil
	}
	if err != nil {
		return c.Rev, err
	}
	c.draft, c.Refused = nil, ""
	if c.Text == next.Parts[i].Text { // back to what is in the file
		c.Rev++
	}
	err = b.put(next)
	return c.Rev, err
}

// put writes a changed document and shows it.
func (b *book) put(next *Document) error {
	text := next.Text()
	if now := stamp(b.File); !now.Equal(b.stamp) { // somebody was faster: their text goes in first
		if disk, err := os.ReadFile(b.File); err == nil && string(disk) != b.disk {
			b.reload(string(disk))
			return errConflict
		}
	}
	if err := durable.WriteBytes(b.File, []byte(text)); err != nil {
		return fmt.Errorf("save the notebook: %w", err)
	}
	b.disk, b.stamp, b.gone = text, stamp(b.File), false
	b.take(next)
	b.changed()
	return nil
}

// reload takes over what an editor wrote into the file.
func (b *book) reload(text string) {
	b.disk, b.stamp, b.gone = text, stamp(b.File), false
	b.take(Parse(text))
	b.changed()
}

// changed shows the cells anew and looks at them.
func (b *book) changed() {
	judge(b.cells)
	b.hub.send("state", b.state())
	go b.lint(b.rev)
}

// insert adds a cell behind another part.
func (b *book) insert(after int) (id int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, i := b.cell(after)
	if i < 0 {
		return 0, errUnknown
	}
	next, at, err := b.doc.Insert(i)
	if err != nil {
		return 0, err
	}
	return b.placed(next, at)
}

// placed puts a document and tells the cell at a place of it.
func (b *book) placed(next *Document, at int) (int, error) {
	if err := b.put(next); err != nil {
		return 0, err
	}
	return b.cells[at].ID, nil
}

func (b *book) remove(id int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, i := b.cell(id)
	if c == nil {
		return errUnknown
	}
	if c.Status == running || c.Status == queued {
		return errors.New("the cell runs; interrupt it first")
	}
	next, err := b.doc.Remove(i)
	if err != nil {
		return err
	}
	return b.put(next)
}

func (b *book) move(id, by int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, i := b.cell(id)
	if c == nil {
		return errUnknown
	}
	next, at, err := b.doc.Move(i, by)
	if err != nil {
		return err
	}
	// The cells go along by their places: a mark that was added is no other cell.
	b.cells[i], b.cells[at] = b.cells[at], b.cells[i]
	for _, k := range []int{i, at} {
		if b.cells[k].Text != next.Parts[k].Text {
			b.cells[k].Text = next.Parts[k].Text
			b.cells[k].Rev++
		}
	}
	return b.put(next)
}

// view is the whole state as pages get it.
type view struct {
	File  string      `json:"file"`
	Path  string      `json:"path"`
	Run   string      `json:"run"`
	Gone  bool        `json:"gone"`
	Busy  string      `json:"busy"`
	Cells []*cellView `json:"cells"`
	Stop  bool        `json:"stopping"`      // an interrupt was asked for
	All   bool        `json:"all,omitempty"` // with outputs
}

// cellView is a cell with the text that the page shows; Outputs goes out once, to
// a page that begins.
type cellView struct {
	*cell
	Shown   string    `json:"shown"`
	Outputs []*output `json:"outputs,omitempty"`
}

// state is without outputs: they are sent as they come.
func (b *book) state() *view {
	v := &view{File: filepath.Base(b.File), Path: b.File, Gone: b.gone, Busy: b.busy, Stop: !b.asked.IsZero()}
	if b.host != nil {
		v.Run = filepath.Base(b.host.Dir())
	}
	for _, c := range b.cells {
		v.Cells = append(v.Cells, &cellView{cell: c, Shown: c.text()})
	}
	return v
}

// whole is the state with all outputs.
func (b *book) whole() *view {
	v := b.state()
	v.All = true
	for i, c := range b.cells {
		v.Cells[i].Outputs = c.Outputs
	}
	return v
}

// lint says what cogumi run would refuse, in the cells' own lines.
func (b *book) lint(rev int) {
	time.Sleep(150 * time.Millisecond) // who types goes on typing
	b.mu.Lock()
	text := b.disk
	old := b.rev != rev
	b.mu.Unlock()
	if old {
		return
	}
	list := script.Check(b.File, []byte(text))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rev != rev {
		return
	}
	for _, c := range b.cells {
		c.Lint = nil
		lines := strings.Count(c.Text, "\n") + 1
		for _, d := range list {
			if d.Line < c.Line || d.Line >= c.Line+lines || d.Line == c.Line+lines-1 && strings.HasSuffix(c.Text, "\n") {
				continue
			}
			d.Line -= c.Line - 1
			if strings.HasSuffix(d.Message, "is not used") && !strings.HasPrefix(d.Message, "declared") {
				d.Hint = "write _ = before it: the notebook shows the value, and the script still runs"
			}
			c.Lint = append(c.Lint, d)
		}
	}
	b.hub.send("state", b.state())
}

// watch takes over what others write into the file, until ctx ends.
func (b *book) watch(ctx context.Context) {
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b.look()
		}
	}
}

func (b *book) look() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := stamp(b.File); now.Equal(b.stamp) {
		return
	}
	text, err := os.ReadFile(b.File)
	switch {
	case err != nil && !b.gone: // an editor may replace it in two steps
		b.gone, b.stamp = true, time.Time{}
		b.hub.send("state", b.state())
	case err == nil && (b.gone || string(text) != b.disk):
		b.reload(string(text))
	case err == nil:
		b.stamp = stamp(b.File)
	}
}
