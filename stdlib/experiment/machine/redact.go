package machine

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

var secretName = regexp.MustCompile(`(?i)(^|[-_.])(api[-_]?key|key|token|secret|password|passwd|pass|auth|credentials?|bearer)($|[-_.=])`)

// notSecret are names that hold such a word and mean a count.
var notSecret = regexp.MustCompile(`(?i)(^|[-_.])(max|min|num|n|count|per|total|pad|eos|bos)[-_.]?(new[-_.]?)?token`)

// Secret says whether a flag of that name may hold a secret.
func Secret(name string) bool {
	name = strings.TrimLeft(name, "-")
	return secretName.MatchString(name) && !notSecret.MatchString(name)
}

const hidden = "…"

// Redact hides the values of secret flags and shortens the home folder to ~.
func Redact(args []string) []string {
	home, _ := os.UserHomeDir()
	out := make([]string, len(args))
	hide := false
	for i, a := range args {
		name, _, has := strings.Cut(a, "=")
		isFlag := strings.HasPrefix(a, "-") && len(a) > 1
		switch {
		case hide && !isFlag:
			out[i] = hidden
		case isFlag && has && Secret(name):
			out[i] = name + "=" + hidden
		default:
			out[i] = shorten(a, home)
		}
		hide = isFlag && !has && Secret(a)
	}
	return out
}

// RedactValue is the value of one parameter as it may be written down.
func RedactValue(name, value string) string {
	if Secret(name) && value != "" {
		return hidden
	}
	home, _ := os.UserHomeDir()
	return shorten(value, home)
}

// shorten replaces the home folder wherever it begins a path inside s.
func shorten(s, home string) string {
	if home == "" || home == "/" || !strings.Contains(s, home) {
		return s
	}
	sep := string(filepath.Separator)
	s = strings.ReplaceAll(s, home+sep, "~"+sep)
	if strings.HasSuffix(s, home) {
		s = strings.TrimSuffix(s, home) + "~"
	}
	return s
}
