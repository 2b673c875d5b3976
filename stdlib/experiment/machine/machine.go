// Package machine says where a run runs: processor, memory, GPUs, place and the
// script's commit. It names no user and no host, and starts no process but git.
package machine

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"

	"cogumi/reports/run"

	"github.com/klauspost/cpuid/v2"
)

var (
	mu     sync.Mutex
	isa    func() string // nil: detectISA
	device func() string // nil: "cpu"
)

// SetISA installs what the kernels really use instead of what the processor has;
// nil takes it back.
func SetISA(f func() string) { mu.Lock(); isa = f; mu.Unlock() }

// SetDevice installs what says which device computes: "cpu", or "cuda" with the
// GPU's name; nil takes it back.
func SetDevice(f func() string) { mu.Lock(); device = f; mu.Unlock() }

// ISA is the instruction set that the kernels use: avx512, avx2, neon or plain.
func ISA() string {
	mu.Lock()
	f := isa
	mu.Unlock()
	if f == nil {
		return detectISA()
	}
	return f()
}

// Device is what computes: cpu, or cuda with the GPU's name.
func Device() string {
	mu.Lock()
	f := device
	mu.Unlock()
	if f == nil {
		return "cpu"
	}
	return f()
}

// Identity is what decides the bits of a floating-point result: operating system
// and architecture, device, instruction set.
func Identity() string {
	return runtime.GOOS + "/" + runtime.GOARCH + " " + Device() + " " + ISA()
}

// Detect describes this machine and the git commit of the repository that
// folder, the script's, lies in. It takes up to a second.
func Detect(folder string) run.Environment {
	e, commit := Here(), Git(folder)
	e.GitCommit, e.GitDirty = commit.Hash, commit.Dirty
	return e
}

// Here describes this machine, in a millisecond.
func Here() run.Environment {
	return run.Environment{
		Cogumi: Version(),
		Go:     runtime.Version(),
		OS:     runtime.GOOS,
		Arch:   runtime.GOARCH,
		CPU:    cpuName(),
		Cores:  Cores(),
		Memory: Memory(),
		ISA:    ISA(),
		Device: Device(),
		GPUs:   GPUs(),
		Place:  Place(),
	}
}

// Version is this program's version as the build recorded it; "devel" without one.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "devel"
	}
	version := strings.Trim(info.Main.Version, "()")
	if version == "" {
		version = "devel"
	}
	if version != "devel" {
		return version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			version += " " + s.Value[:12]
		}
	}
	return version
}

func detectISA() string {
	c := cpuid.CPU
	switch {
	case c.Supports(cpuid.AVX512F, cpuid.AVX512BW, cpuid.AVX512DQ, cpuid.AVX512VL):
		return "avx512"
	case c.Supports(cpuid.AVX2, cpuid.FMA3):
		return "avx2"
	case runtime.GOARCH == "arm64":
		return "neon"
	}
	return "plain"
}

func cpuName() string {
	if name := strings.Join(strings.Fields(cpuid.CPU.BrandName), " "); name != "" {
		return name
	}
	// arm64 has no brand string; Linux may know a model.
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(strings.TrimSpace(k), "model name") {
			return strings.TrimSpace(v)
		}
	}
	return runtime.GOARCH
}

// GPUs names the NVIDIA GPUs that the driver shows, without asking a tool.
func GPUs() []string { return gpusIn("/proc/driver/nvidia/gpus") }

func gpusIn(dir string) []string {
	var names []string
	files, _ := filepath.Glob(filepath.Join(dir, "*", "information"))
	for _, f := range files {
		b, _ := os.ReadFile(f)
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "Model" {
				names = append(names, strings.TrimSpace(v))
			}
		}
	}
	return names
}

// Place is "vast.ai", "container" or "local".
func Place() string {
	exists := func(path string) bool { _, err := os.Stat(path); return err == nil }
	return place(os.Getenv, exists)
}

func place(getenv func(string) string, exists func(string) bool) string {
	switch {
	case getenv("VAST_CONTAINERLABEL") != "", getenv("VAST_TCP_PORT_22") != "", exists("/root/.vast_containerlabel"):
		return "vast.ai"
	case exists("/.dockerenv"), exists("/run/.containerenv"), getenv("KUBERNETES_SERVICE_HOST") != "", getenv("container") != "":
		return "container"
	}
	return "local"
}
