package machine

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Commit is the state of a git repository.
type Commit struct {
	Hash  string // "": unknown
	Dirty bool   // tracked files differ from it
}

// Git is the commit of the repository that folder lies in. It is empty without
// git or repository, or when git takes longer than a second.
func Git(folder string) Commit {
	if folder == "" {
		return Commit{}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	out, err := git(ctx, folder, "rev-parse", "--verify", "HEAD")
	if err != nil {
		return Commit{}
	}
	c := Commit{Hash: strings.TrimSpace(out)}
	out, err = git(ctx, folder, "status", "--porcelain", "--untracked-files=no")
	c.Dirty = err == nil && strings.TrimSpace(out) != ""
	return c
}

func git(ctx context.Context, folder string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", folder, "--no-optional-locks"}, args...)...)
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "LC_ALL=C")
	// A helper that git left behind must not hold the pipe, and us, open.
	cmd.WaitDelay = 100 * time.Millisecond
	out, err := cmd.Output()
	return string(out), err
}
