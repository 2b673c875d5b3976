// Package pii finds what must not be learned from texts about people: addresses,
// phone numbers, cards, bank accounts, keys.
//
// Everything found has a form that can be checked: a card its Luhn digit, an
// account its remainder, an address a range that is public. What is reserved for
// examples (example.org, 192.0.2.0/24, 555-0100) is nobody's and is not found.
// Names and postal addresses have no such form: this package does not look for them.
package pii

import "strings"

// Kinds of what is found.
const (
	Email   = "email"
	IP      = "ip"    // public addresses, version 4 and 6
	Phone   = "phone" // international or North American form, or named as a number to call
	Card    = "card"  // with its Luhn digit and a known issuer
	Account = "iban"  // with its check digits
	Key     = "key"   // of an API or a private one
)

// Kinds are all of them, in the order in which they are counted.
var Kinds = []string{Email, IP, Phone, Card, Account, Key}

// Span is a piece of a text, in bytes.
type Span struct {
	Kind       string
	Start, End int
}

// Find gives what a text holds, from left to right and without overlaps. The time
// it takes grows with the length of the text and nothing else.
func Find(text string) []Span {
	var found []Span
	take := func(kind string, start, end int) int {
		found = append(found, Span{kind, start, end})
		return end
	}
	for at := 0; at < len(text); {
		next := at + 1
		switch c := text[at]; {
		case c == '@':
			floor := 0
			if len(found) > 0 {
				floor = found[len(found)-1].End
			}
			if start, end := email(text, at, floor); end > 0 {
				for len(found) > 0 && found[len(found)-1].End > start {
					found = found[:len(found)-1]
				}
				next = take(Email, start, end)
			}
		case !begins(text, at):
		case c == '-':
			if end := privateKey(text, at); end > 0 {
				next = take(Key, at, end)
			}
		case c == '+' || c == '(' || c >= '0' && c <= '9':
			if kind, end := number(text, at); end > 0 {
				next = take(kind, at, end)
			} else {
				next = skipDigits(text, at)
			}
		case c == ':' || isLetter(c):
			if kind, end := word(text, at); end > 0 {
				next = take(kind, at, end)
			} else if c != ':' {
				next = skipWord(text, at)
			}
		}
		at = next
	}
	return found
}

// Count is how many of each kind a text holds; nil if it holds none.
func Count(text string) map[string]int {
	var n map[string]int
	for _, s := range Find(text) {
		if n == nil {
			n = map[string]int{}
		}
		n[s.Kind]++
	}
	return n
}

// Redact puts the kind in brackets where something was found: [email]. It is the
// same text if nothing was.
func Redact(text string) (string, []Span) {
	found := Find(text)
	if len(found) == 0 {
		return text, nil
	}
	var b strings.Builder
	at := 0
	for _, s := range found {
		b.WriteString(text[at:s.Start])
		b.WriteString("[" + s.Kind + "]")
		at = s.End
	}
	b.WriteString(text[at:])
	return b.String(), found
}

// begins says whether a token can begin here: behind anything but a letter, a
// digit or what joins them.
func begins(text string, at int) bool {
	if at == 0 {
		return true
	}
	c := text[at-1]
	return !isWord(c) && c < 0x80 || c >= 0x80 && !isWord(text[at])
}

func skipWord(text string, at int) int {
	for at < len(text) && isWord(text[at]) {
		at++
	}
	return at
}

func skipDigits(text string, at int) int {
	if !isDigit(text[at]) {
		return at + 1
	}
	for at < len(text) && isWord(text[at]) {
		at++
	}
	return at
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
func isUpper(c byte) bool  { return c >= 'A' && c <= 'Z' }
func isWord(c byte) bool   { return isDigit(c) || isLetter(c) || c == '_' }
