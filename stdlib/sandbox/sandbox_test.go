package sandbox

import (
	"context"
	"errors"
	"testing"
	"time"
)

func need(t testing.TB) {
	t.Helper()
	if err := Available(); err != nil {
		if errors.Is(err, ErrUnsupported) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
}
func TestHello(t *testing.T) {
	need(t)
	b := time.Now()
	r, err := Run(context.Background(), Program{Code: "import sys,os\nprint('hi', input(), sys.flags, sys.path, os.listdir('/'), os.environ)", Stdin: "there\n"})
	t.Log(r, err, time.Since(b))
}
