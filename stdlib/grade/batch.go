package grade

import (
	"context"
	"strings"
	"time"
)

// Most of what running a small program costs is starting Python. So programs are
// first run several to a sandbox, each in a fork that can start neither processes
// nor threads. What comes out of that is taken where it would be the same alone;
// all else is run again, in a sandbox of its own, and that counts.

// batchSize is how many programs share a sandbox: enough that its start does not
// matter, few enough that all cores have something to do.
const batchSize = 16

// batchWall ends a batch that somebody stopped.
const batchWall = 2 * time.Minute

// runBatch gives the findings that can be taken; others have no kind.
func runBatch(ctx context.Context, jobs []job) []finding {
	l := limits
	l.Wall, l.Processes = batchWall, true
	found, _, err := runJobs(ctx, jobs, l, int(limits.Wall.Seconds()))
	if err != nil {
		return make([]finding, len(jobs)) // alone, each gets its own error
	}
	for i := range found {
		if !settled(jobs[i].code, found[i]) {
			found[i] = finding{}
		}
	}
	return found
}

// settled says whether a finding would be the same in a sandbox of its own. A
// program that imports something may want threads, processes or files.
func settled(code string, f finding) bool {
	switch f.kind {
	case kindPass, kindLate:
		return true
	case "false", "trick", "error", "raised", "syntax":
		return !strings.Contains(code, "import") && !strings.Contains(code, "open")
	}
	return false
}
