package machine

import (
	"os"
	"strconv"
	"strings"
)

// Resident is how many bytes of memory this process holds now, and held at most
// since ResetPeak; 0 where that is unknown.
func Resident() (now, peak int64) {
	for line := range strings.Lines(readFile("/proc/self/status")) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		kib, _ := strconv.ParseInt(f[1], 10, 64)
		switch f[0] {
		case "VmRSS:":
			now = kib << 10
		case "VmHWM:":
			peak = kib << 10
		}
	}
	return now, peak
}

// ResetPeak begins a new measurement of the peak; see proc(5), clear_refs.
func ResetPeak() error { return os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }
