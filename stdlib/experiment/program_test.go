package experiment_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cogumi/stdlib/experiment"
)

// The tests of whole processes run this test program again as a script: Start
// finds this file as the script's source.
func TestMain(m *testing.M) {
	if name := os.Getenv("EXPERIMENT_TEST_PROGRAM"); name != "" {
		programs[name]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var programs = map[string]func(){
	"steps": stepsProgram, "polls": pollsProgram, "deaf": deafProgram, "panics": panicsProgram, "stops": stopsProgram, "recovers": recoversProgram,
}

// program prepares a run of one of the programs with runs in root.
func program(name, root string, args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), "EXPERIMENT_TEST_PROGRAM="+name, "COGUMI_RUNS="+root, "COGUMI_QUIET=", "COGUMI_RUN_DIR=", "COGUMI_FORCE=", "COGUMI_FROM=")
	return cmd
}

// stepsProgram has a step that goes on from a journal, one that starts afresh,
// and one inside another. executions lists which functions ran to their end.
func stepsProgram() {
	x := experiment.Start()
	defer x.Finish()
	lines := x.Int("lines", 30, "lines of the journal")
	counted := count(x, lines)
	doubled := x.Step("double", []string{counted}, nil, func(dir string) {
		check(os.MkdirAll(filepath.Join(dir, "deep"), 0o755))
		check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("rest-%d.tmp", os.Getpid())), nil, 0o644))
		b, err := os.ReadFile(filepath.Join(counted, "journal.txt"))
		check(err)
		time.Sleep(5 * time.Millisecond)
		check(os.WriteFile(filepath.Join(dir, "deep", "twice.txt"), append(b, b...), 0o644))
		x.Artefact("twice", "text", filepath.Join(dir, "deep", "twice.txt"))
		ran("double")
	})
	b, err := os.ReadFile(filepath.Join(doubled, "deep", "twice.txt"))
	check(err)
	x.Result(map[string]int{"bytes": len(b)})
	fmt.Println("bytes", len(b))
}

func count(x *experiment.Run, lines int) string {
	dir, err := x.Do(experiment.Spec{Name: "count", Version: 1, Params: lines}, func(w *experiment.Work) error {
		path := filepath.Join(w.Dir, "journal.txt")
		b, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) {
			return err
		}
		whole := b[:strings.LastIndex(string(b), "\n")+1] // a kill may have cut a line
		f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := f.Truncate(int64(len(whole))); err != nil {
			return err
		}
		if _, err := f.Seek(0, 2); err != nil {
			return err
		}
		p := x.Progress("count", "lines", lines)
		defer p.Done()
		done := strings.Count(string(whole), "\n")
		p.Skip(done)
		for i := done; i < lines; i++ {
			fmt.Fprintf(f, "line %d", i)
			x.Metric("count/value", i, float64(i*i))
			time.Sleep(time.Millisecond)
			fmt.Fprintln(f)
			p.Add(1)
		}
		ran("count")
		return nil
	})
	check(err)
	return dir
}

func ran(name string) {
	path := os.Getenv("EXPERIMENT_TEST_RAN")
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	check(err)
	defer f.Close()
	fmt.Fprintln(f, name)
}

func check(err error) {
	if err != nil {
		experiment.Stop(err)
	}
}

// pollsProgram works until its context ends, as a primitive does.
func pollsProgram() {
	x := experiment.Start()
	defer x.Finish()
	_, err := x.Do(experiment.Spec{Name: "long"}, func(w *experiment.Work) error {
		fmt.Println("ready")
		<-x.Context().Done()
		check(os.WriteFile(filepath.Join(w.Dir, "checkpoint"), nil, 0o644))
		return x.Context().Err()
	})
	check(err)
}

// deafProgram does not look at its context.
func deafProgram() {
	x := experiment.Start()
	defer x.Finish()
	x.Step("deaf", nil, nil, func(string) {
		fmt.Println("ready")
		time.Sleep(time.Minute)
	})
}

func panicsProgram() {
	x := experiment.Start()
	defer x.Finish()
	rows := x.Args()
	fmt.Println(rows[3]) // the line of the panic
}

func stopsProgram() {
	x := experiment.Start()
	defer x.Finish()
	x.Step("grade", nil, nil, func(string) {
		experiment.Stop(experiment.WithCode(experiment.Hint(fmt.Errorf("pool.jsonl:12: no answer"), "add one"), 4)) // the line of the stop
	})
}

// recoversProgram keeps a stop from ending the script.
func recoversProgram() {
	x := experiment.Start()
	defer x.Finish()
	defer func() { recover() }()
	check(fmt.Errorf("not so bad"))
}

// lineOf finds a line of this file by what is in it.
func lineOf(t *testing.T, text string) int {
	t.Helper()
	f, err := os.Open("program_test.go")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	sc := bufio.NewScanner(f)
	for n := 1; sc.Scan(); n++ {
		if strings.Contains(sc.Text(), "// "+text) {
			return n
		}
	}
	t.Fatalf("no line with %q", text)
	return 0
}
