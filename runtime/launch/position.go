package launch

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cogumi/reports/run"
)

// positionFile holds, while a script runs, where it is: what kills its process
// leaves no other trace of that.
const positionFile = ".position"

// RecordPosition is how the child says where its script is; nil outside a run.
func RecordPosition() func(line, column int) {
	dir := os.Getenv(EnvRunDir)
	if dir == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(dir, positionFile))
	if err != nil {
		return nil // the run's own files will say what is wrong with the folder
	}
	return func(line, column int) {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%10d %10d\n", line, column), 0) // of the same length always
	}
}

// readPosition is the last position, and removes its file.
func readPosition(dir, file string, source []byte) run.Failure {
	path := filepath.Join(dir, positionFile)
	b, err := os.ReadFile(path)
	_ = os.Remove(path) // a script that was compiled has none
	f := run.Failure{File: file}
	if err != nil {
		return run.Failure{}
	}
	if _, err := fmt.Sscan(string(b), &f.Line, &f.Column); err != nil {
		return run.Failure{}
	}
	lines := strings.Split(string(source), "\n")
	if f.Line < 1 || f.Line > len(lines) {
		return run.Failure{}
	}
	f.Source = strings.TrimRight(lines[f.Line-1], "\r")
	return f
}
