package curate

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// TestInOrder: results come in their order however long each takes; an error of
// either side ends the work, and the source of it, at once.
func TestInOrder(t *testing.T) {
	slow := func(i int) (int, error) {
		time.Sleep(time.Duration(i*7%5) * time.Millisecond / 4)
		return i, nil
	}
	var got []int
	if err := inOrder(slices.Values(numbers(200)), slow, func(i int) error { got = append(got, i); return nil }); err != nil || !slices.Equal(got, numbers(200)) {
		t.Errorf("%v, %v", err, got)
	}
	broken := errors.New("broken")
	for _, c := range []struct {
		name string
		work func(int) (int, error)
		take func(int) error
	}{
		{"work", func(i int) (int, error) {
			if i == 50 {
				return 0, broken
			}
			return slow(i)
		}, func(int) error { return nil }},
		{"take", slow, func(i int) error {
			if i == 50 {
				return broken
			}
			return nil
		}},
	} {
		given, ended := 0, false
		endless := func(yield func(int) bool) {
			defer func() { ended = true }()
			for yield(given) {
				given++
			}
		}
		if err := inOrder(endless, c.work, c.take); !errors.Is(err, broken) || !ended || given > 1000 {
			t.Errorf("%s: %v, %d given, ended %t", c.name, err, given, ended)
		}
	}
	if err := inOrder(slices.Values([]int(nil)), slow, func(int) error { return nil }); err != nil {
		t.Error(err)
	}
}
