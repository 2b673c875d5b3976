package dedup

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// childConfig in the environment makes TestChild deduplicate, in a process of its
// own that can be measured and killed.
const childConfig = "COGUMI_TEST_DEDUP"

func TestChild(t *testing.T) {
	text := os.Getenv(childConfig)
	if text == "" {
		t.Skip("a part of other tests")
	}
	var c FileConfig
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		t.Fatal(err)
	}
	partBytes, sourceBlock = 256<<10, 64<<10
	r, err := Files(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	json.NewEncoder(os.Stdout).Encode(r)
}

func child(t *testing.T, c FileConfig) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), childConfig+"="+string(text))
	return cmd
}

func childResult(t *testing.T, c FileConfig) (r FileResult) {
	t.Helper()
	out, err := child(t, c).Output()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	line, _, _ := bytes.Cut(out, []byte("\n"))
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return r
}

// short writes n rows of some fifty letters, every twentieth nearly the one before.
func short(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "short.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	r := rand.New(rand.NewPCG(8, 8))
	b := make([]byte, 50)
	for i := range n {
		for k := range b {
			if i%20 != 0 || k == 7 {
				b[k] = 'a' + byte(r.IntN(26))
			}
		}
		fmt.Fprintf(w, "{\"text\": %q}\n", b)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestMemoryLimit: the process stays below its limit where it would not without
// one, and finds the same.
func TestMemoryLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("200,000 rows")
	}
	c := FileConfig{In: []string{short(t, 200_000)}, Config: Config{Permutations: 512}}
	free := childResult(t, c)
	if free.PeakMemory == 0 {
		t.Skip("this system does not say how much memory a process takes")
	}
	c.Memory = leastMemory(free.Rows) + 18<<20
	if free.PeakMemory <= c.Memory {
		t.Fatalf("%d MB without a limit: the limit of %d MB shows nothing", free.PeakMemory>>20, c.Memory>>20)
	}
	tight := childResult(t, c)
	if tight.PeakMemory > c.Memory {
		t.Errorf("%d MB, the limit is %d MB", tight.PeakMemory>>20, c.Memory>>20)
	}
	if tight.Kept != free.Kept || tight.Candidates != free.Candidates || free.NearDuplicates < 5_000 {
		t.Errorf("%+v with a limit, %+v without", tight, free)
	}
	t.Logf("%d MB with a limit of %d MB, %d MB without", tight.PeakMemory>>20, c.Memory>>20, free.PeakMemory>>20)
}

// TestKilled: killed at any moment, and run again until it ends, it writes the
// same files as when nothing happens, and reads nothing twice for long.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	c := FileConfig{In: []string{short(t, 60_000)}, Out: filepath.Join(dir, "want.jsonl"), Audit: filepath.Join(dir, "removed.jsonl")}
	began := time.Now()
	childResult(t, c)
	whole := time.Since(began)
	want := [][]byte{read(t, c.Out), read(t, c.Audit)}
	c.Work, c.Out, c.Audit = filepath.Join(dir, "work"), filepath.Join(dir, "got.jsonl"), filepath.Join(dir, "audit.jsonl")
	r := rand.New(rand.NewPCG(uint64(began.UnixNano()), 0))
	kills, parts := 0, 0
	for ended := false; !ended; {
		cmd := child(t, c)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(r.Int64N(int64(whole)))+time.Duration(kills)*whole/8, func() { cmd.Process.Kill() })
		ended = cmd.Wait() == nil
		kill.Stop()
		if !ended {
			kills++
			for _, path := range []string{c.Out, c.Audit} {
				if b, err := os.ReadFile(path); err == nil && !slices.ContainsFunc(want, func(w []byte) bool { return bytes.Equal(b, w) }) {
					t.Fatalf("a killed run left half of %s", path)
				}
			}
		}
		now, _ := filepath.Glob(filepath.Join(c.Work, "*.sketch"))
		if len(now) < parts {
			t.Fatalf("%d parts were kept, %d are left", parts, len(now))
		}
		parts = len(now)
	}
	for i, path := range []string{c.Out, c.Audit} {
		if !bytes.Equal(read(t, path), want[i]) {
			t.Errorf("after %d kills %s is another file", kills, path)
		}
	}
	t.Logf("%d kills, %d parts", kills, parts)
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
