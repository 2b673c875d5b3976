//go:build nolingua

package deep

// Available says whether lingua-go is in this binary.
const Available = false

// Decide leaves the question open.
func Decide(string, []string) string { return "" }
