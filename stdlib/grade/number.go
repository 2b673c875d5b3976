package grade

import (
	"math/big"
	"regexp"
	"strings"
	"unicode/utf8"
)

// maxDigits bounds a number's text, and maxExponent what follows an e: an answer
// of "1e999999999" must not fill the memory.
const (
	maxDigits   = 400
	maxExponent = 400
)

// ParseNumber reads the number that text begins with, exactly. It knows
//
//	-1,234.50   −3 (any minus)   $29.00   -$5   29.   .5   50%   1e3
//	1/2   1 1/2   ½   \frac{1}{2}   \boxed{\$1{,}000}   **18** dollars
//
// and gives false where the text does not say one number: "1,5", "1.2.3",
// "10-12", "3:30", "one". A percent sign is a unit, as dollars are. What follows
// the number is not looked at, unless it belongs to it.
func ParseNumber(text string) (*big.Rat, bool) {
	n, _, ok := scanNumber(text)
	return n, ok
}

// FormatNumber writes a number as decimal if that is short, else as a fraction.
func FormatNumber(n *big.Rat) string {
	if digits, exact := n.FloatPrec(); exact && digits <= 20 {
		return n.FloatString(digits)
	}
	return n.RatString()
}

// same writes what numbers are written with in different ways in one way.
var same = strings.NewReplacer(
	"−", "-", "–", "-", "‐", "-", "‑", "-", "﹣", "-", "－", "-", "＋", "+",
	"\u00a0", ",", "\u2009", ",", "\u202f", ",", "{,}", ",", `\,`, ",", `{\,}`, ",", `\!`, "", `,\!`, ",",
	`\left`, "", `\right`, "", `\dfrac`, `\frac`, `\tfrac`, `\frac`, `\cfrac`, `\frac`,
	"０", "0", "１", "1", "２", "2", "３", "3", "４", "4", "５", "5", "６", "6", "７", "7", "８", "8", "９", "9", "．", ".", "，", ",",
)

// before is what may stand before a number without changing it.
var before = []string{
	"**", "__", "*", "`", `\(`, `\[`, `\$`, "US$", "$", "€", "£", "¥", "₹", `\boxed`, `\fbox`, `\text`, `\mathbf`, `\textbf`, `\mathrm`, "{", "(", "=", "≈", `\approx`, ":", "\t", " ", "\u3000",
}

var vulgar = map[rune][2]int64{
	'½': {1, 2}, '⅓': {1, 3}, '⅔': {2, 3}, '¼': {1, 4}, '¾': {3, 4}, '⅕': {1, 5}, '⅖': {2, 5}, '⅗': {3, 5}, '⅘': {4, 5},
	'⅙': {1, 6}, '⅚': {5, 6}, '⅛': {1, 8}, '⅜': {3, 8}, '⅝': {5, 8}, '⅞': {7, 8},
}

// scanNumber reads the number at the text's beginning and gives what is left.
func scanNumber(text string) (n *big.Rat, rest string, ok bool) {
	s := same.Replace(text)
	negative, s := sign(s)
	n, s, ok = magnitude(s)
	if !ok {
		return nil, "", false
	}
	if negative {
		n.Neg(n)
	}
	return n, s, !goesOn(s)
}

// sign skips what may stand before a number and at most one sign.
func sign(s string) (negative bool, rest string) {
	signed := false
	for {
		cut := ""
		for _, b := range before {
			if strings.HasPrefix(s, b) {
				cut = b
				break
			}
		}
		switch {
		case cut != "":
			s = s[len(cut):]
		case !signed && (strings.HasPrefix(s, "-") || strings.HasPrefix(s, "+")):
			signed, negative = true, s[0] == '-'
			s = s[1:]
		default:
			return negative, s
		}
	}
}

// magnitude reads an unsigned number: decimal, fraction or both.
func magnitude(s string) (*big.Rat, string, bool) {
	if n, rest, ok := fraction(s); ok {
		return n, rest, true
	}
	n, rest, ok := decimal(s)
	if !ok {
		return nil, "", false
	}
	whole := n.IsInt() && !strings.Contains(s[:len(s)-len(rest)], ".")
	if f, r, isFraction := fraction(strings.TrimPrefix(rest, " ")); whole && isFraction {
		return n.Add(n, f), r, true // 1 ½
	}
	if m := slash.FindString(rest); m != "" && len(leadingDigits(rest[len(m):])) > 0 {
		d, r, ok := decimal(rest[len(m):])
		if !ok || d.Sign() == 0 {
			return nil, "", false
		}
		return n.Quo(n, d), r, true
	}
	if m := mixed.FindStringSubmatch(rest); whole && m != nil {
		f, ok := new(big.Rat).SetString(m[1])
		if !ok {
			return nil, "", false
		}
		return n.Add(n, f), rest[len(m[0]):], true
	}
	return n, rest, true
}

