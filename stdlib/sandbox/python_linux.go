//go:build linux && (amd64 || arm64)

package sandbox

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"cogumi/stdlib/sandbox/inside"
)

// python is an interpreter with everything that it needs to see.
type python struct {
	exe     string
	version string
	args    []string
	env     []string
	dirs    []string
	files   []inside.Pair
	links   []inside.Pair
	root    bool
	tier    string // Namespaces or Confined
	own     bool   // without namespaces: programs get users of their own
}

// whatItNeeds runs outside, in the interpreter itself: where its library is, and
// which shared objects its extension modules load.
const whatItNeeds = `
import json, os, sys
for name in ("_ctypes", "_decimal", "_hashlib", "_ssl", "_sqlite3", "_lzma", "_bz2", "zlib", "math", "_uuid", "unicodedata"):
    try:
        __import__(name)
    except ImportError:
        pass
maps = []
with open("/proc/self/maps") as f:
    for line in f:
        path = line.rstrip("\n").split(None, 5)[5:]
        if path and path[0].startswith("/"):
            maps.append(path[0])
print(json.dumps({
    "exe": os.path.realpath(sys.executable),
    "version": "%d.%d.%d" % sys.version_info[:3],
    "implementation": sys.implementation.name,
    "path": [os.path.realpath(p) for p in sys.path if os.path.isdir(p)],
    "zip": [os.path.realpath(p) for p in sys.path if os.path.isfile(p)],
    "maps": sorted(set(maps)),
}))
`

// found is what whatItNeeds prints.
type found struct {
	Exe            string
	Version        string
	Implementation string
	Path, Zip      []string
	Maps           []string
}

// candidates are interpreters to try: the newest first, and of the same minor
// version the system's own. Installed packages are in none of them, and a
// distribution's build starts in two thirds of the time of one that a version
// manager compiled. failed is why the first of the others is none.
func candidates() (list []*python, failed error) {
	for _, name := range []string{"/usr/bin/python3", "python3", "/usr/local/bin/python3"} {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		py, err := lookInto(path)
		if err != nil {
			failed = cmp.Or(failed, err)
		} else if !slices.ContainsFunc(list, func(other *python) bool { return other.exe == py.exe }) {
			list = append(list, py)
		}
	}
	slices.SortStableFunc(list, func(a, b *python) int { return minor(b.version) - minor(a.version) })
	return list, failed
}

// minor is the second number of a version.
func minor(version string) int {
	n, _ := strconv.Atoi(strings.SplitN(version+"..", ".", 3)[1])
	return n
}

func lookInto(path string) (*python, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "-I", "-S", "-B", "-c", whatItNeeds)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("run %s: %w%s", path, err, lastWords(stderr.Bytes()))
	}
	var f found
	if err := json.Unmarshal(out, &f); err != nil {
		return nil, fmt.Errorf("run %s: it does not answer as Python does: %w", path, err)
	}
	if f.Implementation != "cpython" || !atLeast(f.Version, 3, 8) {
		return nil, fmt.Errorf("%s is %s %s, CPython 3.8 or later is needed", path, f.Implementation, f.Version)
	}
	return describe(&f)
}

func atLeast(version string, major, minor int) bool {
	parts := strings.SplitN(version, ".", 3)
	if len(parts) < 2 {
		return false
	}
	a, err1 := strconv.Atoi(parts[0])
	b, err2 := strconv.Atoi(parts[1])
	return err1 == nil && err2 == nil && (a > major || a == major && b >= minor)
}

// describe says what of this machine an interpreter is shown: its binary, its
// library without installed packages, the folders of the shared objects, and the
// loader.
func describe(f *found) (*python, error) {
	py := &python{
		exe:     f.Exe,
		version: f.Version,
		args:    []string{f.Exe, "-S", "-s", "-B", "-X", "utf8"},
		env:     []string{"PYTHONHASHSEED=0"},
		root:    mayMapEveryone(),
	}
	dirs := slices.Clone(f.Path)
	var extra []string
	for _, m := range f.Maps {
		if m == f.Exe || !strings.Contains(filepath.Base(m), ".so") {
			continue
		}
		dir := filepath.Dir(m)
		dirs = append(dirs, dir)
		if !strings.HasPrefix(dir, "/lib") && !strings.HasPrefix(dir, "/usr/lib") && !within(f.Path, dir) && !slices.Contains(extra, dir) {
			extra = append(extra, dir)
		}
	}
	if len(extra) > 0 {
		py.env = append(py.env, "LD_LIBRARY_PATH="+strings.Join(extra, ":"))
	}
	py.dirs = outermost(dirs)
	py.links = topLinks()
	files := append([]string{f.Exe, "/etc/ld.so.cache", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random"}, f.Zip...)
	loader, err := loaderOf(f.Exe)
	if err != nil {
		return nil, err
	}
	if loader != "" {
		files = append(files, loader)
	}
	for _, path := range files {
		if err := py.show(path); err != nil {
			return nil, err
		}
	}
	return py, nil
}

// show adds a file, unless a folder that is shown has it already.
func (py *python) show(path string) error {
	real, err := filepath.EvalSymlinks(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return err
	}
	place := filepath.Join(dir, filepath.Base(path))
	if !within(py.dirs, place) {
		py.files = append(py.files, inside.Pair{A: real, B: place})
	}
	return nil
}

// loaderOf is the program that the kernel starts for the binary, or empty.
func loaderOf(exe string) (string, error) {
	f, err := elf.Open(exe)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", exe, err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			b := make([]byte, min(p.Filesz, 4096))
			if _, err := p.ReadAt(b, 0); err != nil {
				return "", fmt.Errorf("read %s: %w", exe, err)
			}
			return string(bytes.TrimRight(b, "\x00")), nil
		}
	}
	return "", nil
}

// topLinks are the root's symbolic links for libraries, as /lib64 → usr/lib64.
func topLinks() []inside.Pair {
	var out []inside.Pair
	for _, path := range []string{"/lib", "/lib64", "/usr/lib64"} {
		if to, err := os.Readlink(path); err == nil {
			out = append(out, inside.Pair{A: to, B: path})
		}
	}
	return append(out, inside.Pair{A: inside.Folder, B: "/dev/shm"})
}

// outermost are the folders without duplicates and without those inside others.
func outermost(dirs []string) []string {
	slices.Sort(dirs)
	var out []string
	for _, d := range dirs {
		if !within(out, d) {
			out = append(out, d)
		}
	}
	return out
}

func within(dirs []string, path string) bool {
	return slices.ContainsFunc(dirs, func(d string) bool { return path == d || strings.HasPrefix(path, d+"/") })
}

// mayMapEveryone says whether this process is a root that has 65536 users of its
// own: then programs run as nobody, whom the limit on processes binds.
func mayMapEveryone() bool {
	if os.Geteuid() != 0 {
		return false
	}
	for _, file := range []string{"/proc/self/uid_map", "/proc/self/gid_map"} {
		b, err := os.ReadFile(file)
		if err != nil {
			return false
		}
		line, _, _ := strings.Cut(string(b), "\n")
		var first, outside, count uint64
		if n, _ := fmt.Sscan(line, &first, &outside, &count); n != 3 || first != 0 || count < 65536 {
			return false
		}
	}
	return true
}
