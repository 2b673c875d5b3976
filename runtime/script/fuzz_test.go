package script

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"cogumi/runtime/script/check"
	"cogumi/runtime/script/interp"
	"cogumi/runtime/script/lower"
)

// FuzzCheck: no source makes the checker, the lowering or the interpreter's
// compiler panic or hang.
func FuzzCheck(f *testing.F) {
	for _, pattern := range []string{"testdata/*.go", "../../experiments/*.go", "../../../shared/conformance/scripts/*/main.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range files {
			src, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(src)
		}
	}
	u := check.New()
	f.Fuzz(func(t *testing.T, src []byte) {
		done := make(chan struct{})
		go func() {
			defer close(done)
			m := interp.New()
			prog, problems := u.Check(m.FileSet(), "f.go", src)
			if problems == nil {
				if lowered, rejected := lower.Lower(prog); rejected == nil {
					m.Compile(lowered)
				} else if len(rejected) == 0 || rejected[0].Message == "" {
					t.Error("rejected without a reason")
				}
			}
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			panic("hangs")
		}
	})
}

// BenchmarkCheck is `cogumi check` of the longest experiment and of a script of 200 lines.
func BenchmarkCheck(b *testing.B) {
	for _, file := range []string{"../../experiments/phase1b_scaleup.go", "testdata/methods.go"} {
		src, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(filepath.Base(file), func(b *testing.B) {
			for b.Loop() {
				if d := Check(file, src); d != nil {
					b.Fatal(d)
				}
			}
		})
	}
}

// BenchmarkStart is from the start of the process to its end, with a main that
// prints one line.
func BenchmarkStart(b *testing.B) {
	dir, _ := write(b, "package main\nimport \"fmt\"\nfunc main() { fmt.Println(1) }\n")
	for b.Loop() {
		if o := child(b, dir, "s.go", 10*time.Second); o.stdout != "1\n" {
			b.Fatal(o.stderr)
		}
	}
}
