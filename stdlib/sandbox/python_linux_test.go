//go:build amd64 || arm64

package sandbox

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestVersions(t *testing.T) {
	for version, want := range map[string]bool{"3.8.0": true, "3.7.16": false, "2.7.18": false, "3.13.0": true, "4.0.0": true, "3": false, "": false, "x.y": false, "3.x": false} {
		if got := atLeast(version, 3, 8); got != want {
			t.Errorf("%q: %t", version, got)
		}
	}
}

func TestOutermost(t *testing.T) {
	got := outermost([]string{"/usr/lib/python3", "/usr/lib", "/usr/lib2", "/usr/lib", "/opt/x/y", "/opt/x"})
	if want := []string{"/opt/x", "/usr/lib", "/usr/lib2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// What is called python3 may be anything; each way to be none has its words.
func TestNoPython(t *testing.T) {
	for script, want := range map[string]string{
		"#!/bin/sh\necho hi":                 "does not answer as Python does",
		"#!/bin/sh\necho broken >&2; exit 3": "exit status 3: broken",
		"#!/bin/sh\necho '{\"implementation\":\"cpython\",\"version\":\"3.6.1\"}'":  "CPython 3.8 or later is needed",
		"#!/bin/sh\necho '{\"implementation\":\"pypy\",\"version\":\"3.10.1\"}'":    "CPython 3.8 or later is needed",
		"#!/bin/sh\necho '{\"implementation\":\"cpython\",\"version\":\"3.10.1\"}'": "read ",
	} {
		path := filepath.Join(t.TempDir(), "python3")
		if err := os.WriteFile(path, []byte(script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := lookInto(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", script, err, want)
		}
	}
}

// An interpreter that cannot start inside makes the sandbox unsupported, with the
// reason, and no program fails because of it.
func TestSelfTestFails(t *testing.T) {
	need(t)
	py, err := interpreter()
	if err != nil {
		t.Fatal(err)
	}
	for name, broken := range map[string]func(p *python){
		"no library":  func(p *python) { p.dirs = p.dirs[:0] },
		"no binary":   func(p *python) { p.exe = "/nowhere/python3" },
		"no folder":   func(p *python) { p.dirs = append(slices.Clone(p.dirs), "/nowhere/lib") },
		"wrong flags": func(p *python) { p.args = []string{p.exe, "--no-such-flag"} },
		"environment": func(p *python) { p.env = append(slices.Clone(p.env), "SECRET=1") },
		"etc":         func(p *python) { p.dirs = append(slices.Clone(p.dirs), "/etc") },
	} {
		p := *py
		broken(&p)
		err := selfTest(&p)
		var u *UnsupportedError
		if !errors.Is(err, ErrUnsupported) || !errors.As(err, &u) || len(u.Reason) < 10 {
			t.Errorf("%s: %v", name, err)
		}
		t.Log(name+":", err)
	}
}
