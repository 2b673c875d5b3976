package script

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// batch is how many random programs are compiled at once.
const batch = 25

// TestRandomPrograms compares random programs, interpreted and compiled. It is
// asked for with COGUMI_FUZZ_SCRIPTS=DURATION and goes on for so long, from the
// seed COGUMI_FUZZ_SEED if that is set, or until a batch holds a program that
// differs; the first of them is printed as small as it gets.
func TestRandomPrograms(t *testing.T) {
	duration := os.Getenv("COGUMI_FUZZ_SCRIPTS")
	if duration == "" {
		t.Skip("takes minutes: set COGUMI_FUZZ_SCRIPTS=5m")
	}
	limit, err := time.ParseDuration(duration)
	if err != nil {
		t.Fatalf("COGUMI_FUZZ_SCRIPTS: %v", err)
	}
	repository(t)
	seed, count := uint64(time.Now().UnixNano()), map[string]int{}
	if s := os.Getenv("COGUMI_FUZZ_SEED"); s != "" {
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatalf("COGUMI_FUZZ_SEED: %v", err)
		}
	}
	for began := time.Now(); ; seed += batch {
		runBatch(t, seed, count)
		if t.Failed() || time.Since(began) >= limit {
			break
		}
	}
	t.Logf("random programs: right %d, rejected %d, different %d", count["right"], count["rejected"], count["different"])
	if count["rejected"]*5 > count["right"] {
		t.Errorf("too many are rejected to say anything")
	}
}

func runBatch(t *testing.T, seed uint64, count map[string]int) {
	t.Helper()
	programs := make([]*node, batch)
	for i := range programs {
		programs[i] = program(seed+uint64(i), fmt.Sprintf("P%d_", i))
	}
	bin, err := compiled(t.TempDir(), programs)
	if err != nil {
		t.Fatalf("seed %d: the generator writes what does not compile: %v", seed, err)
	}
	for i, p := range programs {
		v, want, got := compareRandom(t, bin, i, p)
		if count[v]++; v == "different" && t.Failed() {
			t.Errorf("seed %d: different", seed+uint64(i))
		} else if v == "different" {
			report(t, seed+uint64(i), p, want, got)
		}
	}
}

func report(t *testing.T, seed uint64, p *node, want, got outcome) {
	t.Helper()
	if again := shrink(t, p); again {
		bin, err := compiled(t.TempDir(), []*node{p})
		if err == nil {
			_, want, got = compareRandom(t, bin, 0, p)
		}
	}
	t.Errorf("seed %d: different\n%s\ncompiled: exit %d\n%.3000s%.1000s\ninterpreted: exit %d\n%.3000s%.1000s", seed, source([]*node{p}),
		want.code, want.stdout, want.stderr, got.code, got.stdout, got.stderr)
}

// compareRandom runs the program that bin has under number i.
func compareRandom(t *testing.T, bin string, i int, p *node) (verdict string, want, got outcome) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	want = finish(ctx, exec.CommandContext(ctx, bin, strconv.Itoa(i)))
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source([]*node{p})), 0o600); err != nil {
		t.Fatal(err)
	}
	got = child(t, dir, "main.go", time.Minute, "0")
	switch {
	case got.code == exitRejected && got.stdout == "":
		t.Logf("rejected: %.300s", got.stderr)
		return "rejected", want, got
	case got.stdout == want.stdout && (got.code == 0) == (want.code == 0) && !got.timeout:
		return "right", want, got
	}
	return "different", want, got
}

// source is a file with the programs; its argument says which one to run.
func source(programs []*node) string {
	var b strings.Builder
	b.WriteString("package main\n\nimport (\"cmp\"; \"errors\"; \"fmt\"; \"iter\"; \"maps\"; \"os\"; \"slices\"; \"strings\")\n\n")
	b.WriteString("var _, _, _, _, _ = cmp.Compare[int], errors.New, maps.Clone[map[int]int], slices.Max[[]int], strings.Cut\n")
	for _, p := range programs {
		p.write(&b)
	}
	b.WriteString("func main() {\nswitch os.Args[1] {\n")
	for i, p := range programs {
		main := p.body[len(p.body)-1].head
		fmt.Fprintf(&b, "case %q: %s\n", strconv.Itoa(i), strings.TrimSuffix(strings.TrimPrefix(main, "func "), " {"))
	}
	b.WriteString("}\n}\n")
	return b.String()
}

func compiled(dir string, programs []*node) (string, error) {
	file, bin := filepath.Join(dir, "main.go"), filepath.Join(dir, "random")
	if err := os.WriteFile(file, []byte(source(programs)), 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "build", "-o", bin, file)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%.3000s", err, out)
	}
	return bin, nil
}

// shrink takes statements out of p while it still differs, for two minutes at
// most; it says whether it found any.
func shrink(t *testing.T, p *node) bool {
	t.Helper()
	deadline, smaller := time.Now().Add(2*time.Minute), false
	differs := func() bool {
		if time.Now().After(deadline) || len(Check("main.go", []byte(source([]*node{p})))) > 0 {
			return false
		}
		bin, err := compiled(t.TempDir(), []*node{p})
		if err != nil {
			return false
		}
		v, _, _ := compareRandom(t, bin, 0, p)
		return v == "different"
	}
	var cut func(n *node)
	cut = func(n *node) {
		for size := max(1, len(n.body)/2); ; size /= 2 {
			for i := 0; i+size <= len(n.body); {
				old := n.body
				n.body = append(append([]*node{}, old[:i]...), old[i+size:]...)
				if differs() {
					smaller = true
					continue
				}
				n.body = old
				i += size
			}
			if size <= 1 {
				break
			}
		}
		for _, c := range n.body {
			cut(c)
		}
	}
	main := p.body[len(p.body)-1]
	cut(main)
	for _, c := range p.body[:len(p.body)-1] {
		cut(c)
	}
	return smaller
}
