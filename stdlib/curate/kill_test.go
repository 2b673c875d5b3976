package curate

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"cogumi/stdlib/experiment"
)

// childEnv names the file that a process of its own curates.
const childEnv = "COGUMI_TEST_CURATE"

func child() int {
	partRows = 100
	experiment.SetArgs(nil)
	if _, err := experiment.StartScript("test.go"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	err := childWork(os.Getenv(childEnv))
	experiment.Close(err)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func childWork(path string) error {
	sources, err := Sources([]string{path})
	if err != nil {
		return err
	}
	tagged, err := Tag(sources, Tagger{})
	if err != nil {
		return err
	}
	rows, err := tagged.Mix(Rules{Format: true, MinTokens: 60, MaxOffensive: -1})
	if err == nil {
		rows, err = rows.Dedup(Dedup{})
	}
	if err == nil {
		err = rows.Write(path + ".out.parquet")
	}
	return err
}

// TestKill: whenever a run is killed, the next one goes on with the parts that were
// finished and ends with the same bytes; a finished part that was damaged meanwhile
// is made again.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	var list []any
	for i := range 8000 {
		list = append(list, m{"instruction": prose(i, 12), "output": prose(100000+i, 40+i%40)})
		if i%500 == 7 {
			list = append(list, "{broken")
		}
	}
	whole, killed := write(t, filepath.Join(dir, "whole", "rows.jsonl"), list...), write(t, filepath.Join(dir, "killed", "rows.jsonl"), list...)
	run := func(path string, after time.Duration) error {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+path, "COGUMI_RUNS="+filepath.Join(filepath.Dir(path), "runs"), "COGUMI_QUIET=1", "COGUMI_RUN_DIR=", "COGUMI_SCRIPT=")
		cmd.Dir = dir
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(after, func() { cmd.Process.Kill() })
		err := cmd.Wait()
		if !timer.Stop() {
			return fmt.Errorf("killed")
		}
		if err != nil {
			t.Fatalf("%v: %s", err, errs.String())
		}
		return nil
	}
	began := time.Now()
	if err := run(whole, time.Minute); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	random := rand.New(rand.NewPCG(3, 4))
	kills, kept, damaged := 0, 0, 0
	for range 40 {
		if run(killed, took/5+time.Duration(random.Int64N(int64(took/4)))) == nil {
			break
		}
		kills++
		parts, _ := filepath.Glob(filepath.Join(dir, "killed", "runs", ".steps", "*.partial", "part-*"+manifestEnd))
		if kept = max(kept, len(parts)); len(parts) > 2 && damaged < 2 {
			lines := parts[0][:len(parts[0])-len(manifestEnd)] + linesEnd
			if err := os.WriteFile(lines, []byte("damaged"), 0o644); err != nil {
				t.Fatal(err)
			}
			damaged++
		}
	}
	a, err := os.ReadFile(whole + ".out.parquet")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(killed + ".out.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if len(a) < 1000 || !bytes.Equal(a, b) {
		t.Errorf("%d bytes after %d kills, %d without", len(b), kills, len(a))
	}
	t.Logf("%d kills, %d parts were found finished, %d damaged; %v without a kill", kills, kept, damaged, took)
	if kills < 2 || kept == 0 || damaged == 0 {
		t.Error("nothing was tried")
	}
}
