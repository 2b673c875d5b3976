package tokenizer

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// pieces is a vocabulary of SentencePiece's kind (Kudo, Richardson 2018), as Llama
// 2, Mistral and TinyLlama have it: tokens are texts in which ▁ stands for a space,
// merging begins with characters instead of bytes, and a character that the
// vocabulary has not becomes the tokens of its bytes, <0x00> … <0xFF>.
type pieces struct {
	ids     map[string]int32
	bytes   [256]int32
	value   map[int32]byte // of tokens for bytes
	unknown int32          // −1: none
	fuse    bool           // unknown characters in a row are one token
	prefix  prefix
	strip   bool // decoding takes a space off the beginning
}

// prefix is where a ▁ is put that the text has not.
type prefix int

const (
	noPrefix    prefix = iota
	everyPrefix        // before each stretch of text between added tokens
	newPrefix          // likewise, unless it begins with ▁ already
	firstPrefix        // likewise, at the beginning of the text only
)

// underline stands for a space.
const underline = "▁"

// setPieces reads what a vocabulary of pieces has besides a byte-level one.
func (t *Tokenizer) setPieces(f *file) error {
	p := &pieces{unknown: -1, fuse: f.Model.FuseUnknown}
	for _, part := range []struct {
		name string
		read func() error
	}{
		{"normalizer", func() error { return p.setNormalizer(f) }},
		{"pre_tokenizer", func() error { return p.setPreTokenizer(f) }},
		{"decoder", func() error { return p.setDecoder(f) }},
	} {
		if err := part.read(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	t.pieces = p
	return nil
}

func (p *pieces) setNormalizer(f *file) error {
	list, err := steps(f.Normalizer)
	if err != nil {
		return err
	}
	replaced := false
	for _, s := range list {
		switch {
		case s.Type == "Prepend" && s.Prepend == underline && !replaced:
			p.prefix = everyPrefix
		case s.Type == "Replace" && s.Pattern.String != nil && *s.Pattern.String == " " && s.Content == underline:
			replaced = true
		default:
			return fmt.Errorf("step %q is not supported for pieces (Prepend of ▁, Replace of spaces by ▁ are)", s.Type)
		}
	}
	if p.prefix != noPrefix && !replaced {
		return errors.New("a ▁ is put in front, but spaces stay: this is not known")
	}
	return nil
}

func (p *pieces) setPreTokenizer(f *file) error {
	list, err := steps(f.PreTokenizer)
	if err != nil || len(list) == 0 {
		return err
	}
	s := list[0]
	if len(list) > 1 || s.Type != "Metaspace" || s.Replacement != underline {
		return fmt.Errorf("step %q is not supported for pieces (Metaspace with ▁ is)", s.Type)
	}
	if s.Split == nil || *s.Split {
		return errors.New("step Metaspace that splits words is not supported")
	}
	if p.prefix != noPrefix {
		return errors.New("a ▁ is put in front twice")
	}
	switch s.PrependScheme {
	case "always", "":
		p.prefix = newPrefix
	case "first":
		p.prefix = firstPrefix
	case "never":
	default:
		return fmt.Errorf("prepend_scheme %q is not known", s.PrependScheme)
	}
	return nil
}

func (p *pieces) setDecoder(f *file) error {
	list, err := steps(f.Decoder)
	if err != nil {
		return err
	}
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = s.Type
	}
	switch got := strings.Join(names, " "); got {
	case "Replace ByteFallback Fuse Strip":
		if s := list[3]; s.Content != " " || s.Start != 1 || s.Stop != 0 {
			return fmt.Errorf("step Strip of %d and %d times %q is not supported", s.Start, s.Stop, s.Content)
		}
		p.strip = true
	case "Replace ByteFallback Fuse":
	default:
		return fmt.Errorf("%s is not supported for pieces (Replace, ByteFallback, Fuse, Strip are)", got)
	}
	if s := list[0]; s.Pattern.String == nil || *s.Pattern.String != underline || s.Content != " " {
		return errors.New("step Replace of anything but ▁ by a space is not supported")
	}
	return nil
}

// setVocab takes the vocabulary.
func (p *pieces) setVocab(t *Tokenizer, m model, added int) error {
	p.ids, p.value = m.Vocab, map[int32]byte{}
	for i := range p.bytes {
		p.bytes[i] = -1
	}
	for text, id := range m.Vocab {
		if err := t.grow(id, len(m.Vocab)+added); err != nil {
			return fmt.Errorf("token %q: %w", text, err)
		}
		if t.tokens[id].known {
			return fmt.Errorf("token %q: id %d is taken", text, id)
		}
		if text == "" {
			return errors.New("an empty token")
		}
		content := strings.ReplaceAll(text, underline, " ")
		if b, ok := pieceByte(text); ok {
			p.bytes[b], p.value[id] = id, b
			content = string([]byte{b})
		}
		t.tokens[id] = token{bytes: content, known: true}
	}
	if m.Unknown != nil {
		id, ok := m.Vocab[*m.Unknown]
		if !ok {
			return fmt.Errorf("unk_token %q is not in the vocabulary", *m.Unknown)
		}
		p.unknown = id
	}
	return nil
}

// pieceByte reads <0x41>.
func pieceByte(text string) (byte, bool) {
	if len(text) != 6 || text[:3] != "<0x" || text[5] != '>' {
		return 0, false
	}
	b, err := hex.DecodeString(text[3:5])
	if err != nil {
		return 0, false
	}
	return b[0], true
}

// normalise prepares a stretch of text between added tokens. first: it is the
// beginning of the text.
func (p *pieces) normalise(text string, first bool) string {
	text = strings.ReplaceAll(text, " ", underline)
	switch {
	case text == "", p.prefix == noPrefix:
	case p.prefix == everyPrefix:
		return underline + text
	case (p.prefix == newPrefix || first) && !strings.HasPrefix(text, underline):
		return underline + text
	}
	return text
}

// encode appends the ids of a normalised text without added tokens.
func (p *pieces) encode(t *Tokenizer, out []int32, text string) []int32 {
	from, unknown := len(out), false
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		c := text[i : i+size]
		i += size
		if id, ok := p.ids[c]; ok && (r != utf8.RuneError || size > 1) {
			out, unknown = append(out, id), false
			continue
		}
		if n := len(out); p.fallBack(&out, c) {
			unknown = false
		} else if out = out[:n]; p.unknown >= 0 && !(p.fuse && unknown) {
			out, unknown = append(out, p.unknown), true
		}
	}
	n := t.mergeScan
	if len(out)-from > scanLimit {
		n = t.mergeHeap
	}
	return out[:from+n(out[from:])]
}

