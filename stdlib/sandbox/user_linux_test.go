//go:build amd64 || arm64

package sandbox

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Most people are not root, most machines that run tests are: the tests of what
// programs may do are repeated by another user.
func TestAsAnotherUser(t *testing.T) {
	if !mayMapEveryone() {
		t.Skip("only a root with users of its own can become another one")
	}
	if testing.Short() {
		t.Skip("it repeats most tests")
	}
	const user = firstUser + userCount // beside those that programs get
	dir, err := os.MkdirTemp("", "cogumi-user-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := errors.Join(os.Chown(dir, user, user), os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "sandbox.test") // its own folder is root's only
	if err := copyProgram(binary); err != nil {
		t.Fatal(err)
	}
	tests := []string{"TestProgramsThatEnd", "TestLimits", "TestNothingGetsOut", "TestProcessesEndWithTheProgram", "TestAbuses", "TestForgedEnds", "TestBombStaysSmall", "TestEndsWithItsParent", "TestCancelled"}
	cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.timeout=10m", "-test.run=^("+strings.Join(tests, "|")+")$")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TMPDIR="+dir, "HOME="+dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if errors.Is(err, fs.ErrPermission) {
		t.Skipf("user %d cannot start the test: %v", user, err)
	}
	text := string(out)
	if err != nil {
		t.Fatalf("as user %d: %v\n%s", user, err, text)
	}
	for _, name := range tests[:7] {
		if !strings.Contains(text, "--- PASS: "+name+"/Landlock") {
			t.Errorf("%s was not tried without namespaces:\n%s", name, lines(text, "SKIP", "sandbox not supported"))
		}
		if !strings.Contains(text, "--- PASS: "+name+"/namespac") {
			t.Logf("%s was not tried with namespaces:\n%s", name, lines(text, "SKIP", "sandbox not supported"))
		}
	}
}

func copyProgram(to string) error {
	b, err := os.ReadFile("/proc/self/exe")
	if err == nil {
		err = os.WriteFile(to, b, 0o755)
	}
	return err
}

// lines are those of a text that hold one of the words.
func lines(text string, words ...string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		for _, w := range words {
			if strings.Contains(line, w) {
				out.WriteString(line)
				break
			}
		}
	}
	return out.String()
}
