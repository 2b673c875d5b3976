package launch

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cogumi/reports/run"
	"cogumi/runtime/confine"
)

// However a restricted child ends, the run is closed as any other, and nothing of
// it is left.
func TestRestrictedEndings(t *testing.T) {
	if l := confine.Offered(); l.Landlock == 0 || !l.Seccomp {
		t.Skipf("this machine offers %v", l)
	}
	for _, tt := range []struct {
		mode, message string
		code          int
		state         run.State
	}{
		{"args", "", 0, run.Done},
		{"exit4", "exit status 4", 4, run.Failed},
		{"crash", "panic: boom in a goroutine", 1, run.Failed},
		{"kill", "the signal SIGKILL", 1, run.Failed},
		{"restrictions", "", 0, run.Done},
	} {
		t.Run(tt.mode, func(t *testing.T) {
			temp := t.TempDir()
			t.Setenv("TMPDIR", temp)
			t.Setenv("OPENAI_API_KEY", "hidden-value")
			cfg := config(t, tt.mode)
			cfg.Files = &Files{}
			out, err := Run(cfg)
			if err != nil {
				t.Fatal(err)
			}
			said, _ := os.ReadFile(cfg.Stdout.Name())
			if out.Code != tt.code || out.Run.Info.State != tt.state {
				t.Errorf("code %d, state %s, %+v\n%s", out.Code, out.Run.Info.State, out.Run.Info.Error, said)
			}
			if e := out.Run.Info.Error; tt.message != "" && (e == nil || !strings.Contains(e.Message, tt.message)) {
				t.Errorf("%+v, want %q", e, tt.message)
			}
			if out.Run.Info.Isolation != confine.Offered().String() {
				t.Errorf("isolation %q", out.Run.Info.Isolation)
			}
			if left, _ := filepath.Glob(filepath.Join(temp, "cogumi-run-*")); len(left) > 0 {
				t.Errorf("it left %v", left)
			}
		})
	}
}

// restrictions is what a restricted child finds of itself; "" when all holds.
func restrictions() string {
	setup, err := Enter()
	switch {
	case err != nil || setup == nil:
		return "it is not connected with its parent"
	case !confine.In():
		return "it is not restricted"
	case os.Getenv("OPENAI_API_KEY") != "":
		return "it sees a secret"
	}
	if score, err := os.ReadFile("/proc/self/oom_score_adj"); err != nil || strings.TrimSpace(string(score)) != "900" {
		return "it does not end first when memory runs out: " + string(score)
	}
	if err := os.WriteFile(filepath.Join(os.TempDir(), "x"), nil, 0o644); err != nil {
		return err.Error()
	}
	if os.WriteFile(filepath.Join(filepath.Dir(os.TempDir()), "x"), nil, 0o644) == nil {
		return "it writes beside its temporary folder"
	}
	return ""
}
