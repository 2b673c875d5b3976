//go:build !unix

package launch

import (
	"os"
	"os/exec"
	"runtime/debug"
)

func divertCrashes(f *os.File) error { return debug.SetCrashOutput(f, debug.CrashOptions{}) }

func start(*exec.Cmd) error { return ErrNotSupported }

func interrupt(p *os.Process) { _ = p.Kill() }

func killGroup(p *os.Process) { _ = p.Kill() }

func signalName(*os.ProcessState) (string, bool) { return "", false }

func peakMemory(*os.ProcessState) string { return "" }

func socketPair() (ours, theirs *os.File, err error) { return nil, nil, ErrNotSupported }
