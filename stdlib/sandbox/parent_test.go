package sandbox

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"cogumi/stdlib/broker"
)

// A process that may not start programs gets the same results from its parent.
func TestTheParentRunsPrograms(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	ours, theirs := net.Pipe()
	go broker.Serve(t.Context(), theirs, Handlers())
	broker.SetParent(broker.NewClient(ours))
	defer broker.SetParent(nil)

	if err := Available(); err != nil || Version() == "" {
		t.Fatalf("%v, version %q", err, Version())
	}
	r, err := Run(t.Context(), Program{
		Code:  "import os, sys, helper\nsys.stdout.buffer.write(b'\\xff\\x00')\nos.write(3, b'\\xfe')\nprint(input(), helper.x)\nsys.exit(3)",
		Stdin: "hé\xff\n", Files: map[string]string{"helper.py": "x = 'ü'"},
	})
	if err != nil || r.ExitCode != 3 || !strings.HasPrefix(r.Stdout, "\xff\x00") || !strings.HasSuffix(r.Stdout, " ü\n") || r.Report != "\xfe" || r.Wall <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := Run(t.Context(), Program{Files: map[string]string{"../x": ""}}); err == nil || !strings.Contains(err.Error(), "../x") {
		t.Errorf("a wrong name: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := Run(ctx, Program{Code: "import time\ntime.sleep(60)"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a cancelled program: %v", err)
	}
	ours.Close()
	if err := Available(); !errors.Is(err, ErrUnsupported) {
		t.Errorf("without a parent: %v", err)
	}
}
