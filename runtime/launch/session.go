package launch

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"cogumi/reports/run"
)

// Session is a run whose child stays until it is told to go: it gets the pieces of
// a program over a pipe. When the child dies, another one can go on with the run.
type Session struct {
	cfg    Config
	w      *run.Writer
	dir    string
	child  *Child
	deaths int
}

// OpenSession makes the run folder. Of cfg it uses Script's name, Root, Command,
// Quiet, Program, ProgramArgs, Files and Report.
func OpenSession(cfg Config) (*Session, error) {
	w, err := create(cfg)
	if err != nil {
		return nil, err
	}
	w.Heartbeat(nil)
	dir, err := filepath.Abs(w.Dir())
	if err != nil {
		return nil, err
	}
	return &Session{cfg: cfg, w: w, dir: dir}, nil
}

// Dir is the run folder.
func (s *Session) Dir() string { return s.dir }

// Source is the file in the run folder that holds the program.
func (s *Session) Source() string {
	return filepath.Join(s.dir, run.SourceDir, s.cfg.Script.Name+".go")
}

// Event adds to the run's record.
func (s *Session) Event(e run.Event) error { return s.w.Event(e) }

// Child is the process that pieces run in. What it is asked goes into In, what it
// answers comes out of Out; its own standard input is empty.
type Child struct {
	In  io.WriteCloser
	Out io.ReadCloser

	s      *Session
	cmd    *exec.Cmd
	bounds *bounds
	ended  <-chan struct{}
	once   sync.Once
	how    ending
}

// Descriptors of the child: after standard input, output and errors.
const (
	SessionIn  = 3
	SessionOut = 4
)

// Start starts a child. There may be one at a time.
func (s *Session) Start() (*Child, error) {
	inR, inW, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("start the session's process: %w", err)
	}
	outR, outW, err := os.Pipe()
	if err != nil {
		inR.Close()
		inW.Close()
		return nil, fmt.Errorf("start the session's process: %w", err)
	}
	cmd := exec.Command(s.cfg.Program, s.cfg.ProgramArgs...)
	cmd.ExtraFiles = []*os.File{inR, outW}
	cmd.Env = append(cleanEnv(os.Environ()), EnvRunDir+"="+s.dir, EnvScript+"="+s.Source())
	if s.cfg.Quiet {
		cmd.Env = append(cmd.Env, EnvQuiet+"=1")
	}
	var ended <-chan struct{}
	bounds, err := s.cfg.confine(cmd, s.dir)
	if err == nil {
		ended, err = spawn(cmd)
	}
	inR.Close()
	outW.Close()
	if err != nil {
		bounds.end()
		inW.Close()
		outR.Close()
		return nil, fmt.Errorf("start the session's process: %w", err)
	}
	bounds.started()
	s.child = &Child{In: inW, Out: outR, s: s, cmd: cmd, ended: ended, bounds: bounds}
	return s.child, nil
}

// Kill ends the child at once, with all that it started.
func (c *Child) Kill() { killGroup(c.cmd.Process) }

// Wait waits for the child's end and says why it died: nil when it was asked to
// go. A crash's whole trace is kept in the run folder.
func (c *Child) Wait() *run.Failure {
	<-c.ended
	c.once.Do(func() {
		killGroup(c.cmd.Process) // what it started and left behind
		c.bounds.end()
		path := filepath.Join(c.s.dir, crashFile)
		c.how = ending{state: c.cmd.ProcessState, crash: readCrash(path)}
		if c.how.crash != "" { // the next child has a file of its own
			c.s.deaths++
			_ = os.Rename(path, filepath.Join(c.s.dir, fmt.Sprintf("crash-%d.log", c.s.deaths)))
		}
	})
	if c.how.code() == OK {
		return nil
	}
	f := c.how.failure()
	f.Message, f.Hint = strings.Replace(f.Message, "the script's process", "the session's process", 1), strings.TrimSuffix(f.Hint, "; "+goesOn)
	if c.how.crash != "" {
		f.Hint = fmt.Sprintf("the whole trace is in crash-%d.log of the run folder", c.s.deaths)
	}
	return f
}

// closing is how long a child may take to end after its input did.
const closing = 10 * time.Second

// Close lets the child go, closes the run and builds its report.
func (s *Session) Close() (*Outcome, error) {
	end := ending{}
	if c := s.child; c != nil {
		_ = c.In.Close() // ended already: that is what is wanted
		late := time.AfterFunc(closing, c.Kill)
		c.Wait()
		late.Stop()
		end = c.how
	}
	out := &Outcome{Dir: s.dir, Code: end.code()}
	var err error
	if out.Orphan, err = end.closeRun(s.w); err != nil {
		return nil, fmt.Errorf("close run %s: %w", s.dir, err)
	}
	if err := s.w.Close(); err != nil {
		return nil, err
	}
	if s.cfg.Report != nil {
		out.Report, out.ReportErr = report(s.cfg.Report, s.dir)
	}
	out.Run, err = run.Read(s.dir)
	return out, err
}
