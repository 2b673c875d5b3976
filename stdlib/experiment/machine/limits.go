package machine

import (
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Cores is how many processors this process may use at once: affinity and the
// container's quota counted. At least 1.
func Cores() int {
	n := runtime.NumCPU() // affinity is in it
	if quota := cpuQuota("/sys/fs/cgroup", readFile("/proc/self/cgroup")); quota > 0 {
		n = min(n, int(math.Ceil(quota)))
	}
	return max(n, 1)
}

// Memory is how many bytes this process may use: the machine's, or the
// container's limit when that is lower. 0: unknown.
func Memory() int64 {
	total := totalMemory()
	if limit := memoryLimit("/sys/fs/cgroup", readFile("/proc/self/cgroup")); limit > 0 && (total == 0 || limit < total) {
		return limit
	}
	return total
}

// cpuQuota reads the limit of every group above the process; 0: none.
func cpuQuota(root, self string) float64 {
	lowest := 0.0
	keep := func(quota, period string) {
		q, err1 := strconv.ParseFloat(quota, 64)
		p, err2 := strconv.ParseFloat(period, 64)
		if err1 == nil && err2 == nil && q > 0 && p > 0 && (lowest == 0 || q/p < lowest) {
			lowest = q / p
		}
	}
	for _, dir := range groups(root, self) { // version 2
		if f := strings.Fields(readFile(filepath.Join(dir, "cpu.max"))); len(f) == 2 {
			keep(f[0], f[1])
		}
	}
	one := filepath.Join(root, "cpu") // version 1
	keep(strings.TrimSpace(readFile(filepath.Join(one, "cpu.cfs_quota_us"))), strings.TrimSpace(readFile(filepath.Join(one, "cpu.cfs_period_us"))))
	return lowest
}

func memoryLimit(root, self string) int64 {
	lowest := int64(0)
	keep := func(s string) {
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		// Version 1 writes "no limit" as a number near 2⁶³.
		if err == nil && n > 0 && n < 1<<60 && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	for _, dir := range groups(root, self) {
		keep(readFile(filepath.Join(dir, "memory.max")))
	}
	keep(readFile(filepath.Join(root, "memory", "memory.limit_in_bytes")))
	return lowest
}

// groups lists the folders from the process's own control group up to the root.
func groups(root, self string) []string {
	path := "/"
	for line := range strings.Lines(self) {
		if p, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			path = filepath.Clean("/" + p)
		}
	}
	var dirs []string
	for ; path != "/"; path = filepath.Dir(path) {
		dirs = append(dirs, filepath.Join(root, path))
	}
	return append(dirs, root)
}

func readFile(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}
