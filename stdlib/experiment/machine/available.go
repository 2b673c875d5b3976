package machine

import (
	"strconv"
	"strings"
)

// Available is how many bytes this process can still take without others being
// driven out: what the kernel calls available, or what the container's limit
// leaves. 0: unknown.
func Available() int64 {
	now, _ := Resident()
	return available(readFile("/proc/meminfo"), memoryLimit("/sys/fs/cgroup", readFile("/proc/self/cgroup")), now)
}

func available(meminfo string, limit, resident int64) (free int64) {
	for line := range strings.Lines(meminfo) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "MemAvailable:" {
			kib, _ := strconv.ParseInt(f[1], 10, 64)
			free = kib << 10
		}
	}
	if limit > 0 {
		if left := max(limit-resident, 1); free == 0 || left < free {
			free = left
		}
	}
	return free
}
