package cli

import (
	"fmt"
	"io/fs"
	"os"
	"time"

	"cogumi/runtime/cells"
	"cogumi/runtime/launch"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment"
)

// sessionConfig is how the process of a session of pieces is started; name is
// what its run is called.
func (a *app) sessionConfig(name, command string) (launch.Config, error) {
	root, _, err := a.runsRoot()
	if err != nil {
		return launch.Config{}, err
	}
	program, err := os.Executable()
	if err != nil {
		return launch.Config{}, failed("", "find the program itself: %v", err)
	}
	var files *launch.Files
	if !a.trust {
		files = &launch.Files{Read: a.mayRead, Write: a.mayWrite}
	}
	a.tellIsolation(found{Script: &stage.Script{}}, files)
	return launch.Config{
		Script: &stage.Script{Name: name}, Root: root, Command: command, Quiet: a.quiet,
		Program: program, ProgramArgs: []string{sessionCommand}, Report: buildReport, Files: files,
	}, nil
}

// pieceGrace is how long an interrupted piece may take to end before the prompt
// comes back; a step of training on a processor is longer than a loop's turn.
const pieceGrace = 5 * time.Second

// runSession is the hidden command "__session": the process that pieces run in.
func runSession(source fs.FS) int {
	if err := launch.RecordCrashes(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return launch.Failed
	}
	if err := enter(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return launch.Failed
	}
	experiment.SetArgs(nil)
	in, out := os.NewFile(launch.SessionIn, "requests"), os.NewFile(launch.SessionOut, "answers")
	err := cells.Serve(in, out, cells.Options{
		Source: source,
		Grace:  func(waited time.Duration) bool { return waited < pieceGrace },
		Begin: func() error {
			_, err := experiment.StartScript(os.Getenv(launch.EnvScript))
			return err
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return launch.Failed
	}
	experiment.Current().Resume() // what was interrupted last is no failure of the run
	return experiment.Close(nil)
}
