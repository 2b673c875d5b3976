package machine

import (
	"os"
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
	return RedactText(value)
}

// RedactText shortens the home folder to ~ wherever text names it.
func RedactText(text string) string {
	home, _ := os.UserHomeDir()
	return shorten(text, home)
}

// shorten replaces the home folder wherever it begins a path inside text: what
// stands before and after must not be a part of the same name.
func shorten(text, home string) string {
	home = strings.TrimRight(home, `/\`)
	if home == "" {
		return text
	}
	var b strings.Builder
	for at := 0; ; {
		i := strings.Index(text[at:], home)
		if i < 0 {
			return b.String() + text[at:]
		}
		start, end := at+i, at+i+len(home)
		b.WriteString(text[at:start])
		if start > 0 && nameByte(text[start-1]) || end < len(text) && nameByte(text[end]) {
			b.WriteString(home)
		} else {
			b.WriteByte('~')
		}
		at = end
	}
}

// nameByte says whether c goes on a file name; letters outside ASCII do.
func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= 0x80 || c == '_' || c == '-' || c == '.'
}
