package cuda

import (
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// TestKernelsWithoutGPU compiles kernels for the CPU, where every
// GPU thread is a fiber and what is asynchronous happens at random permitted
// moments (check/emulate.h), and compares them with their formulas. It sees
// wrong indices, missing waits and barriers; what only the GPU shows (memory
// ordering, speed) the twin tests are for.
func TestKernelsWithoutGPU(t *testing.T) {
	compiler, err := exec.LookPath("g++")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		t.Skip("no g++")
	case err != nil:
		t.Fatal(err)
	case runtime.GOARCH != "amd64" || runtime.GOOS != "linux":
		t.Skip("the fibers are written for amd64 on Linux")
	case testing.Short():
		t.Skip("-short")
	}
	for _, name := range []string{"attention", "attention_hopper", "rope", "rows", "fp8", "few"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			program := filepath.Join(t.TempDir(), name)
			build := exec.Command(compiler, "-O1", "-std=c++17", "-Wno-unknown-pragmas", "-Icheck", "-o", program, filepath.Join("check", name+".cc"))
			if out, err := build.CombinedOutput(); err != nil {
				t.Fatalf("g++: %v\n%s", err, out)
			}
			for _, seed := range []string{"1", "2"} {
				if out, err := exec.CommandContext(t.Context(), program, seed).CombinedOutput(); err != nil {
					t.Errorf("seed %s: %v\n%s", seed, err, out)
				}
			}
		})
	}
}
