package inside

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// One import more and a start waits for the tables of half the program.
func TestStartsEarly(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if !slices.Contains([]string{`"errors"`, `"io"`, `"os"`, `"sync"`, `"sync/atomic"`, `"syscall"`, `"time"`, `"unsafe"`}, i.Path.Value) {
				t.Errorf("%s imports %s", file, i.Path.Value)
			}
		}
	}
}

func samplePlan() *Plan {
	return &Plan{
		Exe: "/usr/bin/python3", Args: []string{"a", "", "b\x00"}, Env: []string{"X=1"}, Dirs: []string{"/usr/lib"},
		Files: []Pair{{"/a", "/b"}}, Links: []Pair{{"usr/lib", "/lib"}}, Put: []Pair{{"main.py", "print(1)\n"}, {"", ""}},
		Home: "/tmp/x", User: 61184, Root: true, CPU: 5, Memory: 1 << 40, Disk: 3, OpenFiles: 4, Tasks: 6, Processes: true,
	}
}

func TestPlanSurvivesThePipe(t *testing.T) {
	p := samplePlan()
	b := p.Pack()
	if n := FromLE64(b); n != uint64(len(b)-8) {
		t.Fatalf("length %d of %d", n, len(b)-8)
	}
	back, err := Unpack(b[8:])
	if err != nil || !reflect.DeepEqual(p, back) {
		t.Fatalf("%+v, %v; want %+v", back, err, p)
	}
	for i := range b[8:] {
		if _, err := Unpack(b[8 : 8+i]); err == nil {
			t.Errorf("a plan of %d bytes instead of %d is accepted", i, len(b)-8)
		}
	}
	if _, err := Unpack(append(b[8:], 0)); err == nil {
		t.Error("a plan with a byte too many is accepted")
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(samplePlan().Pack()[8:])
	f.Add((&Plan{}).Pack()[8:])
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Unpack(b)
		if err == nil && string(p.Pack()[8:]) != string(b) {
			t.Errorf("%q became another plan: %q", b, p.Pack()[8:])
		}
	})
}

func TestDecimal(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 1200: "1200", -1: "-1", -1 << 63: "-9223372036854775808", 1<<63 - 1: "9223372036854775807"} {
		if got := decimal(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
}
