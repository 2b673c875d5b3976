//go:build !linux

package dedup

func peakMemory() int64 { return 0 }
