package pii

import "strings"

// number is what begins at a digit, + or (.
func number(text string, at int) (kind string, end int) {
	if at > 0 && (text[at-1] == '.' || text[at-1] == '$') {
		return "", 0 // behind the point of a number, or money
	}
	if isDigit(text[at]) {
		if end := address6(text, at); end > 0 {
			return IP, end
		}
		if end := address4(text, at); end > 0 {
			return IP, end
		}
		if end := card(text, at); end > 0 {
			return Card, end
		}
	}
	if end := phone(text, at); end > 0 {
		return Phone, end
	}
	return "", 0
}

// groups are digits as people write them: in groups with one space, hyphen or
// point between.
type groups struct {
	digits string
	sizes  []int
	seps   string // one byte each
	end    int
}

// read takes at most that many digits.
func read(text string, at, most int, allowed string) (g groups) {
	var digits []byte
	for at < len(text) {
		size := 0
		for at < len(text) && isDigit(text[at]) {
			digits = append(digits, text[at])
			at, size = at+1, size+1
		}
		if size == 0 || len(digits) > most {
			break
		}
		g.sizes, g.end = append(g.sizes, size), at
		if at+1 >= len(text) || strings.IndexByte(allowed, text[at]) < 0 || !isDigit(text[at+1]) {
			break
		}
		g.seps += text[at : at+1]
		at++
	}
	g.digits = string(digits)
	if len(g.seps) >= len(g.sizes) && len(g.sizes) > 0 {
		g.seps = g.seps[:len(g.sizes)-1]
	}
	return g
}

// ended says that no word and no decimal goes on here.
func ended(text string, end int) bool {
	if end >= len(text) {
		return true
	}
	c := text[end]
	return !isWord(c) && !(strings.IndexByte(".,-/", c) >= 0 && end+1 < len(text) && isDigit(text[end+1]))
}

// card: 13 to 19 digits of a known issuer (ISO/IEC 7812) with the check digit of
// Luhn, whole or in the groups that stand on cards. The numbers that payment
// services publish for tests are nobody's.
func card(text string, at int) int {
	g := read(text, at, 19, " -")
	n := len(g.digits)
	if n < 13 || n > 19 || !ended(text, g.end) || !issuer(g.digits) || !luhn(g.digits) || tests[g.digits] {
		return 0
	}
	if len(g.sizes) > 1 && (strings.Trim(g.seps, g.seps[:1]) != "" || !printed(g.sizes)) {
		return 0
	}
	return g.end
}

// printed: 4-4-4-4, 4-6-5 (American Express), 4-6-4 (Diners), with what follows.
func printed(sizes []int) bool {
	if sizes[0] != 4 {
		return false
	}
	if len(sizes) == 3 && sizes[1] == 6 {
		return sizes[2] == 5 || sizes[2] == 4
	}
	for _, s := range sizes[:len(sizes)-1] {
		if s != 4 {
			return false
		}
	}
	return len(sizes) >= 4 && sizes[len(sizes)-1] <= 4
}

func issuer(d string) bool {
	in := func(n int, from, to string) bool { return d[:n] >= from && d[:n] <= to }
	switch len(d) {
	case 13, 19:
		return d[0] == '4' || len(d) == 19 && (in(2, "62", "62") || in(4, "6011", "6011") || in(2, "65", "65"))
	case 14:
		return in(3, "300", "305") || in(2, "36", "36") || in(2, "38", "39")
	case 15:
		return in(2, "34", "34") || in(2, "37", "37")
	case 16:
		return d[0] == '4' || in(2, "51", "55") || in(4, "2221", "2720") || in(4, "6011", "6011") || in(3, "644", "659") || in(4, "3528", "3589") || in(2, "62", "62")
	}
	return false
}

// luhn is the checksum of ISO/IEC 7812-1, annex B.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		d := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}

var tests = map[string]bool{"4111111111111111": true, "4242424242424242": true, "4012888888881881": true, "5555555555554444": true, "5105105105105100": true,
	"378282246310005": true, "371449635398431": true, "6011111111111117": true, "6011000990139424": true, "30569309025904": true, "38520000023237": true,
	"3530111333300000": true, "3566002020360505": true, "4222222222222": true, "4000056655665556": true, "4000000000000002": true, "5200828282828210": true}

