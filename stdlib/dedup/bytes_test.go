package dedup

import "testing"

func TestBytes(t *testing.T) {
	for text, want := range map[string]int64{"": 0, "100": 100, "4G": 4 << 30, "1.5 GiB": 0, "1.5GiB": 3 << 29, "2kb": 2048, "-1": 0, "G": 0, "nan": 0, "inf": 0, "1e30": 0} {
		got, err := Bytes(text)
		if got != want || (err == nil) != (want > 0 || text == "") {
			t.Errorf("%q: %d, %v, want %d", text, got, err, want)
		}
	}
}
