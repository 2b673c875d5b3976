package tokenizer

import "unicode/utf8"

// Byte-level vocabularies write each byte as one printable character (GPT-2's
// bytes_to_unicode): printable Latin-1 as itself, the other 68 bytes, in order,
// as U+0100 and up.
var byteOf = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	next := rune(0x100)
	for b := rune(0); b < 256; b++ {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			m[b] = byte(b)
		} else {
			m[next] = byte(b)
			next++
		}
	}
	return m
}()

// tokenBytes returns the bytes that a vocabulary entry writes; false if one of
// its characters stands for none.
func tokenBytes(s string) (string, bool) {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		c, ok := byteOf[r]
		if !ok {
			return "", false
		}
		b = append(b, c)
	}
	return string(b), true
}

// appendLossy appends b as UTF-8, with U+FFFD for each maximal part that is not:
// Rust's from_utf8_lossy and the Unicode Standard, 3.9, "substitution of maximal
// subparts".
func appendLossy(out []byte, b []byte) []byte {
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		if r != utf8.RuneError || size > 1 {
			out = append(out, b[:size]...)
			b = b[size:]
			continue
		}
		out = append(out, "\ufffd"...)
		b = b[max(1, prefixLen(b)):]
	}
	return out
}

// prefixLen returns how many bytes at the start of b begin a character without
// finishing it; 0 if the first byte begins none.
func prefixLen(b []byte) int {
	low, high, want := byte(0x80), byte(0xbf), 0
	switch lead := b[0]; {
	case lead >= 0xc2 && lead <= 0xdf:
		want = 2
	case lead >= 0xe0 && lead <= 0xef:
		want = 3
		switch lead {
		case 0xe0:
			low = 0xa0
		case 0xed:
			high = 0x9f
		}
	case lead >= 0xf0 && lead <= 0xf4:
		want = 4
		switch lead {
		case 0xf0:
			low = 0x90
		case 0xf4:
			high = 0x8f
		}
	default:
		return 0
	}
	n := 1
	for n < want && n < len(b) && b[n] >= low && b[n] <= high {
		low, high = 0x80, 0xbf
		n++
	}
	return n
}
