package chat

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// failure is how lexer, parser and interpreter give up; Parse and Render catch it.
type failure struct{ err error }

func failf(format string, args ...any) { panic(failure{fmt.Errorf(format, args...)}) }

type kind uint8

const (
	tokEOF        kind = iota
	tokData            // text outside of tags
	tokBlockBegin      // {%
	tokBlockEnd        // %}
	tokVarBegin        // {{
	tokVarEnd          // }}
	tokName
	tokString // text holds the unescaped string
	tokInt
	tokFloat
	tokOp
)

type token struct {
	kind kind
	text string
	line int
}

func (t token) String() string {
	switch t.kind {
	case tokEOF:
		return "the end of the template"
	case tokData:
		return "text"
	case tokString:
		return fmt.Sprintf("%q", t.text)
	}
	return "'" + t.text + "'"
}

// lexer cuts a template into tokens with trim_blocks and lstrip_blocks set, as
// transformers sets them: a newline behind a block or a comment goes, and so do
// blanks before one at the start of a line.
type lexer struct {
	src         string
	pos         int
	line        int
	lineStarts  bool // what was read last ends with a newline, or nothing was read
	out         []token
	openBracket []byte // brackets that are open inside a tag
}

// tokenize follows jinja2's lexer.py (3.1).
func tokenize(src string) []token {
	src = strings.ReplaceAll(strings.ReplaceAll(src, "\r\n", "\n"), "\r", "\n")
	src = strings.TrimSuffix(src, "\n") // keep_trailing_newline is off
	l := &lexer{src: src, line: 1, lineStarts: true}
	for l.pos < len(l.src) {
		l.root()
	}
	l.emit(tokEOF, "")
	return l.out
}

func (l *lexer) fail(format string, args ...any) {
	failf("line %d: %s", l.line, fmt.Sprintf(format, args...))
}

func (l *lexer) emit(k kind, text string) { l.out = append(l.out, token{k, text, l.line}) }

// advance moves over n bytes.
func (l *lexer) advance(n int) {
	taken := l.src[l.pos : l.pos+n]
	l.line += strings.Count(taken, "\n")
	l.pos += n
	if n > 0 {
		l.lineStarts = taken[n-1] == '\n'
	}
}

// root reads text up to the next tag, and the tag.
func (l *lexer) root() {
	rest := l.src[l.pos:]
	at := nextTag(rest)
	if at < 0 {
		l.emit(tokData, rest)
		l.advance(len(rest))
		return
	}
	opening := rest[at : at+2]
	sign := byte(0)
	if at+2 < len(rest) && (rest[at+2] == '-' || rest[at+2] == '+') {
		sign = rest[at+2]
	}
	text := l.stripBefore(rest[:at], sign, opening != "{{")
	if text != "" {
		l.emit(tokData, text)
	}
	l.advance(at)
	size := 2
	if sign != 0 {
		size = 3
	}
	switch opening {
	case "{#":
		l.comment(size)
	case "{%":
		if l.raw(size) {
			return
		}
		l.emit(tokBlockBegin, "{%")
		l.advance(size)
		l.inside("%}", tokBlockEnd)
	case "{{":
		l.emit(tokVarBegin, "{{")
		l.advance(size)
		l.inside("}}", tokVarEnd)
	}
}

func nextTag(s string) int {
	for i := 0; i+1 < len(s); i++ {
		if s[i] == '{' && (s[i+1] == '{' || s[i+1] == '%' || s[i+1] == '#') {
			return i
		}
	}
	return -1
}

// stripBefore applies white space control to the text before a tag.
func (l *lexer) stripBefore(text string, sign byte, block bool) string {
	if sign == '-' {
		return strings.TrimRightFunc(text, isSpace)
	}
	if sign == '+' || !block {
		return text
	}
	start := strings.LastIndexByte(text, '\n') + 1
	if (start > 0 || l.lineStarts) && strings.TrimLeftFunc(text[start:], isSpace) == "" {
		return text[:start]
	}
	return text
}

