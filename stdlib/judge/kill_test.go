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
	"cogumi/stdlib/experiment/experimenttest"
)

const killParallel = 4

// TestMain is also the process that TestKill kills.
func TestMain(m *testing.M) {
	if os.Getenv("JUDGE_SERVER") != "" {
		serveAlone()
	}
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
		m := match(60)
		for i := range m.Pairs {
			m.Pairs[i].Row.Answer = "" // nothing to grade: kills are to hit the judging
		}
		if r, err = Compare(j, m, Options{}); err == nil {
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

// TestKill: runs that are killed at 100 moments end with the same result, and no
// answer that had come is paid again: what is asked twice was under way at a kill.
func TestKill(t *testing.T) {
	moments := 100
	if testing.Short() {
		moments = 8
	}
	random := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	kills, twice := 0, 0
	for runs := 0; kills < moments && runs < 3*moments; runs++ {
		k, again := killed(t, random, moments-kills)
		kills, twice = kills+k, twice+again
	}
	t.Logf("%d kills, %d questions asked again that were under way", kills, twice)
	if kills < moments {
		t.Errorf("%d kills: too little was tried", kills)
	}
}

// TestDoubt: what was under way at a kill stands in the account of the run that
// asks again, as money that may have been spent.
func TestDoubt(t *testing.T) {
	s, root := serve(t), filepath.Join(t.TempDir(), "runs")
	experimenttest.StartIn(t, root)
	first, err := Compare(judgeAt(t, s, nil), match(3), Options{})
	if err != nil || first.Cost.Doubt != 0 {
		t.Fatalf("%v, %+v", err, first.Cost)
	}
	path, lines := theLedger(t, root)
	kept, lost := []string{}, 0
	for _, line := range lines {
		if strings.Contains(line, `"kind":"paid"`) && lost < 2 {
			lost++ // killed before these two came
			continue
		}
		kept = append(kept, line)
	}
	if err := os.WriteFile(path, []byte(strings.Join(kept, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := match(3)
	m.Name = "once more" // another step
	experimenttest.StartIn(t, root)
	again, err := Compare(judgeAt(t, s, nil), m, Options{})
	if err != nil || again.Cost.Calls != 2 || again.Cost.Doubt <= 0 || again.Cost.Doubt > first.Cost.Paid {
		t.Fatalf("%v, %+v after %+v", err, again.Cost, first.Cost)
	}
}

// theLedger is the one ledger below a folder of runs.
func theLedger(t *testing.T, runs string) (path string, lines []string) {
	t.Helper()
	err := filepath.WalkDir(runs, func(p string, d os.DirEntry, err error) error {
		if err == nil && filepath.Ext(p) == ".jsonl" {
			if b, err := os.ReadFile(p); err == nil && bytes.Contains(b, []byte(`"kind":"ask"`)) {
				path, lines = p, strings.Split(strings.TrimSpace(string(b)), "\n")
			}
		}
		return err
	})
	if err != nil || path == "" {
		t.Fatalf("no ledger below %s: %v", runs, err)
	}
	return path, lines
}

// killed is one run, killed up to most times until it comes to its end.
func killed(t *testing.T, random *rand.Rand, most int) (kills, twice int) {
	s := serve(t)
	s.delay = 5 * time.Millisecond
	root := t.TempDir()
	env := append(os.Environ(), "JUDGE_CHILD="+s.URL+"/v1", "TEST_JUDGE_KEY="+testKey, "JUDGE_PRICES="+priceFile(t), "COGUMI_RUNS="+filepath.Join(root, "runs"), "COGUMI_QUIET=1", "COGUMI_RUN_DIR=", "COGUMI_SCRIPT=")
	var last Result
	for {
		var out, errs bytes.Buffer
		c := exec.Command(os.Args[0])
		c.Env, c.Stdout, c.Stderr, c.Dir = env, &out, &errs, root
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(time.Duration(20+random.IntN(130))*time.Millisecond, func() {
			if kills < most {
				c.Process.Kill()
			}
		})
		err := c.Wait()
		timer.Stop()
		if err != nil && c.ProcessState.ExitCode() < 0 {
			kills++
			continue
		}
		if err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
		if err := json.Unmarshal(out.Bytes(), &last); err != nil {
			t.Fatalf("%v: %s", err, out.String())
		}
		break
	}
	s.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.good {
		twice += n - 1
	}
	if questions := 120 + 25; len(s.good) != questions || twice > kills*killParallel {
		t.Errorf("%d questions, %d of them paid again after %d kills", len(s.good), twice, kills)
	}
	if c := last.Total; c.Wins != 20 || c.Losses != 20 || c.Ties != 20 || c.Errors != 0 {
		t.Errorf("%+v", c)
	}
	_, lines := theLedger(t, root)
	open := 0 // sent, and nothing came of it
	for _, line := range lines {
		if strings.Contains(line, `"kind":"ask"`) {
			open++
		} else {
			open--
		}
	}
	if open < twice {
		t.Errorf("%d questions were asked again, the ledger knows of %d without an answer", twice, open)
	}
	return kills, twice
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
