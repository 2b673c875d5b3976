package script

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"cogumi/stdlib/experiment"
)

// BenchmarkAgainstCompiled runs each program of testdata/speed interpreted and
// compiled, in turns, and reports how many times longer its loops take. The
// programs time themselves.
func BenchmarkAgainstCompiled(b *testing.B) {
	files, err := filepath.Glob("testdata/speed/*.go")
	if err != nil || len(files) < 5 {
		b.Fatal(files, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".go")
		if name == "hello" {
			continue
		}
		b.Run(name, func(b *testing.B) {
			program := build(b, file)
			for b.Loop() {
				interpreted, compiled := time.Hour, time.Hour
				for range 5 {
					interpreted = min(interpreted, timed(b, exec.Command(os.Args[0], file)))
					compiled = min(compiled, timed(b, exec.Command(program)))
				}
				b.ReportMetric(float64(interpreted)/float64(compiled), "times-compiled")
				b.ReportMetric(interpreted.Seconds()*1000, "interpreted-ms")
				b.ReportMetric(compiled.Seconds()*1000, "compiled-ms")
			}
		})
	}
}

func build(b *testing.B, file string) string {
	b.Helper()
	program := filepath.Join(b.TempDir(), "program")
	if out, err := exec.Command("go", "build", "-o", program, file).CombinedOutput(); err != nil {
		b.Fatalf("%v\n%s", err, out)
	}
	return program
}

// timed runs a program of testdata/speed, whose last word is its nanoseconds.
func timed(b *testing.B, cmd *exec.Cmd) time.Duration {
	b.Helper()
	cmd.Env = append(os.Environ(), "SCRIPT_TEST_CHILD=1")
	out, err := cmd.Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) == 0 {
		b.Fatalf("%v: %s", err, out)
	}
	n, err := strconv.ParseInt(words[len(words)-1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n)
}

// BenchmarkStart is the time from the start of `cogumi run` to the first line of
// the script's main: two processes, the checks, the run folder, the interpreter.
func BenchmarkStart(b *testing.B) {
	cogumi := build(b, "../../main.go")
	dir := b.TempDir()
	script, err := filepath.Abs("testdata/speed/hello.go")
	if err != nil {
		b.Fatal(err)
	}
	best, sum := time.Hour, time.Duration(0)
	for b.Loop() {
		cmd := exec.Command(cogumi, "run", "-q", script)
		cmd.Dir = dir
		started := time.Now().UnixNano()
		out, err := cmd.Output()
		if err != nil {
			b.Fatal(err)
		}
		began, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		took := time.Duration(began - started)
		best, sum = min(best, took), sum+took
	}
	b.ReportMetric(best.Seconds()*1000, "best-ms")
	b.ReportMetric(sum.Seconds()*1000/float64(b.N), "mean-ms")
}

// BenchmarkCheck checks a script of about 200 lines, in a process that has
// checked before, as cogumi check on a folder does.
func BenchmarkCheck(b *testing.B) {
	src, err := os.ReadFile("testdata/fast.go")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if d := Check("fast.go", src); d != nil {
			b.Fatal(d)
		}
	}
	b.ReportMetric(float64(strings.Count(string(src), "\n")), "lines")
}

// BenchmarkPipeline runs phase1b_scaleup in this process, for a profile of what
// the interpreter itself takes of a whole experiment:
//
//	go test ./runtime/script -run '^$' -bench Pipeline -benchtime 1x -cpuprofile p -o t
//	go tool pprof -top -ignore 'cogumi/stdlib|cogumi/kernels' -focus 'yaegi|runtime/script' t p
func BenchmarkPipeline(b *testing.B) {
	const file = "../../experiments/phase1b_scaleup.go"
	src, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	b.Setenv("COGUMI_QUIET", "1")
	for b.Loop() {
		b.Setenv("COGUMI_RUNS", b.TempDir())
		experiment.SetArgs(nil)
		if err := Run(context.Background(), file, src, nil); err != nil {
			b.Fatal(err)
		}
		experiment.Close(nil)
	}
}
