package dedup

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"cogumi/stdlib/experiment"
)

// Bytes reads an amount of memory: a whole number of bytes, or with K, M, G or T
// (powers of 1024; "4G", "4GB", "4GiB"). Empty is 0.
func Bytes(text string) (int64, error) {
	number := strings.ToUpper(strings.TrimSpace(text))
	if number == "" {
		return 0, nil
	}
	number = strings.TrimSuffix(strings.TrimSuffix(number, "B"), "I")
	unit := 1.0
	for i, letter := range []string{"K", "M", "G", "T"} {
		if cut, ok := strings.CutSuffix(number, letter); ok {
			number, unit = cut, math.Pow(1024, float64(i+1))
		}
	}
	v, err := strconv.ParseFloat(number, 64)
	if v *= unit; err != nil || !(v >= 1 && v < 1<<62) {
		return 0, fmt.Errorf("%q is no amount of memory: 500M and 4G are", text)
	}
	return int64(v), nil
}

// MustBytes is Bytes that ends the run when it fails.
func MustBytes(text string) int64 {
	n, err := Bytes(text)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 2))
	}
	return n
}
