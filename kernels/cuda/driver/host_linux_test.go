package driver

import "testing"

// TestLargePages: the memory is there, whole and cleared, and goes back.
func TestLargePages(t *testing.T) {
	b, err := largePages(5<<20 + 1)
	if err != nil {
		t.Fatal(err)
	}
	if len(b) != 6<<20 {
		t.Fatalf("%d bytes", len(b))
	}
	for i, x := range b {
		if x != 0 {
			t.Fatalf("byte %d is %d", i, x)
		}
	}
	b[len(b)-1] = 1
	if err := freePages(b); err != nil {
		t.Fatal(err)
	}
}
