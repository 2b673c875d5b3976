package blas

import (
	"os"
	"path/filepath"
	"sort"
)

// candidates are the places where people have cuBLASLt, in the order in which
// they are tried: COGUMI_CUDA_PATH (a folder, or a toolkit's root), what the
// loader finds, toolkits, pip's packages.
func candidates() []string {
	versions := []string{"libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so"}
	var out []string
	in := func(dirs ...string) {
		for _, d := range dirs {
			for _, v := range versions {
				if p := filepath.Join(d, v); exists(p) {
					out = append(out, p)
				}
			}
		}
	}
	if p := os.Getenv("COGUMI_CUDA_PATH"); p != "" {
		in(p, filepath.Join(p, "lib64"), filepath.Join(p, "lib"), filepath.Join(p, "targets/x86_64-linux/lib"))
	}
	out = append(out, versions...)
	if p := os.Getenv("CUDA_HOME"); p != "" {
		in(filepath.Join(p, "lib64"))
	}
	in(newest("/usr/local/cuda*/lib64")...)
	in(newest("/usr/local/cuda*/targets/*/lib")...)
	in("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/opt/cuda/lib64")
	in(pip()...)
	return out
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// newest lists what a pattern finds, later versions first.
func newest(pattern string) []string {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	sort.Sort(sort.Reverse(sort.StringSlice(found)))
	return found
}

// pip is where pip puts NVIDIA's libraries: the virtual environment in use, and
// the usual site folders.
func pip() []string {
	roots := []string{"/usr/local/lib", "/usr/lib", "/opt/*", "/opt/*/.venv/lib", "/opt/conda/lib"}
	for _, v := range []string{"VIRTUAL_ENV", "CONDA_PREFIX"} {
		if p := os.Getenv(v); p != "" {
			roots = append([]string{filepath.Join(p, "lib")}, roots...)
		}
	}
	if home, err := os.UserHomeDir(); err == nil {
		roots = append(roots, filepath.Join(home, ".local/lib"))
	}
	var dirs []string
	for _, r := range roots {
		for _, site := range []string{"site-packages", "dist-packages"} {
			for _, lib := range []string{"cu13/lib", "cublas/lib"} {
				dirs = append(dirs, newest(filepath.Join(r, "python3*", site, "nvidia", lib))...)
			}
		}
	}
	return dirs
}
