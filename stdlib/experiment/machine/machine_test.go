package machine

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestHereKnowsThisMachine(t *testing.T) {
	e := Here()
	if e.Cores < 1 || e.Cores > runtime.NumCPU() {
		t.Errorf("cores %d of %d", e.Cores, runtime.NumCPU())
	}
	if e.CPU == "" || e.Go != runtime.Version() || e.OS != runtime.GOOS || e.Cogumi == "" || e.Place == "" || e.ISA == "" {
		t.Errorf("incomplete: %+v", e)
	}
	if runtime.GOOS == "linux" && e.Memory < 64<<20 {
		t.Errorf("memory %d", e.Memory)
	}
	host, _ := os.Hostname()
	if host != "" && len(host) > 6 && (e.CPU == host || e.Place == host) {
		t.Errorf("the host's name is in %+v", e)
	}
}

func TestIdentityFollowsTheKernels(t *testing.T) {
	before := Identity()
	SetISA(func() string { return "test-isa" })
	SetDevice(func() string { return "cuda NVIDIA H200" })
	t.Cleanup(func() { SetISA(nil); SetDevice(nil) })
	want := runtime.GOOS + "/" + runtime.GOARCH + " cuda NVIDIA H200 test-isa"
	if got := Identity(); got != want || got == before {
		t.Errorf("identity %q, want %q", got, want)
	}
}

func TestControlGroupLimits(t *testing.T) {
	root := t.TempDir()
	write(t, filepath.Join(root, "cpu.max"), "max 100000\n")
	write(t, filepath.Join(root, "a", "cpu.max"), "250000 100000\n")
	write(t, filepath.Join(root, "a", "memory.max"), "1073741824\n")
	write(t, filepath.Join(root, "a", "b", "cpu.max"), "400000 100000\n")
	write(t, filepath.Join(root, "a", "b", "memory.max"), "max\n")
	if got := cpuQuota(root, "0::/a/b\n"); got != 2.5 {
		t.Errorf("quota %v, want the lowest above the process: 2.5", got)
	}
	if got := memoryLimit(root, "0::/a/b\n"); got != 1<<30 {
		t.Errorf("memory %d", got)
	}
	if got := cpuQuota(root, "0::/\n"); got != 0 {
		t.Errorf("no quota reads as %v", got)
	}
	one := t.TempDir() // version 1
	write(t, filepath.Join(one, "cpu", "cpu.cfs_quota_us"), "50000\n")
	write(t, filepath.Join(one, "cpu", "cpu.cfs_period_us"), "100000\n")
	write(t, filepath.Join(one, "memory", "memory.limit_in_bytes"), "9223372036854771712\n")
	if q, m := cpuQuota(one, "4:cpu:/x\n"), memoryLimit(one, "4:cpu:/x\n"); q != 0.5 || m != 0 {
		t.Errorf("version 1: quota %v, memory %d", q, m)
	}
	if got := cpuQuota(root, "0::/../../etc\n"); got != 0 {
		t.Errorf("a group outside the root: %v", got)
	}
}

func TestGPUsFromTheDriver(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "0000:01:00.0", "information"), "Model: \t\t NVIDIA H200\nIRQ:   \t\t 42\nGPU UUID: \t GPU-1\n")
	write(t, filepath.Join(dir, "0000:02:00.0", "information"), "Model: \t\t NVIDIA H100 80GB HBM3\n")
	got := gpusIn(dir)
	if len(got) != 2 || got[0] != "NVIDIA H200" || got[1] != "NVIDIA H100 80GB HBM3" {
		t.Errorf("%q", got)
	}
	if got := gpusIn(filepath.Join(dir, "none")); got != nil {
		t.Errorf("without a driver: %q", got)
	}
}

func TestPlace(t *testing.T) {
	for _, c := range []struct{ name, env, file, want string }{
		{"vast", "VAST_CONTAINERLABEL", "/.dockerenv", "vast.ai"},
		{"docker", "", "/.dockerenv", "container"},
		{"podman", "", "/run/.containerenv", "container"},
		{"cluster", "KUBERNETES_SERVICE_HOST", "", "container"},
		{"laptop", "", "", "local"},
	} {
		got := place(func(k string) string {
			if k == c.env {
				return "C.123"
			}
			return ""
		}, func(p string) bool { return p == c.file })
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestGitState(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	dir := t.TempDir()
	if c := Git(dir); c != (Commit{}) {
		t.Errorf("outside a repository: %+v", c)
	}
	do := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-C", dir, "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"}, args...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
	}
	do("init", "-q")
	write(t, filepath.Join(dir, "x.go"), "package main\n")
	do("add", "x.go")
	do("commit", "-q", "-m", "one")
	c := Git(dir)
	if len(c.Hash) < 40 || c.Dirty {
		t.Errorf("clean: %+v", c)
	}
	write(t, filepath.Join(dir, "x.go"), "package main // changed\n")
	write(t, filepath.Join(dir, "untracked"), "")
	if d := Git(dir); d.Hash != c.Hash || !d.Dirty {
		t.Errorf("changed: %+v", d)
	}
}
