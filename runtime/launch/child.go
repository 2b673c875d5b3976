package launch

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"

	"cogumi/reports/run"
)

// ending is how the child went.
type ending struct {
	startErr    error
	state       *os.ProcessState
	interrupted bool        // a person asked for the end
	forced      bool        // and asked twice
	compiled    bool        // the child was the script's own program
	crash       string      // what the Go runtime wrote when it crashed
	last        run.Failure // where the script was shortly before; no line: unknown
}

// watch starts the child and waits for it, passing signals on: the first
// SIGINT, SIGTERM or SIGHUP asks the script to stop, the second kills it with
// all that it started.
func watch(cfg Config, dir, file, copied string) ending {
	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	cmd := exec.Command(cfg.Program, cfg.childArgs(file)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = stdin(cfg.Stdin), cfg.Stdout, cfg.Stderr
	cmd.Env = append(cleanEnv(os.Environ()), EnvRunDir+"="+dir, EnvScript+"="+copied)
	if cfg.Compiled {
		cmd.Env = append(cmd.Env, EnvCompiled+"=1")
	}
	if cfg.Quiet {
		cmd.Env = append(cmd.Env, EnvQuiet+"=1")
	}
	if cfg.Force {
		cmd.Env = append(cmd.Env, EnvForce+"=1")
	}
	if cfg.From != "" {
		cmd.Env = append(cmd.Env, EnvFrom+"="+cfg.From)
	}
	bounds, err := cfg.confine(cmd, dir)
	if err != nil {
		return ending{startErr: err}
	}
	defer bounds.end()
	ended, err := spawn(cmd)
	if err != nil {
		return ending{startErr: err}
	}
	bounds.started()
	end := ending{compiled: cfg.Compiled}
	for {
		select {
		case <-signals:
			if !end.interrupted {
				end.interrupted = true
				interrupt(cmd.Process) // the script says what it does about it
				continue
			}
			end.forced = true
			killGroup(cmd.Process)
		case <-ended:
			// What the script started and left behind goes with it.
			killGroup(cmd.Process)
			end.state = cmd.ProcessState
			end.crash = readCrash(filepath.Join(dir, crashFile))
			end.last = readPosition(dir, file, cfg.Script.Source)
			return end
		}
	}
}

// spawn starts a child; ended is closed when it is gone.
func spawn(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	started, gone := make(chan error, 1), make(chan struct{})
	go func() {
		// The kernel sends Pdeathsig when the thread that forked ends, not the
		// process: the thread is kept for as long as the child lives.
		runtime.LockOSThread()
		defer close(gone)
		err := start(cmd)
		started <- err
		if err == nil {
			_ = cmd.Wait() // the exit status is in ProcessState
		}
	}()
	return gone, <-started
}

// childArgs are what the child is started with: the interpreter is told the file,
// a compiled script is it.
func (cfg Config) childArgs(file string) []string {
	args := append([]string{}, cfg.ProgramArgs...)
	if !cfg.Compiled {
		args = append(args, file)
	}
	return append(args, cfg.Args...)
}

// stdin keeps a terminal from the child: reading it from a background process
// group would stop the child for good.
func stdin(f *os.File) *os.File {
	if f == nil {
		return nil
	}
	if fi, err := f.Stat(); err != nil || fi.Mode()&os.ModeCharDevice != 0 {
		return nil
	}
	return f
}

// cleanEnv drops what an outer run left: a script may itself call cogumi.
func cleanEnv(env []string) []string {
	var kept []string
	for _, e := range env {
		name, _, _ := strings.Cut(e, "=")
		if name != EnvRunDir && name != EnvScript && name != EnvQuiet && name != EnvCompiled && name != EnvBroker {
			kept = append(kept, e)
		}
	}
	return kept
}

// RecordCrashes is called first thing in the child: what the Go runtime writes
// about an unrecovered panic or a fatal error, all the goroutines of it, goes to
// the run folder and not to the terminal.
func RecordCrashes() error {
	dir := os.Getenv(EnvRunDir)
	if dir == "" {
		return nil
	}
	f, err := os.Create(filepath.Join(dir, crashFile))
	if err != nil {
		return fmt.Errorf("record crashes: %w", err)
	}
	defer f.Close() // divertCrashes keeps a descriptor of its own
	if err := divertCrashes(f); err != nil {
		return fmt.Errorf("record crashes: %w", err)
	}
	return nil
}

// readCrash returns what the Go runtime wrote about a crash, without the
// goroutines; "" where there was none. An empty file is removed.
func readCrash(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if len(b) == 0 {
		_ = os.Remove(path)
		return ""
	}
	// Libraries of other languages may have written there before.
	at := crashStart.FindIndex(b)
	if at == nil {
		return ""
	}
	text, _, _ := strings.Cut(string(b[at[0]:]), "\n\n")
	return strings.TrimSpace(text)
}

// crashStart is how the Go runtime begins: a panic, a fatal error, or a signal.
var crashStart = regexp.MustCompile(`(?m)^(panic: |fatal error: |runtime: |SIG[A-Z]+: )`)
