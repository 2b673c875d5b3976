//go:build !linux || !(amd64 || arm64)

package sandbox

import "testing"

func inBothTiers(t *testing.T, test func(t *testing.T, tier string)) { t.Skip("no sandbox here") }

func inEveryWay(t *testing.T, test func(t *testing.T, tier string)) { t.Skip("no sandbox here") }

func keepsRoot() bool { return false }

func nothingLeft() error { return nil }

func bare(t testing.TB) []string {
	t.Skip("no sandbox here")
	return nil
}

func preferring(t testing.TB, tier string) func() {
	t.Skip("no sandbox here")
	return nil
}