// phone: + and a country's code (E.164: at most 15 digits), the North American
// form, or any grouped number that the words before it say to call.
func phone(text string, at int) int {
	if text[at] == '+' {
		return international(text, at)
	}
	if end := american(text, at); end > 0 {
		return end
	}
	if !isDigit(text[at]) || !called(text[max(0, at-24):at]) {
		return 0
	}
	g := read(text, at, 15, " -./")
	if n := len(g.digits); n < 7 || n > 15 || !ended(text, g.end) || fictional(g.digits) {
		return 0
	}
	return g.end
}

func international(text string, at int) int {
	flat := strings.NewReplacer("(0)", "   ", "(", " ", ")", " ").Replace(text[at+1 : min(len(text), at+32)])
	// Brackets become spaces, of which two may follow each other: count by hand.
	digits, end, gap := []byte{}, 0, 0
	for i := range len(flat) {
		switch c := flat[i]; {
		case isDigit(c):
			digits, end, gap = append(digits, c), i+1, 0
		case strings.IndexByte(" -.", c) >= 0 && gap < 4 && i > 0:
			gap++
		default:
			gap = 9
		}
		if gap > 5 {
			break
		}
	}
	if n := len(digits); n < 9 || n > 15 || digits[0] == '0' || fictional(string(digits)) || !ended(text, at+1+end) {
		return 0
	}
	if same := strings.Trim(string(digits[2:]), string(digits[2:3])); same == "" || strings.Contains("0123456789012345", string(digits[1:])) {
		return 0 // a placeholder
	}
	if at > 0 && (isWord(text[at-1]) || text[at-1] == ')') {
		return 0 // a sum
	}
	if flatDigits := strings.IndexAny(text[at+1:at+1+end], " -.()"); flatDigits < 0 && len(digits) < 10 {
		return 0
	}
	return at + 1 + end
}

// american: (NXX) NXX-XXXX, NXX-NXX-XXXX or with points, 1 before it or not, N from
// 2 to 9 (North American Numbering Plan).
func american(text string, at int) int {
	rest := text[at:]
	open := strings.HasPrefix(rest, "(")
	if open {
		rest = rest[1:]
	} else if len(rest) > 2 && rest[0] == '1' && strings.IndexByte("-. ", rest[1]) >= 0 {
		rest = rest[2:]
	}
	if len(rest) < 12 || !digits(rest[:3]) {
		return 0
	}
	area, sep := rest[:3], rest[3]
	rest = rest[4:]
	if open {
		if sep != ')' {
			return 0
		}
		if sep = '-'; rest[0] == ' ' {
			rest = rest[1:]
		}
	}
	if sep != '-' && sep != '.' || len(rest) < 8 || !digits(rest[:3]) || rest[3] != sep && !(open && rest[3] == ' ') || !digits(rest[4:8]) {
		return 0
	}
	end := len(text) - len(rest) + 8
	if area[0] < '2' || rest[0] < '2' || area[1:] == "11" || fictional(area+rest[:3]+rest[4:8]) || !ended(text, end) {
		return 0
	}
	return end
}

// fictional: 555 is not given out in North America, and rows of one digit or in
// order are nobody's.
func fictional(d string) bool {
	if strings.Trim(d, d[:1]) == "" || strings.Contains("01234567890123456789", d) || strings.HasPrefix(d, "123456") {
		return true
	}
	d = strings.TrimPrefix(d, "1")
	return len(d) == 10 && (d[3:6] == "555" || d[:3] == "555") || len(d) == 7 && d[:3] == "555"
}

var callWords = []string{"phone", "tel", "mobile", "fax", "call", "whatsapp", "hotline", "telefon", "teléfono", "téléphone"}

// called says whether the words before a number say that it can be called.
func called(before string) bool {
	before = strings.TrimRight(strings.ToLower(before), " :.#=\"'([")
	for _, w := range append(callWords, "number", "no", "at", "us at") {
		if strings.HasSuffix(before, w) {
			if w != "number" && w != "no" && w != "at" && w != "us at" {
				return !isPart(before, w)
			}
			for _, c := range callWords {
				if strings.Contains(before, c) {
					return true
				}
			}
		}
	}
	return false
}

func isPart(before, w string) bool {
	at := len(before) - len(w) - 1
	return at >= 0 && isWord(before[at])
}

func digits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}
