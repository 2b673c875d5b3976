package machine

import "testing"

func TestAvailable(t *testing.T) {
	const meminfo = "MemTotal:       16384 kB\nMemFree:         1024 kB\nMemAvailable:    8192 kB\n"
	for _, c := range []struct {
		meminfo         string
		limit, resident int64
		want            int64
	}{
		{meminfo, 0, 1 << 20, 8 << 20},        // the machine's
		{meminfo, 4 << 20, 1 << 20, 3 << 20},  // the container leaves less
		{meminfo, 32 << 20, 1 << 20, 8 << 20}, // … or more
		{meminfo, 1 << 20, 2 << 20, 1},        // nothing is left, which is known
		{"", 4 << 20, 1 << 20, 3 << 20},
		{"", 0, 1 << 20, 0},
	} {
		if got := available(c.meminfo, c.limit, c.resident); got != c.want {
			t.Errorf("limit %d, resident %d: %d bytes, want %d", c.limit, c.resident, got, c.want)
		}
	}
}