// closing returns the length of a tag's end at the start of s: 0 if none is there.
// + keeps the newline behind it, - takes all white space.
func closing(s, end string, block bool) int {
	switch {
	case strings.HasPrefix(s, "-"+end):
		return len(s) - len(strings.TrimLeftFunc(s[1+len(end):], isSpace))
	case block && strings.HasPrefix(s, "+"+end):
		return 1 + len(end)
	case strings.HasPrefix(s, end):
		n := len(end)
		if block && n < len(s) && s[n] == '\n' {
			n++
		}
		return n
	}
	return 0
}

func (l *lexer) comment(size int) {
	rest := l.src[l.pos:]
	end := strings.Index(rest[size:], "#}")
	if end < 0 {
		l.fail("a comment does not end")
	}
	at := size + end
	if at > size && (rest[at-1] == '-' || rest[at-1] == '+') {
		at--
	}
	l.advance(at + closing(rest[at:], "#}", true))
}

// raw reads {% raw %}…{% endraw %}; false if the tag is another one.
func (l *lexer) raw(size int) bool {
	rest := l.src[l.pos:]
	n, ok := wordTag(rest, size, "raw", false)
	if !ok {
		return false
	}
	l.advance(n)
	rest = l.src[l.pos:]
	for at := 0; ; at++ {
		next := strings.Index(rest[at:], "{%")
		if next < 0 {
			l.fail("raw does not end")
		}
		at += next
		size, sign := 2, byte(0)
		if at+2 < len(rest) && (rest[at+2] == '-' || rest[at+2] == '+') {
			size, sign = 3, rest[at+2]
		}
		if n, ok := wordTag(rest[at:], size, "endraw", true); ok {
			l.emit(tokData, l.stripBefore(rest[:at], sign, true))
			l.advance(at + n)
			return true
		}
	}
}

// wordTag matches a block tag that holds nothing but a word, and returns its length.
func wordTag(s string, size int, word string, trim bool) (int, bool) {
	inner := strings.TrimLeftFunc(s[size:], isSpace)
	if !strings.HasPrefix(inner, word) {
		return 0, false
	}
	inner = strings.TrimLeftFunc(inner[len(word):], isSpace)
	n := closing(inner, "%}", trim)
	if n == 0 || !trim && inner[0] == '+' {
		return 0, false
	}
	return len(s) - len(inner) + n, true
}

// inside reads expression tokens up to the end of a tag.
func (l *lexer) inside(end string, endKind kind) {
	for {
		rest := l.src[l.pos:]
		if rest == "" {
			l.fail("a tag does not end: %s is missing", end)
		}
		if len(l.openBracket) == 0 {
			if n := closing(rest, end, endKind == tokBlockEnd); n > 0 {
				l.emit(endKind, end)
				l.advance(n)
				return
			}
		}
		l.expressionToken(rest)
	}
}

