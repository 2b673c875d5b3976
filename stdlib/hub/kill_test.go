package hub

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cogumi/stdlib/hub/hubtest"
)

// TestKilled: a download that is killed again and again at any moment ends with
// the right files, and goes on from what it had.
func TestKilled(t *testing.T) {
	if os.Getenv("HUB_TEST_CHILD") != "" {
		c, err := FromEnvironment()
		if err == nil {
			c.pause = time.Millisecond
			_, err = c.Download(context.Background(), ID{"org/m", "main"}, Options{})
		}
		fmt.Println("ended:", err)
		return
	}
	m := sharded()
	m.Files[shards[0]] = noise(8_000_000, 7)
	s := hubtest.New(t, map[string]hubtest.Model{"org/m": m})
	c := client(t, s)
	var asked atomic.Int64
	s.Hook(func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Range") != "" {
			asked.Add(1)
		}
		return false
	})
	// A slow line: a megabyte a connection.
	s.Cut(func(n int) int { time.Sleep(10 * time.Millisecond); return min(n, 1_000_000) })
	random := rand.New(rand.NewPCG(3, 3))
	kills := 0
	for ; kills < 40; kills++ {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilled$")
		cmd.Env = append(os.Environ(), "HUB_TEST_CHILD=1")
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		after := time.Duration(random.IntN(60)) * time.Millisecond
		ended, before := make(chan struct{}), s.Served(shards[0])
		go func() { // once it gets something, however long a busy machine takes to start it
			for until := time.Now().Add(20 * time.Second); s.Served(shards[0]) == before && time.Now().Before(until); {
				select {
				case <-ended:
					return
				case <-time.After(time.Millisecond):
				}
			}
			time.Sleep(after)
			cmd.Process.Kill()
		}()
		err := cmd.Wait()
		close(ended)
		if err == nil {
			if !strings.Contains(out.String(), "ended: <nil>") {
				t.Fatalf("child: %s", out.String())
			}
			break
		}
	}
	s.Cut(nil)
	r := get(t, c, "org/m")
	holds(t, r.Dir, m, append(shards, "config.json")...)
	if kills < 2 || asked.Load() == 0 {
		t.Errorf("%d kills, %d times asked for a rest", kills, asked.Load())
	}
	// What was on its way to a killed process is lost, what it wrote is not.
	if n := s.Served(shards[0]); n > 10_000_000 {
		t.Errorf("%d bytes were sent in %d downloads", n, kills+1)
	}
	t.Logf("%d kills, %d bytes sent for 8,000,000", kills, s.Served(shards[0]))
}
