package objects

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestObjectsAreOfTheirSources fails when a kernel's source was changed and
// `make kernels` was not run.
func TestObjectsAreOfTheirSources(t *testing.T) {
	files, err := filepath.Glob("../src/*.cu")
	if err != nil || len(files) == 0 {
		t.Fatalf("no sources: %v", err)
	}
	built := map[string]bool{}
	for _, f := range Families() {
		built[f] = true
	}
	for _, f := range files {
		family := strings.TrimSuffix(filepath.Base(f), ".cu")
		if !built[family] {
			t.Errorf("%s has no compiled object: run make kernels", filepath.Base(f))
			continue
		}
		delete(built, family)
		want, err := SourceHash(os.DirFS("../src"), family+".cu")
		if err != nil {
			t.Fatal(err)
		}
		got, err := Read(family, SourceEntry)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s.zip is older than its source: run make kernels", family)
		}
		for _, arch := range []string{KernelsEntry, "sm_80", "sm_86", "sm_89", "sm_90a", "compute_90"} {
			if b, err := Read(family, arch); err != nil || len(b) == 0 {
				t.Errorf("%s: %s: %d bytes, %v", family, arch, len(b), err)
			}
		}
	}
	if f, ok := Family("linear_round"); !ok || f != "linear" {
		t.Errorf("linear_round is in %q", f)
	}
	for f := range built {
		t.Errorf("%s.zip has no source", f)
	}
}

func TestSourceHashSeesIncludes(t *testing.T) {
	sources := fstest.MapFS{
		"a.cu":  {Data: []byte("#include <math.h>\n#include \"b.cuh\"\n")},
		"b.cuh": {Data: []byte("// one\n")},
	}
	before, err := SourceHash(sources, "a.cu")
	if err != nil {
		t.Fatal(err)
	}
	sources["b.cuh"] = &fstest.MapFile{Data: []byte("// two\n")}
	after, err := SourceHash(sources, "a.cu")
	if err != nil || before == after {
		t.Errorf("hash did not change with an include: %s, %v", after, err)
	}
	delete(sources, "b.cuh")
	if _, err := SourceHash(sources, "a.cu"); err == nil {
		t.Error("a missing include passed")
	}
}
