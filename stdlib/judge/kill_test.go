package judge

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cogumi/stdlib/experiment"
)

const killParallel = 4

// TestMain is also the process that TestKill kills.
func TestMain(m *testing.M) {
	if os.Getenv("JUDGE_CHILD") == "" {
		os.Exit(m.Run())
	}
	experiment.SetArgs(nil)
	if _, err := experiment.StartScript("test.go"); err != nil {
		os.Exit(1)
	}
	j, err := Endpoint(EndpointConfig{Model: "gpt-4o", URL: os.Getenv("JUDGE_CHILD"), KeyEnv: "TEST_JUDGE_KEY", Parallel: killParallel, PriceFile: os.Getenv("JUDGE_PRICES")})
	if err == nil {
		var r *Result
		if r, err = Compare(j, match(60), Options{}); err == nil {
			b, _ := json.Marshal(r)
			os.Stdout.Write(b)
		}
	}
	experiment.Close(err)
	if err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// TestKill: a run that is killed again and again ends with the same result, and no
// answer that had come is paid again: what is asked twice was under way at a kill.
func TestKill(t *testing.T) {
	s := serve(t)
	s.delay = 15 * time.Millisecond
	root := t.TempDir()
	env := append(os.Environ(), "JUDGE_CHILD="+s.URL+"/v1", "TEST_JUDGE_KEY="+testKey, "JUDGE_PRICES="+priceFile(t), "COGUMI_RUNS="+filepath.Join(root, "runs"), "COGUMI_QUIET=1", "COGUMI_RUN_DIR=", "COGUMI_SCRIPT=")
	random := rand.New(rand.NewPCG(1, 2))
	kills := 0
	var last Result
	for {
		var out, errs bytes.Buffer
		c := exec.Command(os.Args[0])
		c.Env, c.Stdout, c.Stderr, c.Dir = env, &out, &errs, root
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		if kills < 12 {
			deadline := time.Duration(40+random.IntN(160)) * time.Millisecond
			timer := time.AfterFunc(deadline, func() { c.Process.Kill() })
			err := c.Wait()
			timer.Stop()
			if err != nil {
				kills++
				continue
			}
		} else if err := c.Wait(); err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
		if err := json.Unmarshal(out.Bytes(), &last); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		break
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	twice := 0
	for _, n := range s.good {
		twice += n - 1
	}
	if questions := 120 + 25; len(s.good) != questions || twice > kills*killParallel {
		t.Errorf("%d questions, %d of them paid again after %d kills", len(s.good), twice, kills)
	}
	if c := last.Total; c.Wins != 20 || c.Losses != 20 || c.Ties != 20 || c.Errors != 0 {
		t.Errorf("%+v", c)
	}
	if kills < 3 || last.Cost.Reused == 0 {
		t.Errorf("%d kills, %+v: nothing was tried", kills, last.Cost)
	}
	if twice > 0 && last.Cost.Doubt == 0 && last.Cost.Reused < 120 {
		t.Error("what was under way at a kill is in no account")
	}
	t.Logf("%d kills, %d questions asked again that were under way", kills, twice)
}

// TestLedgerCut: a line that a kill cut is dropped and written over; damage in the
// middle is an error, not an empty ledger.
func TestLedgerCut(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.jsonl")
	open := func() (*ledger, error) { return openLedger(t.Context(), path, nil) }
	l, err := open()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"a", "b", "c"} {
		l.write(entry{Kind: "ask", Key: key, Dollars: 1})
		if key != "c" {
			l.write(entry{Kind: "paid", Key: key, Text: "text " + key})
		}
	}
	l.write(entry{Kind: "void", Key: "b"})
	if err := l.close(); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	os.WriteFile(path, append(whole, `{"kind":"paid","key":"d","te`...), 0o600)
	if l, err = open(); err != nil {
		t.Fatal(err)
	}
	if !l.has("a") || l.has("b") || l.has("c") || l.has("d") || l.doubt("c") != 1 || l.doubt("a") != 0 {
		t.Errorf("%+v", l.paid)
	}
	l.write(entry{Kind: "paid", Key: "e"})
	l.close()
	if l, err = open(); err != nil || !l.has("e") {
		t.Fatalf("%v", err)
	}
	l.close()
	os.WriteFile(path, []byte(strings.Replace(string(whole), `"paid"`, `"paid`, 1)), 0o600)
	if _, err = open(); err == nil {
		t.Error("damage was read")
	}
}
