package script

import (
	"go/token"
	"strings"
	"time"

	"cogumi/runtime/script/interp"
)

// OnPosition is told where the script is, when that has changed; the command line
// sets it. What ends the process without a word, a lack of memory or a stack that
// is full, then has a line.
var OnPosition func(line, column int)

// watching is how often a running script is looked at.
const watching = 20 * time.Millisecond

// still is how long a script must have stayed at one statement before it may be
// taken for asleep.
const still = 2 * time.Second

// wakers are what can wake a script that waits: timers, signals, files. Who uses
// one of them is never taken for asleep.
var wakers = []string{
	"time.After", "time.NewTimer", "time.Tick", "time.NewTicker", "AfterFunc", "WithTimeout", "WithDeadline",
	".Context(", "os.Stdin", "os.Pipe", "OpenFile", "os.Open", "Notify",
}

// watch follows a script until over is closed.
func watch(m *interp.Machine, src string, over <-chan struct{}) {
	maySleep := true
	for _, w := range wakers {
		maySleep = maySleep && !strings.Contains(src, w)
	}
	tick := time.NewTicker(watching)
	defer tick.Stop()
	var last token.Position
	since, asleep := time.Now(), 0
	for {
		select {
		case <-over:
			return
		case <-tick.C:
		}
		switch now := m.Where(); {
		case now != last:
			last, since, asleep = now, time.Now(), 0
			if OnPosition != nil && now.Line > 0 {
				OnPosition(now.Line, now.Column)
			}
		case maySleep && time.Since(since) > still:
			since = time.Now() // and again after as long a time
			if !m.Asleep() {
				asleep = 0
			} else if asleep++; asleep == 2 {
				m.EndAsleep()
				return
			}
		}
	}
}
