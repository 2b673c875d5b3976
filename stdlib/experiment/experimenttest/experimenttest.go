// Package experimenttest gives tests a run of their own.
package experimenttest

import (
	"path/filepath"
	"testing"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

// Start begins a run in a temporary folder and makes it the current one until the
// test ends. args are the script's. The test must not run in parallel with others
// that need the current run.
func Start(t testing.TB, args ...string) *experiment.Run {
	t.Helper()
	return StartIn(t, filepath.Join(t.TempDir(), "runs"), args...)
}

// StartIn is Start with the folder of runs: two runs in one share finished steps.
func StartIn(t testing.TB, root string, args ...string) *experiment.Run {
	t.Helper()
	experiment.Close(nil) // an earlier run of the same test
	for name, value := range map[string]string{"COGUMI_RUNS": root, "COGUMI_RUN_DIR": "", "COGUMI_SCRIPT": "", "COGUMI_FORCE": "", "COGUMI_FROM": "", "COGUMI_QUIET": "1"} {
		t.Setenv(name, value)
	}
	experiment.SetArgs(args)
	r, err := experiment.StartScript("test.go")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { experiment.Close(nil) })
	return r
}

// Read ends the current run and reads its folder.
func Read(t testing.TB, r *experiment.Run) *run.Run {
	t.Helper()
	dir := r.Dir()
	experiment.Close(nil)
	got, err := run.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
