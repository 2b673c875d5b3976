package blas

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestCandidates: COGUMI_CUDA_PATH comes first, as a folder or a toolkit's root;
// the loader's own names always follow; pip's folders of the environment in use
// are looked at.
func TestCandidates(t *testing.T) {
	root, env := t.TempDir(), t.TempDir()
	touch := func(parts ...string) string {
		path := filepath.Join(parts...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	inRoot, inLib := touch(root, "libcublasLt.so.12"), touch(root, "lib64", "libcublasLt.so.13")
	inPip := touch(env, "lib/python3.12/site-packages/nvidia/cublas/lib/libcublasLt.so.12")
	t.Setenv("COGUMI_CUDA_PATH", root)
	t.Setenv("VIRTUAL_ENV", env)
	got := candidates()
	if got[0] != inRoot || got[1] != inLib || got[2] != "libcublasLt.so.13" {
		t.Errorf("begins with %v", got[:3])
	}
	if !slices.Contains(got, inPip) {
		t.Errorf("pip's library is missing in %v", got)
	}
	t.Setenv("COGUMI_CUDA_PATH", filepath.Join(root, "nothing"))
	if got := candidates(); got[0] != "libcublasLt.so.13" {
		t.Errorf("without a library there: %v", got[:1])
	}
}

func TestShapesAreNamed(t *testing.T) {
	s := Shape{M: 3, N: 4, K: 5, TransB: true}
	if got := s.String(); got != "product [3,4] of A, Bᵀ over 5, to bf16" {
		t.Error(got)
	}
}