func (l *lexer) expressionToken(rest string) {
	r, size := utf8.DecodeRuneInString(rest)
	switch {
	case isSpace(r):
		l.advance(size)
	case r >= '0' && r <= '9':
		l.number(rest)
	case r == '_' || unicode.IsLetter(r):
		n := strings.IndexFunc(rest, func(r rune) bool { return r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if n < 0 {
			n = len(rest)
		}
		l.emit(tokName, rest[:n])
		l.advance(n)
	case r == '\'' || r == '"':
		l.string(rest)
	default:
		l.operator(rest)
	}
}

func (l *lexer) operator(rest string) {
	for _, op := range []string{"//", "**", "==", "!=", ">=", "<="} {
		if strings.HasPrefix(rest, op) {
			l.emit(tokOp, op)
			l.advance(2)
			return
		}
	}
	c := rest[0]
	if !strings.ContainsRune("+-/*%~[](){}><=.:|,", rune(c)) {
		r, _ := utf8.DecodeRuneInString(rest)
		l.fail("unexpected character %q", r)
	}
	switch c {
	case '(', '[', '{':
		l.openBracket = append(l.openBracket, c)
	case ')', ']', '}':
		n := len(l.openBracket)
		if n == 0 || l.openBracket[n-1] != map[byte]byte{')': '(', ']': '[', '}': '{'}[c] {
			l.fail("unexpected %q", c)
		}
		l.openBracket = l.openBracket[:n-1]
	}
	l.emit(tokOp, rest[:1])
	l.advance(1)
}

// number reads 12, 1_000, 1.5, 1e-7. Other bases are not known.
func (l *lexer) number(rest string) {
	digits := func(i int) int {
		for i < len(rest) && (rest[i] >= '0' && rest[i] <= '9' || rest[i] == '_' && i > 0 && i+1 < len(rest) && rest[i+1] >= '0' && rest[i+1] <= '9') {
			i++
		}
		return i
	}
	n, k := digits(0), tokInt
	if n+1 < len(rest) && rest[n] == '.' && rest[n+1] >= '0' && rest[n+1] <= '9' {
		n, k = digits(n+1), tokFloat
	}
	if n < len(rest) && (rest[n] == 'e' || rest[n] == 'E') {
		e := n + 1
		if e < len(rest) && (rest[e] == '+' || rest[e] == '-') {
			e++
		}
		if end := digits(e); end > e {
			n, k = end, tokFloat
		}
	}
	text := strings.ReplaceAll(rest[:n], "_", "")
	if k == tokInt && len(text) > 1 && strings.Trim(text, "0") != "" && text[0] == '0' || n < len(rest) && (rest[n] == '_' || unicode.IsLetter(rune(rest[n]))) {
		l.fail("the number %.20s is not supported", rest)
	}
	l.emit(k, text)
	l.advance(n)
}

func (l *lexer) string(rest string) {
	quote := rest[0]
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case quote:
			l.emit(tokString, l.unescape(rest[1:i]))
			l.advance(i + 1)
			return
		}
	}
	l.fail("a string does not end")
}

// unescape reads Python's escapes; an unknown one stays as it is.
func (l *lexer) unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch c := s[i]; c {
		case '\n':
		case '\\', '\'', '"':
			b.WriteByte(c)
		case 'a', 'b', 'f', 'n', 'r', 't', 'v':
			b.WriteByte(map[byte]byte{'a': 7, 'b': 8, 'f': 12, 'n': 10, 'r': 13, 't': 9, 'v': 11}[c])
		case 'x', 'u', 'U':
			n := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
			b.WriteRune(l.codePoint(s[i+1:], n, 16))
			i += n
		case '0', '1', '2', '3', '4', '5', '6', '7':
			n := 1
			for n < 3 && i+n < len(s) && s[i+n] >= '0' && s[i+n] <= '7' {
				n++
			}
			b.WriteRune(l.codePoint(s[i:], n, 8))
			i += n - 1
		case 'N':
			l.fail(`the escape \N is not supported`)
		default:
			b.WriteByte('\\')
			b.WriteByte(c)
		}
	}
	return b.String()
}

func (l *lexer) codePoint(s string, n, base int) rune {
	if len(s) < n {
		l.fail("an escape is cut short")
	}
	v := rune(0)
	for _, c := range s[:n] {
		d := strings.IndexRune("0123456789abcdef", unicode.ToLower(c))
		if d < 0 || d >= base || v > unicode.MaxRune {
			l.fail("an escape has the digits %q", s[:n])
		}
		v = v*rune(base) + rune(d)
	}
	if !utf8.ValidRune(v) {
		l.fail("an escape means %#x, which is no character", v)
	}
	return v
}

// isSpace is Python's str.isspace for one character, which is also its \s.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }
