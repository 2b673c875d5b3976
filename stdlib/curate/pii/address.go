package pii

import (
	"net/netip"
	"strings"
)

// email is the address around an @: RFC 5321's dot-atoms, a top level domain of
// letters. end is 0 if there is none. Nothing before floor belongs to it.
func email(text string, at, floor int) (start, end int) {
	start = at
	for start > floor && at-start < 64 && isLocal(text[start-1]) {
		start--
	}
	for start < at && (text[start] == '.' || text[start] == '-') {
		start++
	}
	if start == at || text[at-1] == '.' {
		return 0, 0
	}
	end = at + 1
	for end < len(text) && end-at < 254 && (isWord(text[end]) && text[end] != '_' || text[end] == '.' || text[end] == '-') {
		end++
	}
	end = at + 1 + len(strings.TrimRight(text[at+1:end], ".-"))
	domain := strings.ToLower(text[at+1 : end])
	dot := strings.LastIndexByte(domain, '.')
	if dot < 1 || !topLevel(domain[dot+1:]) || strings.Contains(domain, "..") || isExample(domain) || strings.HasPrefix(strings.ToLower(text[start:at]), "your") {
		return 0, 0
	}
	if end < len(text) && (text[end] == '(' || text[end] == '[' || text[end] == '=') {
		return 0, 0 // a product of matrices: x@w.to(…)
	}
	if end < len(text) && text[end] == ':' && text[start:at] == "git" {
		return 0, 0 // a repository
	}
	return start, end
}

func isLocal(c byte) bool { return isWord(c) || strings.IndexByte(".%+-", c) >= 0 }

// topLevel takes the domains of countries (two letters) and the generic ones with
// three letters or more, which the file names of programs do not end with.
func topLevel(name string) bool {
	if len(name) < 2 || len(name) > 18 {
		return false
	}
	for i := range len(name) {
		if !isLetter(name[i]) {
			return strings.HasPrefix(name, "xn--")
		}
	}
	return !strings.Contains(" py js ts md rs go cpp java json html css txt csv png jpg gif svg yml yaml xml dot sum mean shape transpose ", " "+name+" ") ||
		len(name) == 2 && strings.Contains(" md rs ", " "+name+" ")
}

// isExample: RFC 2606 and RFC 6761 keep these for documents; nobody has them.
func isExample(domain string) bool {
	for _, d := range []string{"example.com", "example.org", "example.net", "example", "test", "invalid", "localhost", "local",
		"domain.com", "email.com", "yourdomain.com", "company.com", "sample.com", "mysite.com", "website.com"} {
		if domain == d || strings.HasSuffix(domain, "."+d) {
			return true
		}
	}
	return strings.HasPrefix(domain, "your") || strings.HasPrefix(domain, "companyname.") || strings.HasPrefix(domain, "example.")
}

// nobody are ranges of addresses that belong to no single place: the special
// purpose registries of IANA (RFC 6890), resolvers that everybody names, digits in order.
var nobody = prefixes("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
	"224.0.0.0/4", "240.0.0.0/4", "8.8.8.8/32", "8.8.4.4/32", "1.1.1.1/32", "1.0.0.1/32", "9.9.9.9/32", "208.67.222.222/32", "208.67.220.220/32",
	"1.2.3.4/32", "123.45.67.89/32", "255.0.0.0/8", "2001:db8::/32", "2001::/23", "2002::/16", "3fff::/20", "2001:4860:4860::/48", "2606:4700:4700::/48", "2620:fe::/48")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		list[i] = netip.MustParsePrefix(t)
	}
	return list
}

var global6 = netip.MustParsePrefix("2000::/3")

func isPublic(text string) bool {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Is6() && !global6.Contains(a) {
		return false
	}
	for _, p := range nobody {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// address4 is the end of a public address of version 4 that begins here, or 0. Four
// numbers behind "version" or "v" are a version, and small ones are a section.
func address4(text string, at int) int {
	end, dots := at, 0
	for end < len(text) && end-at <= 15 && (isDigit(text[end]) || text[end] == '.') {
		if text[end] == '.' {
			dots++
		}
		end++
	}
	if dots > 0 && text[end-1] == '.' {
		end, dots = end-1, dots-1
	}
	if dots != 3 || end < len(text) && (isWord(text[end]) || text[end] == '.' && end+1 < len(text) && isDigit(text[end+1])) || !isPublic(text[at:end]) {
		return 0
	}
	before := strings.ToLower(text[max(0, at-16):at])
	for _, w := range []string{"version", "release", "build", "section", "chapter", "§", "step"} {
		if strings.Contains(before, w) {
			return 0
		}
	}
	if at > 0 && (text[at-1] == '.' || text[at-1] == '-') || end-at == 7 {
		return 0
	}
	return end
}

// address6 is the same for version 6.
func address6(text string, at int) int {
	end, colons := at, 0
	for end < len(text) && end-at <= 45 && (isHex(text[end]) || text[end] == ':' || text[end] == '.') {
		if text[end] == ':' {
			colons++
		}
		end++
	}
	end = at + len(strings.TrimRight(text[at:end], ".:"))
	if colons < 3 || end < len(text) && isWord(text[end]) || !isPublic(text[at:end]) {
		return 0
	}
	return end
}

func isHex(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' }