var (
	slash = regexp.MustCompile(`^ ?/ ?`)
	mixed = regexp.MustCompile(`^ ([0-9]{1,9}/0*[1-9][0-9]{0,8})`)
	frac  = regexp.MustCompile(`^\\frac ?(?:\{ ?(-?[0-9]{1,30}) ?\}|([0-9])) ?(?:\{ ?(-?[0-9]{1,30}) ?\}|([0-9]))`)
)

// fraction reads ½ or \frac{1}{2}.
func fraction(s string) (*big.Rat, string, bool) {
	r, size := utf8.DecodeRuneInString(s)
	if v, ok := vulgar[r]; ok {
		return big.NewRat(v[0], v[1]), s[size:], true
	}
	m := frac.FindStringSubmatch(s)
	if m == nil {
		return nil, "", false
	}
	a, ok1 := new(big.Int).SetString(m[1]+m[2], 10)
	b, ok2 := new(big.Int).SetString(m[3]+m[4], 10)
	if !ok1 || !ok2 || b.Sign() == 0 {
		return nil, "", false
	}
	return new(big.Rat).SetFrac(a, b), s[len(m[0]):], true
}

// decimal reads digits, in groups or not, a fraction part and an exponent.
func decimal(s string) (*big.Rat, string, bool) {
	digits := leadingDigits(s)
	rest := s[len(digits):]
	if len(digits) >= 1 && len(digits) <= 3 {
		for len(rest) > 3 && rest[0] == ',' && len(leadingDigits(rest[1:])) == 3 {
			digits += rest[1:4]
			rest = rest[4:]
		}
	}
	if strings.HasPrefix(rest, ",") && len(leadingDigits(rest[1:])) > 0 {
		return nil, "", false // 1,5 or 3,4: who knows
	}
	part := ""
	if strings.HasPrefix(rest, ".") {
		part = leadingDigits(rest[1:])
		if part != "" || digits != "" {
			rest = rest[1+len(part):]
		}
	}
	if digits+part == "" || len(digits)+len(part) > maxDigits {
		return nil, "", false
	}
	text := digits + "." + part
	if digits == "" {
		text = "0" + text
	}
	if part == "" {
		text += "0"
	}
	if m := exponent.FindStringSubmatch(rest); m != nil {
		if len(m[1]) > 5 {
			return nil, "", false
		}
		text += "e" + m[1]
		rest = rest[len(m[0]):]
	}
	if !smallExponent(text) {
		return nil, "", false
	}
	n, ok := new(big.Rat).SetString(text)
	return n, rest, ok
}

var exponent = regexp.MustCompile(`^[eE]([-+]?[0-9]+)`)

func smallExponent(text string) bool {
	_, e, ok := strings.Cut(text, "e")
	if !ok {
		return true
	}
	n, valid := new(big.Int).SetString(strings.TrimPrefix(e, "+"), 10)
	return valid && n.IsInt64() && n.Int64() <= maxExponent && n.Int64() >= -maxExponent
}

// leadingDigits is the ASCII digits that s begins with.
func leadingDigits(s string) string {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i]
}

// goesOn says whether what follows shows that this was not one number: a range, a
// time, a version, a product, a power, a term, digits after a space.
func goesOn(rest string) bool { return goesOnWith.MatchString(rest) }

var goesOnWith = regexp.MustCompile(`^(?:\.?[0-9]|,[0-9]|[:/]{1,2}[0-9]| [0-9]{3}\b|[a-zA-Z]? ?(?:[-+*^×]|\\times|\\cdot) ?(?:[0-9(]|[a-zA-Z]\b))`)

// wholeNumber reads text that is a number, with a unit at most: "18 dollars", not
// "2x + 1".
func wholeNumber(text string) (*big.Rat, bool) {
	n, rest, ok := scanNumber(strings.TrimSpace(text))
	return n, ok && !strings.ContainsAny(rest, `0123456789+-*/^=\<>`)
}
