package dedup

import (
	"fmt"
	"runtime/debug"

	"cogumi/stdlib/experiment"
)

// With a limit on memory, the signatures go to a file once they take half of what
// rows leave, and bands are sorted in as many parts as it takes. What is kept of
// every row (its hash, place and order) stays in memory: a limit below that is an
// error as soon as that many rows are read.

const (
	// heldBytes is what a row takes to the end: rowBytes, its order, place and
	// twin, the text that stays for it.
	heldBytes = rowBytes + 3*4 + 16
	// slackNumerator and slackDenominator: of what is not collected yet.
	slackNumerator, slackDenominator = 5, 4
)

// fixedBytes is what the process takes whatever the rows: the blocks that are
// read at a time, the interpreter. Tests have none of it.
var fixedBytes int64 = 96 << 20

// signatureRoom is how many bytes of signatures stay in memory.
func (j *job) signatureRoom() int64 {
	free := max(0, j.Memory-fixedBytes) * slackDenominator / slackNumerator
	width := int64(j.Permutations)
	return max(1, free/2*width/(width+heldBytes))
}

// sortRoom is how many bytes sorting may take; 0: any.
func (j *job) sortRoom() int64 {
	if j.Memory == 0 {
		return 0
	}
	free := max(0, j.Memory-fixedBytes) * slackDenominator / slackNumerator
	return max(leastRoom, (free-int64(j.first[len(j.sources)])*heldBytes)*3/4)
}

// fits fails when so many rows do not fit into the limit.
func (j *job) fits(rows int) error {
	if j.Memory == 0 {
		return nil
	}
	need := leastMemory(rows)
	if need <= j.Memory {
		return nil
	}
	err := fmt.Errorf("dedup: %d rows need at least %d MB beside their texts, the limit is %d MB", rows, need>>20+1, j.Memory>>20)
	return experiment.WithCode(experiment.Hint(err, "Give --memory more, or deduplicate one file after another against an index (--against DIR --add)."), 2)
}

func leastMemory(rows int) int64 {
	return fixedBytes + (int64(rows)*heldBytes+leastRoom)*slackNumerator/slackDenominator
}

// limitMemory has the collector work harder near the limit.
func (j *job) limitMemory() (restore func()) {
	if j.Memory == 0 || fixedBytes == 0 {
		return func() {}
	}
	old := debug.SetMemoryLimit(j.Memory * 15 / 16)
	return func() { debug.SetMemoryLimit(old) }
}
