package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"strings"
	"sync/atomic"
	"unicode/utf8"
)

// file is tokenizer.json. truncation and padding are left out on purpose:
// transformers switches both off.
type file struct {
	AddedTokens   []addedToken    `json:"added_tokens"`
	Normalizer    json.RawMessage `json:"normalizer"`
	PreTokenizer  json.RawMessage `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       json.RawMessage `json:"decoder"`
	Model         model           `json:"model"`
}

type addedToken struct {
	ID         int32  `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"`
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"`
	Special    bool   `json:"special"`
}

type model struct {
	Type         string           `json:"type"`
	Dropout      *float64         `json:"dropout"`
	Unknown      *string          `json:"unk_token"`
	Prefix       *string          `json:"continuing_subword_prefix"`
	Suffix       *string          `json:"end_of_word_suffix"`
	FuseUnknown  bool             `json:"fuse_unk"`
	ByteFallback bool             `json:"byte_fallback"`
	IgnoreMerges bool             `json:"ignore_merges"`
	Vocab        map[string]int32 `json:"-"`
	Merges       [][2]string      `json:"-"`
}

// UnmarshalJSON reads the two long parts without reflection, which would take
// most of the time of loading.
func (m *model) UnmarshalJSON(b []byte) error {
	type plain model
	var f struct {
		*plain
		Vocab  json.RawMessage `json:"vocab"`
		Merges json.RawMessage `json:"merges"`
	}
	f.plain = (*plain)(m)
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	var err error
	if m.Vocab, err = readVocab(f.Vocab); err != nil {
		return fmt.Errorf("vocab: %w", err)
	}
	if m.Merges, err = readMerges(f.Merges); err != nil {
		return fmt.Errorf("merges: %w", err)
	}
	return nil
}

// Load reads the contents of a tokenizer.json.
func Load(b []byte) (*Tokenizer, error) {
	if !utf8.Valid(b) {
		return nil, errors.New("tokenizer.json: it is not UTF-8")
	}
	var f file
	if err := json.Unmarshal(b, &f); err != nil {
		return nil, fmt.Errorf("tokenizer.json: %w", err)
	}
	t := &Tokenizer{
		seed:    maphash.MakeSeed(),
		learned: make([]atomic.Pointer[word], cacheSlots),
		raw:     newMatcher(),
	}
	if err := f.Model.check(); err != nil {
		return nil, fmt.Errorf("tokenizer.json: model: %w", err)
	}
	for _, part := range []struct {
		name string
		read func() error
	}{
		{"pipeline", func() error { return t.setPipeline(&f) }},
		{"model.vocab", func() error { return t.setVocab(f.Model, len(f.AddedTokens)) }},
		{"model.merges", func() error { return t.setMerges(f.Model) }},
		{"added_tokens", func() error { return t.setAdded(f.AddedTokens, f.Model.Vocab) }},
		{"post_processor", func() error { return t.setPostProcessor(f.PostProcessor) }},
	} {
		if err := part.read(); err != nil {
			return nil, fmt.Errorf("tokenizer.json: %s: %w", part.name, err)
		}
	}
	return t, nil
}

// setPipeline reads what is done before and after merging.
func (t *Tokenizer) setPipeline(f *file) error {
	if f.Model.ByteFallback {
		return t.setPieces(f)
	}
	if err := t.setNormalizer(f.Normalizer); err != nil {
		return fmt.Errorf("normalizer: %w", err)
	}
	if err := t.setSplitter(f.PreTokenizer); err != nil {
		return fmt.Errorf("pre_tokenizer: %w", err)
	}
	if err := checkDecoder(f.Decoder); err != nil {
		return fmt.Errorf("decoder: %w", err)
	}
	return nil
}

func (m model) check() error {
	switch {
	case m.Type != "BPE" && m.Type != "":
		return fmt.Errorf("type %q is not supported (BPE is)", m.Type)
	case m.Dropout != nil && *m.Dropout != 0:
		return errors.New("dropout is not supported")
	case m.ByteFallback && m.IgnoreMerges:
		return errors.New("ignore_merges with byte_fallback is not supported")
	case m.Unknown != nil && !m.ByteFallback:
		return fmt.Errorf("unk_token %q is not supported: this is no byte-level vocabulary", *m.Unknown)
	case m.Prefix != nil && *m.Prefix != "":
		return fmt.Errorf("continuing_subword_prefix %q is not supported", *m.Prefix)
	case m.Suffix != nil && *m.Suffix != "":
		return fmt.Errorf("end_of_word_suffix %q is not supported", *m.Suffix)
	case len(m.Vocab) == 0:
		return errors.New("no vocabulary")
	}
	return nil
}