// fallBack appends the tokens of a character's bytes, if all are there.
func (p *pieces) fallBack(out *[]int32, c string) bool {
	for i := range len(c) {
		id := p.bytes[c[i]]
		if id < 0 {
			return false
		}
		*out = append(*out, id)
	}
	return true
}

// pieceDecoder decodes token by token. The bytes of a run of byte tokens are a
// text if they are UTF-8 as a whole, else each is U+FFFD, as in the reference: so
// a run is handed out when it has ended.
type pieceDecoder struct {
	run   []byte
	begun bool
}

// push gives the text that is certain when the id has come.
func (d *pieceDecoder) push(t *Tokenizer, id int32, text string) string {
	if b, ok := t.pieces.value[id]; ok {
		d.run = append(d.run, b)
		return ""
	}
	return d.start(t, d.flushRun()+text)
}

func (d *pieceDecoder) flush(t *Tokenizer) string { return d.start(t, d.flushRun()) }

func (d *pieceDecoder) flushRun() string {
	run := string(d.run)
	d.run = d.run[:0]
	if !utf8.ValidString(run) {
		return strings.Repeat("\ufffd", len(run))
	}
	return run
}

// start takes the space off the beginning.
func (d *pieceDecoder) start(t *Tokenizer, text string) string {
	if d.begun || text == "" {
		return text
	}
	d.begun = true
	if t.pieces.strip {
		text = strings.TrimPrefix(text, " ")
	}
	return text
}
