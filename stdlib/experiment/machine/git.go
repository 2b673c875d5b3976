package machine

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// gitState is the commit of the repository that folder lies in, and whether its
// tracked files differ from it. Empty without git or repository, or when git
// takes longer than a second.
func gitState(folder string) (commit string, dirty bool) {
	if folder == "" {
		return "", false
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	out, err := git(ctx, folder, "rev-parse", "--verify", "HEAD")
	if err != nil {
		return "", false
	}
	commit = strings.TrimSpace(out)
	out, err = git(ctx, folder, "status", "--porcelain", "--untracked-files=no")
	return commit, err == nil && strings.TrimSpace(out) != ""
}

func git(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", folder, "--no-optional-locks"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	// A helper that git left behind must not hold the pipe, and us, open.
	cmd.WaitDelay = 100 * time.Millisecond
	out, err := cmd.Output()
	return string(out), err
}
