// Package tokenizer turns text into token ids and back: byte-level BPE, and BPE
// over the pieces of SentencePiece, as Hugging Face's tokenizer.json describes them.
//
// The file (https://github.com/huggingface/tokenizers) names a pipeline: added
// tokens are cut out of the text, the rest is normalised, split into words by a
// pattern, each word's bytes are merged by rank, and a post-processor adds
// tokens in front and behind. Only the pipelines of the Llama 3, GPT-2 (with
// single digits: SmolLM2), Qwen 2, Mistral's tekken and Llama 2 (SentencePiece: also
// Mistral 7B, TinyLlama) families are known; whatever else a file asks for is refused by its name, because a tokenizer that is almost right
// trains a model on the wrong text.
//
// Characters are classed by the Unicode tables of the Go release: characters
// that are newer than those count as symbols.
package tokenizer

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// Tokenizer is immutable; all its methods may run in several goroutines at once.
type Tokenizer struct {
	ids     map[string]int32 // a word's bytes → its id; added tokens are not here
	odd     map[string]int32 // vocabulary entries that stand for no bytes
	tokens  []token          // by id
	bytes   [256]int32       // ids of single bytes; -1: the vocabulary has none
	merges  map[uint64]merge // left id<<32 | right id
	whole   bool             // ignore_merges: a word that is in the vocabulary is one token
	nfc     bool
	split   splitter
	pieces  *pieces // not nil: the vocabulary is no byte-level one
	added   map[string]int32
	raw     *matcher // added tokens searched in the text as it is
	normed  *matcher // added tokens searched in the normalised text; nil: none
	before  []int32  // the post-processor's tokens in front
	behind  []int32
	seed    maphash.Seed
	learned []atomic.Pointer[word]
}

// token is what an id stands for.
type token struct {
	bytes   string
	known   bool
	special bool
}

type merge struct{ rank, id int32 }

// word is a cached result. Slots are overwritten when two words meet in one.
type word struct {
	text string
	ids  []int32
}

const (
	cacheSlots   = 1 << 16
	maxCacheWord = 48 // bytes; longer words hardly come back
)

// Options say what Encode does about special tokens.
type Options struct {
	AddSpecial    bool // with the post-processor's tokens (Llama: the begin-of-text token)
	SpecialAsText bool // special tokens that the text spells are plain text: for text from outside
}

// Encode returns the ids of text. Bytes that are not UTF-8 are encoded as the
// bytes they are; bytes that the vocabulary has no token for are dropped, as in
// the reference (SmolLM2's vocabulary lacks 21 of them).
func (t *Tokenizer) Encode(text string, o Options) []int32 {
	out := make([]int32, 0, len(text)/3+8)
	if o.AddSpecial {
		out = append(out, t.before...)
	}
	first := true
	t.raw.cut(text, o.SpecialAsText, func(plain string, id int32) {
		defer func() { first = false }()
		if id >= 0 {
			out = append(out, id)
			return
		}
		switch {
		case t.pieces != nil:
			plain = t.pieces.normalise(plain, first)
		case t.nfc:
			plain = nfc(plain)
		}
		if t.normed == nil {
			out = t.encodePlain(out, plain)
			return
		}
		t.normed.cut(plain, o.SpecialAsText, func(plain string, id int32) {
			if id >= 0 {
				out = append(out, id)
				return
			}
			out = t.encodePlain(out, plain)
		})
	})
	if o.AddSpecial {
		out = append(out, t.behind...)
	}
	return out
}

// encodePlain appends the ids of text that holds no added token.
func (t *Tokenizer) encodePlain(out []int32, text string) []int32 {
	if t.pieces != nil {
		return t.pieces.encode(t, out, text)
	}
	for text != "" {
		part := text
		if t.split.digits {
			part = text[:digitRun(text)]
		}
		text = text[len(part):]
		for part != "" {
			n := t.split.next(part)
			out = t.encodeWord(out, part[:n])
			part = part[n:]
		}
	}
	return out
}

func (t *Tokenizer) encodeWord(out []int32, w string) []int32 {
	if len(w) == 1 {
		if id := t.bytes[w[0]]; id >= 0 {
			out = append(out, id)
		}
		return out
	}
	if len(w) > maxCacheWord {
		return t.mergeWord(out, w)
	}
	slot := &t.learned[maphash.String(t.seed, w)%cacheSlots]
	if known := slot.Load(); known != nil && known.text == w {
		return append(out, known.ids...)
	}
	from := len(out)
	out = t.mergeWord(out, w)
	slot.Store(&word{text: strings.Clone(w), ids: append([]int32(nil), out[from:]...)})
	return out
}

// VocabSize is the highest id + 1; a model's embedding has at least so many rows.
func (t *Tokenizer) VocabSize() int { return len(t.tokens) }

// TokenID returns the id of a token as tokenizer.json spells it: "<|eot_id|>",
// "Ġthe".
func (t *Tokenizer) TokenID(s string) (int32, bool) {
	if id, ok := t.added[s]; ok {
		return id, true
	}
	if t.pieces != nil {
		id, ok := t.pieces.ids[s]
		return id, ok
	}
	b, ok := tokenBytes(s)
	if !ok {
		id, ok := t.odd[s]
		return id, ok
	}
	id, ok := t.ids[b]
	return id, ok
}

// TokenBytes returns the bytes that an id stands for; they need not be UTF-8.
func (t *Tokenizer) TokenBytes(id int32) (string, bool) {
	if id < 0 || int(id) >= len(t.tokens) || !t.tokens[id].known {
		return "", false
	}
	return t.tokens[id].bytes, true
}

// Special tells whether an id is a special token: one that Decode may skip.
func (t *Tokenizer) Special(id int32) bool {
	return id >= 0 && int(id) < len(t.tokens) && t.tokens[id].special
}
