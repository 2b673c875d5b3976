package experiment

import (
	"sync"
	"testing"
	"time"

	"cogumi/reports/run"
)

// TestEndMeetsAHeartbeat: a run ends while a heartbeat is about to write what has changed.
func TestEndMeetsAHeartbeat(t *testing.T) {
	w, err := run.Create(t.TempDir(), run.Info{Script: "s", Started: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	r := newRun()
	r.w, r.con, r.flags = w, &console{quiet: true}, &flagSet{}
	beating, ended := make(chan struct{}), make(chan error, 1)
	var first sync.Once
	w.Heartbeat(func() {
		first.Do(func() { close(beating) })
		for { // until the end's change is written and its lock is free or never will be
			if info, err := w.Info(); err == nil && info.State == run.Done {
				break
			}
			time.Sleep(time.Millisecond)
		}
		r.flush()
		r.change(func(*infoChanges) {})
		r.flush()
	})
	<-beating
	go func() { ended <- r.end(run.Done, nil) }()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the end and the heartbeat wait for each other")
	}
	if info, err := w.Info(); err != nil || info.State != run.Done {
		t.Errorf("%+v %v", info, err)
	}
}
