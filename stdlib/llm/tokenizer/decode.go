package tokenizer

import "strings"

// Decode returns the text of ids, without special tokens where skipSpecial is
// set. Ids that stand for nothing are passed over. Tokens need not end where
// characters do; what is not UTF-8 in the end is U+FFFD.
func (t *Tokenizer) Decode(ids []int32, skipSpecial bool) string {
	if t.pieces != nil {
		s := t.Stream(skipSpecial)
		var b strings.Builder
		for _, id := range ids {
			b.WriteString(s.Push(id))
		}
		return b.String() + s.Flush()
	}
	var b []byte
	for _, id := range ids {
		if text, ok := t.TokenBytes(id); ok && !(skipSpecial && t.tokens[id].special) {
			b = append(b, text...)
		}
	}
	return string(appendLossy(make([]byte, 0, len(b)), b))
}

// Stream decodes token by token. A character is handed out when all its bytes
// are there; together the pieces are what Decode returns.
type Stream struct {
	t           *Tokenizer
	skipSpecial bool
	held        []byte // the start of a character
	pieces      pieceDecoder
}

// Stream starts a stream.
func (t *Tokenizer) Stream(skipSpecial bool) *Stream {
	return &Stream{t: t, skipSpecial: skipSpecial}
}

// Push takes the next id and returns the text that is now certain, often none.
func (s *Stream) Push(id int32) string {
	text, ok := s.t.TokenBytes(id)
	if !ok || s.skipSpecial && s.t.tokens[id].special {
		return ""
	}
	if s.t.pieces != nil {
		return s.pieces.push(s.t, id, text)
	}
	b := append(s.held, text...)
	cut := len(b) - unfinished(b)
	s.held = append([]byte(nil), b[cut:]...)
	return string(appendLossy(nil, b[:cut]))
}

// Flush ends the stream and returns what was held back.
func (s *Stream) Flush() string {
	if s.t.pieces != nil {
		return s.pieces.flush(s.t)
	}
	held := s.held
	s.held = nil
	return string(appendLossy(nil, held))
}

// unfinished returns how many bytes at the end of b start a character that the
// next bytes may finish.
func unfinished(b []byte) int {
	for n := 1; n <= 3 && n <= len(b); n++ {
		tail := b[len(b)-n:]
		if tail[0] >= 0xc0 { // a lead byte: the last character starts here
			if prefixLen(tail) == n && n < runeLen(tail[0]) {
				return n
			}
			return 0
		}
		if tail[0] < 0x80 {
			return 0
		}
	}
	return 0
}

// runeLen is the length that a lead byte announces.
func runeLen(lead byte) int {
	switch {
	case lead >= 0xf0:
		return 4
	case lead >= 0xe0:
		return 3
	}
	return 2
}
