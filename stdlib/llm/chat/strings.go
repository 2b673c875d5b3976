package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// toUpper and toLower are Python's: ß becomes SS, İ becomes i and a dot, a final
// Σ becomes ς.
func toUpper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	return cases.Upper(language.Und).String(s)
}

func toLower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return cases.Lower(language.Und).String(s)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// capitalize is str.capitalize: the first character in title case, the rest in lower.
func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return titleCase(s[:n]) + toLower(s[n:])
}

// titleCase of one character; ß becomes Ss.
func titleCase(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	if r, n := utf8.DecodeRuneInString(s); n == len(s) && unicode.ToTitle(r) != unicode.ToUpper(r) {
		return string(unicode.ToTitle(r))
	}
	upper := toUpper(s)
	_, n := utf8.DecodeRuneInString(upper)
	return upper[:n] + toLower(upper[n:])
}

// filterTitle is jinja2's title: words are parted by white space and -([{<.
func filterTitle(s string) string {
	var b strings.Builder
	for s != "" {
		gap := len(s) - len(strings.TrimLeftFunc(s, isWordGap))
		b.WriteString(toLower(s[:gap]))
		s = s[gap:]
		end := strings.IndexFunc(s, isWordGap)
		if end < 0 {
			end = len(s)
		}
		if word := s[:end]; word != "" {
			_, n := utf8.DecodeRuneInString(word)
			b.WriteString(toUpper(word[:n]))
			b.WriteString(toLower(word[n:]))
		}
		s = s[end:]
	}
	return b.String()
}

func isWordGap(r rune) bool { return isSpace(r) || strings.ContainsRune("-([{<", r) }

// methodTitle is str.title: a letter behind a letter is lower case.
func methodTitle(s string) string {
	var b strings.Builder
	cased := false
	for _, r := range s {
		if cased {
			b.WriteString(toLower(string(r)))
		} else {
			b.WriteString(titleCase(string(r)))
		}
		cased = unicode.IsUpper(r) || unicode.IsLower(r) || unicode.IsTitle(r)
	}
	return b.String()
}

// splitLines is str.splitlines.
func splitLines(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		switch r {
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
			if r == '\n' && i > 0 && s[i-1] == '\r' {
				start = i + 1
				continue
			}
			out = append(out, s[start:i])
			start = i + utf8.RuneLen(r)
		case '\r':
			out = append(out, s[start:i])
			start = i + 1
		}
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// escape is markupsafe's.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;").Replace(s)
}
