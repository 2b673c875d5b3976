package bench

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"cogumi/kernels/golden"
)

// Drawn by CPython 3.11: r = random.Random(seed); r.sample(range(n), k), several
// times in a row.
func TestSample(t *testing.T) {
	for _, c := range []struct {
		seed uint32
		n, k int
		want [][]int
	}{
		{1234, 7473, 5, [][]int{{6374, 3610, 957, 61, 742}, {7462, 6610, 4769, 286, 5501}, {5677, 687, 806, 6279, 2905}}},
		{1234, 7473, 8, [][]int{{6374, 3610, 957, 61, 742, 7462, 6610, 4769}, {286, 5501, 5677, 687, 806, 6279, 2905, 1939}, {142, 252, 6461, 129, 2835, 5311, 5105, 3966}}},
		{0, 20, 5, [][]int{{12, 13, 1, 8, 15}, {12, 9, 15, 11, 6}, {16, 4, 9, 18, 3}}},
		{1234, 5, 5, [][]int{{3, 0, 4, 2, 1}, {0, 4, 1, 3, 2}, {0, 4, 1, 2, 3}}},
		{42, 85, 6, [][]int{{81, 14, 3, 35, 31, 28}, {17, 13, 69, 11, 75, 54}, {4, 3, 11, 27, 29, 64}}},
		{4294967295, 300, 3, [][]int{{104, 110, 267}, {149, 174, 195}, {143, 181, 254}}},
	} {
		r := newPyRandom(c.seed)
		for i, want := range c.want {
			if got := r.sample(c.n, c.k); !slices.Equal(got, want) {
				t.Errorf("seed %d, %d of %d, draw %d: %v, want %v", c.seed, c.k, c.n, i, got, want)
			}
		}
	}
}

// The five examples of each of GSM8K's test items.
func TestSampleOfGSM8K(t *testing.T) {
	b, err := os.ReadFile(filepath.Join(golden.Dir(t, "golden/lm-eval"), "gsm8k_fewshot_rows.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Rows [][]int `json:"rows_of_test_document"`
	}
	if err := json.Unmarshal(b, &want); err != nil || len(want.Rows) != 1319 {
		t.Fatal(len(want.Rows), err)
	}
	r := newPyRandom(1234)
	for i, w := range want.Rows {
		if got := r.sample(7473, 5); !slices.Equal(got, w) {
			t.Fatalf("item %d: %v, want %v", i, got, w)
		}
	}
}
