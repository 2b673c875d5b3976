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
