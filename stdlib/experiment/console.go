package experiment

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"cogumi/reports/run"

	"golang.org/x/term"
)

// console shows what a run does: lines that stay, and on a terminal one live
// line below them. All of it goes to standard error; standard output is the script's.
type console struct {
	out   io.Writer
	tty   bool
	quiet bool
	style style
	width func() int

	mu    sync.Mutex
	live  string // the live line as it is drawn now
	steps []*stepLine
	bars  []*Progress
	tick  chan struct{} // closed to end the redrawing; nil when nothing moves
}

// stepLine is a step at work.
type stepLine struct {
	name    string
	resumed bool
	began   time.Time
	doing   string // what it does when it is not the step's own work
	detail  string // what its last operation came to
	told    bool   // plain mode: the start was shown
}

// plainState is what plain mode remembers of an operation.
type plainState struct{ shown time.Time }

const (
	redrawEvery = 100 * time.Millisecond
	plainFirst  = time.Second // shorter operations show only their end
	plainEvery  = 5 * time.Second
)

func newConsole(f *os.File) *console {
	if os.Getenv(envShown) != "" {
		return &console{out: io.Discard, quiet: true, width: func() int { return 80 }}
	}
	tty := term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
	return &console{
		out: f, tty: tty,
		quiet: os.Getenv(envQuiet) != "" && os.Getenv(envQuiet) != "0",
		style: style(tty && os.Getenv("NO_COLOR") == ""),
		width: func() int {
			if w, _, err := term.GetSize(int(f.Fd())); err == nil && w > 0 {
				return w
			}
			return 80
		},
	}
}

// line writes lines that stay, above the live one.
func (c *console) line(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lineLocked(text)
}

func (c *console) lineLocked(text string) {
	var b strings.Builder
	if c.live != "" {
		b.WriteString("\r\x1b[K")
	}
	b.WriteString(text + "\n" + c.live)
	io.WriteString(c.out, b.String())
}

// draw replaces the live line.
func (c *console) draw(text string) {
	if text == c.live {
		return
	}
	c.live = text
	if text == "" {
		io.WriteString(c.out, "\r\x1b[K")
		return
	}
	io.WriteString(c.out, "\r"+text+"\x1b[K")
}

func (c *console) title(name, dir string) {
	if !c.quiet {
		c.line(c.style.bold(name) + "  " + c.style.dim(dir))
	}
}

func (c *console) farewell(text string) {
	if !c.quiet {
		c.line(c.style.dim(text))
	}
}

// info shows a sentence, more as dimmed lines below it.
func (c *console) info(text string, more ...string) {
	if !c.quiet {
		c.line(c.block(c.style.dim("·"), text, more))
	}
}

// warn shows a warning, with -q too.
func (c *console) warn(text string, more ...string) {
	c.line(c.block(c.style.yellow("!"), text, more))
}

// urgent is said whatever the settings.
func (c *console) urgent(text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tty {
		c.draw("") // the terminal shows ^C on that line
	}
	c.lineLocked(text)
}

func (c *console) block(sign, text string, more []string) string {
	width := 100
	if c.tty {
		width = c.width() - 1
	}
	lines := wrap(text, width-4)
	b := "  " + sign + " " + strings.Join(lines, "\n    ")
	for _, m := range more {
		if m != "" {
			for _, l := range wrap(m, width-4) {
				b += "\n    " + c.style.dim(l)
			}
		}
	}
	return b
}

func (c *console) reused(name string, seconds float64) {
	if c.quiet {
		return
	}
	text := "reused"
	if seconds >= 1 {
		text += ", saved " + duration(time.Duration(seconds*float64(time.Second)))
	}
	c.line("  " + c.style.dim("↺") + " " + pad(name) + "  " + c.style.dim(text))
}

