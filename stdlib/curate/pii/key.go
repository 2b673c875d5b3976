package pii

import "strings"

// keyForm is a kind of secret that its beginning gives away, as the services
// document it.
type keyForm struct {
	prefix string
	least  int // characters behind it
	most   int
	more   string // allowed beside letters and digits
}

var keyForms = []keyForm{
	{"AKIA", 16, 16, ""}, {"ASIA", 16, 16, ""}, // Amazon
	{"ghp_", 36, 36, ""}, {"gho_", 36, 36, ""}, {"ghu_", 36, 36, ""}, {"ghs_", 36, 36, ""}, {"ghr_", 36, 76, ""}, {"github_pat_", 40, 90, "_"},
	{"glpat-", 20, 64, "-_"}, {"hf_", 30, 40, ""}, {"npm_", 36, 36, ""}, {"pypi-", 80, 300, "-_"},
	{"sk-ant-", 40, 200, "-_"}, {"sk-proj-", 40, 200, "-_"}, {"sk-", 32, 64, ""}, {"sk_live_", 20, 128, ""}, {"rk_live_", 20, 128, ""},
	{"xoxb-", 20, 120, "-"}, {"xoxp-", 20, 120, "-"}, {"xoxa-", 20, 120, "-"}, {"xoxr-", 20, 120, "-"}, {"xoxs-", 20, 120, "-"},
	{"AIza", 35, 35, "-_"}, {"SG.", 60, 75, "-_."}, {"eyJ", 60, 4096, "-_."},
}

// word is what begins at a letter or a colon.
func word(text string, at int) (kind string, end int) {
	if isHex(text[at]) || text[at] == ':' {
		if end := address6(text, at); end > 0 {
			return IP, end
		}
	}
	if end := secret(text, at); end > 0 {
		return Key, end
	}
	if end := account(text, at); end > 0 {
		return Account, end
	}
	return "", 0
}

func secret(text string, at int) int {
	c := text[at]
	if strings.IndexByte("AghnpsrxSe", c) < 0 {
		return 0
	}
	for _, f := range keyForms {
		if f.prefix[0] != c || !strings.HasPrefix(text[at:], f.prefix) {
			continue
		}
		from := at + len(f.prefix)
		end := from
		for end < len(text) && end-from <= f.most && (isDigit(text[end]) || isLetter(text[end]) || strings.IndexByte(f.more, text[end]) >= 0) {
			end++
		}
		body := strings.TrimRight(text[from:end], ".-_")
		end = from + len(body)
		if len(body) < f.least || len(body) > f.most || !random(body) || f.prefix == "eyJ" && strings.Count(body, ".") != 2 {
			continue
		}
		if f.prefix == "AKIA" && strings.ToUpper(body) != body {
			continue
		}
		return end
	}
	return 0
}

// random: letters and digits, many different ones, and none of the words with
// which documents mark an example.
func random(body string) bool {
	var seen [256]bool
	distinct, digit, letter := 0, false, false
	for i := range len(body) {
		c := body[i]
		digit, letter = digit || isDigit(c), letter || isLetter(c)
		if !seen[c] {
			seen[c] = true
			distinct++
		}
	}
	low := strings.ToLower(body)
	for _, w := range []string{"example", "xxxx", "your", "1234567", "abcdef", "placeholder", "secret"} {
		if strings.Contains(low, w) {
			return false
		}
	}
	return digit && letter && distinct >= min(10, len(body)*2/3)
}

// privateKey is a PEM block with a private key, with its end if it is there.
func privateKey(text string, at int) int {
	rest := text[at:]
	if !strings.HasPrefix(rest, "-----BEGIN ") {
		return 0
	}
	line, body, _ := strings.Cut(rest, "\n")
	if !strings.HasSuffix(strings.TrimRight(line, "\r "), "PRIVATE KEY-----") {
		return 0
	}
	first, _, _ := strings.Cut(body, "\n")
	if len(strings.TrimSpace(first)) < 24 || strings.Contains(first, "...") {
		return 0 // only the frame, as documents show it
	}
	if i := strings.Index(body, "-----END "); i >= 0 {
		if j := strings.Index(body[i+9:], "-----"); j >= 0 {
			return len(text) - len(body) + i + 9 + j + 5
		}
	}
	return len(text)
}

// lengths of accounts by country: SWIFT's IBAN registry, release 99.
var lengths = map[string]int{"AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BI": 27, "BR": 29, "BY": 28,
	"CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
	"GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30,
	"KW": 30, "KZ": 20, "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MN": 20, "MR": 27,
	"MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23, "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
	"SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24,
	"XK": 20, "YE": 30}

// account is an IBAN (ISO 13616): the country's length, and check digits that leave
// 1 modulo 97. Groups of four may have spaces between.
func account(text string, at int) int {
	if at+15 > len(text) || !isUpper(text[at]) || !isUpper(text[at+1]) || !isDigit(text[at+2]) || !isDigit(text[at+3]) {
		return 0
	}
	want := lengths[text[at:at+2]]
	if want == 0 {
		return 0
	}
	var compact []byte
	end := at
	for end < len(text) && len(compact) < want {
		c := text[end]
		if c == ' ' && len(compact)%4 == 0 {
			end++
			continue
		}
		if !isDigit(c) && !isUpper(c) {
			return 0
		}
		compact, end = append(compact, c), end+1
	}
	if len(compact) != want || end < len(text) && isWord(text[end]) {
		return 0
	}
	if remainder(append(compact[4:len(compact):len(compact)], compact[:4]...)) != 1 {
		return 0
	}
	return end
}

// remainder modulo 97 of a number in which A stands for 10 and Z for 35.
func remainder(s []byte) int {
	r := 0
	for _, c := range s {
		if isDigit(c) {
			r = (r*10 + int(c-'0')) % 97
		} else {
			r = (r*100 + int(c-'A') + 10) % 97
		}
	}
	return r
}