// grow makes room for an id. Ids may have gaps, but a few tokens must not ask
// for gigabytes.
func (t *Tokenizer) grow(id int32, entries int) error {
	if id < 0 || int(id) > 2*entries+1<<12 {
		return fmt.Errorf("id %d of %d tokens", id, entries)
	}
	if int(id) >= len(t.tokens) {
		t.tokens = append(t.tokens, make([]token, int(id)+1-len(t.tokens))...)
	}
	return nil
}

func (t *Tokenizer) setVocab(m model, added int) error {
	if t.pieces != nil {
		return t.pieces.setVocab(t, m, added)
	}
	t.ids, t.odd = make(map[string]int32, len(m.Vocab)), map[string]int32{}
	for i := range t.bytes {
		t.bytes[i] = -1
	}
	for text, id := range m.Vocab {
		if err := t.grow(id, len(m.Vocab)+added); err != nil {
			return fmt.Errorf("token %q: %w", text, err)
		}
		if t.tokens[id].known {
			return fmt.Errorf("token %q: id %d is taken", text, id)
		}
		b, ok := tokenBytes(text)
		switch {
		case !ok:
			// Not a byte-level entry: no text encodes to it, it decodes as itself.
			t.odd[text], b = id, text
		case b == "":
			return errors.New("an empty token")
		default:
			t.ids[b] = id
			if len(b) == 1 {
				t.bytes[b[0]] = id
			}
		}
		t.tokens[id] = token{bytes: b, known: true}
	}
	return nil
}

// setMerges ranks the merges by their order. As in the reference the last of two
// equal ones counts.
func (t *Tokenizer) setMerges(m model) error {
	t.whole = m.IgnoreMerges
	t.merges = make(map[uint64]merge, len(m.Merges))
	for rank, p := range m.Merges {
		left, ok1 := m.Vocab[p[0]]
		right, ok2 := m.Vocab[p[1]]
		both, ok3 := m.Vocab[p[0]+p[1]]
		if !ok1 || !ok2 || !ok3 {
			return fmt.Errorf("merge %d of %q and %q: they or what they make are not in the vocabulary", rank, p[0], p[1])
		}
		t.merges[uint64(left)<<32|uint64(right)] = merge{rank: int32(rank), id: both}
	}
	return nil
}

func (t *Tokenizer) setAdded(added []addedToken, vocab map[string]int32) error {
	t.added = make(map[string]int32, len(added))
	for _, a := range added {
		if err := t.addToken(a, vocab, len(vocab)+len(added)); err != nil {
			return fmt.Errorf("token %q: %w", a.Content, err)
		}
	}
	return nil
}

func (t *Tokenizer) addToken(a addedToken, vocab map[string]int32, entries int) error {
	if err := t.grow(a.ID, entries); err != nil {
		return err
	}
	_, twice := t.added[a.Content]
	inVocab, shared := vocab[a.Content]
	switch {
	case a.Content == "":
		return errors.New("it is empty")
	case a.SingleWord || a.LStrip || a.RStrip:
		return errors.New("single_word, lstrip and rstrip are not supported")
	case twice:
		return errors.New("it is there twice")
	case shared && inVocab != a.ID:
		return fmt.Errorf("id %d, but %d in the vocabulary", a.ID, inVocab)
	case !shared && t.tokens[a.ID].known:
		return fmt.Errorf("id %d is taken", a.ID)
	}
	// Decoding maps an added token's characters to bytes like any other's.
	b, ok := tokenBytes(a.Content)
	switch {
	case t.pieces != nil:
		b = strings.ReplaceAll(a.Content, underline, " ")
	case !ok:
		b = a.Content
	}
	t.added[a.Content] = a.ID
	t.tokens[a.ID] = token{bytes: b, known: true, special: a.Special}
	if !a.Normalized {
		t.raw.add(a.Content, a.ID, a.Special)
		return nil
	}
	if t.normed == nil {
		t.normed = newMatcher()
	}
	content := a.Content
	switch {
	case t.nfc:
		content = nfc(content)
	case t.pieces != nil: // ▁<s>: that is what it looks like in a normalised text
		content = t.pieces.normalise(content, true)
	}
	t.normed.add(content, a.ID, a.Special)
	return nil
}