func (c *console) stepBegins(name string, resumed bool) *stepLine {
	s := &stepLine{name: name, resumed: resumed, began: time.Now()}
	if c.quiet {
		return s
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = append(c.steps, s)
	c.startTicking()
	c.redraw(time.Now())
	return s
}

func (c *console) stepEnds(s *stepLine, state run.State, took time.Duration) {
	if c.quiet {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps = slices.DeleteFunc(c.steps, func(o *stepLine) bool { return o == s })
	sign, text := c.style.green("✓"), duration(took)
	switch state {
	case run.Failed:
		sign, text = c.style.red("✗"), "failed after "+text
	case run.Interrupted:
		sign, text = c.style.yellow("‖"), "stopped after "+text
	}
	if s.resumed && state == run.Done {
		text += ", went on where it was stopped"
	}
	if s.detail != "" {
		text += "  " + s.detail
	}
	c.redraw(time.Now())
	c.lineLocked("  " + sign + " " + pad(s.name) + "  " + c.style.dim(text))
	c.stopTicking()
}

// busy shows that something else than the step's own work goes on; the result
// ends it.
func (c *console) busy(name, doing string) (end func()) {
	if c.quiet {
		return func() {}
	}
	s := &stepLine{name: name, doing: doing, began: time.Now()}
	c.mu.Lock()
	c.steps = append(c.steps, s) // drawn at the next tick: mostly it is over before
	c.startTicking()
	c.mu.Unlock()
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.steps = slices.DeleteFunc(c.steps, func(o *stepLine) bool { return o == s })
		c.redraw(time.Now())
		c.stopTicking()
	}
}

// pad lines up the columns behind names.
func pad(name string) string { return fmt.Sprintf("%-18s", name) }

func (c *console) progressBegins(p *Progress) {
	if c.quiet {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bars = append(c.bars, p)
	c.startTicking()
	c.redraw(time.Now())
}

// progressEnds leaves a line for an operation that took long enough to be
// noticed; inside a step it becomes the step's detail.
func (c *console) progressEnds(p *Progress, end *run.Progress, took time.Duration) {
	if c.quiet {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bars = slices.DeleteFunc(c.bars, func(o *Progress) bool { return o == p })
	detail := amount(end.Done, end.Unit)
	if end.Rate > 0 && took >= plainFirst {
		detail += ", " + rateText(end.Rate, end.Unit)
	}
	if end.Note != "" {
		detail += ", " + end.Note
	}
	c.redraw(time.Now())
	if i := slices.IndexFunc(c.steps, func(s *stepLine) bool { return s.name == p.step }); i >= 0 {
		c.steps[i].detail = detail
	} else if took >= plainFirst {
		sign := c.style.green("✓")
		if end.Done < end.Total {
			sign = c.style.yellow("‖") // it was stopped
		}
		c.lineLocked("  " + sign + " " + pad(p.name) + "  " + c.style.dim(duration(took)+"  "+detail))
	}
	c.stopTicking()
}

// startTicking keeps the live line moving while something is at work.
func (c *console) startTicking() {
	if c.tick != nil {
		return
	}
	done := make(chan struct{})
	c.tick = done
	go func() {
		t := time.NewTicker(redrawEvery)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-t.C:
				c.mu.Lock()
				if c.tick == done {
					c.redraw(now)
				}
				c.mu.Unlock()
			}
		}
	}()
}

func (c *console) stopTicking() {
	if c.tick != nil && len(c.steps) == 0 && len(c.bars) == 0 {
		close(c.tick)
		c.tick = nil
	}
}

// stop takes the live line away for good.
func (c *console) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.steps, c.bars = nil, nil
	c.stopTicking()
	if c.tty {
		c.draw("")
	}
}

// redraw shows the newest operation, or the innermost step.
func (c *console) redraw(now time.Time) {
	if !c.tty {
		c.plainLines(now)
		return
	}
	switch {
	case len(c.bars) > 0:
		c.draw(c.bars[len(c.bars)-1].state(now).bar(c.width(), c.style))
	case len(c.steps) > 0:
		s := c.steps[len(c.steps)-1]
		took := now.Sub(s.began)
		text := "  " + spin(took) + " " + pad(s.name) + "  " + duration(took)
		if s.doing != "" {
			text += "  " + s.doing
		}
		c.draw(clip(text, c.width()-1))
	default:
		c.draw("")
	}
}

func (c *console) plainLines(now time.Time) {
	for _, p := range c.bars {
		s := p.state(now)
		if s.elapsed < plainFirst || now.Sub(p.line.shown) < plainEvery {
			continue
		}
		p.line.shown = now
		c.lineLocked("  … " + s.plain())
		for _, s := range c.steps {
			s.told = true // something was seen to move
		}
	}
	for _, s := range c.steps {
		if !s.told && now.Sub(s.began) > plainFirst {
			s.told = true
			doing := s.doing
			if doing == "" {
				doing = "at work"
			}
			c.lineLocked("  … " + s.name + ": " + doing)
		}
	}
}
