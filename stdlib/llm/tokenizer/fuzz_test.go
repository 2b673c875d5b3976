package tokenizer

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the file, Load ends with an error or a tokenizer that works.
func FuzzLoad(f *testing.F) {
	// A vocabulary of a few letters keeps the mutations where they matter.
	small := letters("a b", "ab c")
	small["model"].(object)["vocab"] = map[string]int{"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "Ġ": 5}
	small["added_tokens"] = []any{object{"id": 6, "content": "<a>", "special": true}, object{"id": 7, "content": "b", "normalized": true}}
	small["added_tokens"].([]any)[1].(object)["id"] = 1
	small["normalizer"] = object{"type": "NFC"}
	small["post_processor"] = object{"type": "TemplateProcessing",
		"single":         []any{object{"SpecialToken": object{"id": "s"}}, object{"Sequence": object{"id": "A"}}},
		"special_tokens": object{"s": object{"ids": []int{6}}}}
	b, err := json.Marshal(small)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(strings.Replace(string(b), `"merges":[["a","b"],["ab","c"]]`, `"merges":["a b","ab c"],"ignore_merges":true`, 1)))
	f.Add([]byte(strings.Replace(string(b), `"pre_tokenizer":{`, `"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":false}]},"x":{`, 1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		tok, err := Load(b)
		if err != nil {
			return
		}
		for _, id := range tok.Encode("abc ab<a>é \u0301\xff 12", Options{AddSpecial: true}) {
			if _, ok := tok.TokenBytes(id); !ok {
				t.Fatalf("id %d stands for nothing", id)
			}
		}
	})
}

// Any text comes back from its ids, whichever pattern cuts it, and a stream says
// what Decode says.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"Don't you'RE", "a\r\n \n  b", "12345 ½²", "e\u0301\u0301 가각", "<|x|>é\xff\xc3", "\u0301\u0345", "  \u3000\u2028x", "'ſ'S"} {
		f.Add(s)
	}
	file := letters("a b", "e r", "h e", "Ġ t", "Ġt he", "Ã ©")
	file["added_tokens"] = []any{object{"id": 300, "content": "<|x|>", "special": true}}
	gpt2 := mustLoad(f, file)
	digits := *gpt2
	digits.split = splitter{digits: true, next: gpt2Word}
	llama, qwen, tekken := *gpt2, *gpt2, *gpt2
	tekken.split = splitter{next: tekkenWord}
	llama.split, qwen.split = splitter{next: llama3Words}, splitter{next: qwen2Words}
	composed := qwen
	composed.nfc = true
	f.Fuzz(func(t *testing.T, text string) {
		for name, tok := range map[string]*Tokenizer{"gpt2": gpt2, "digits": &digits, "llama": &llama, "qwen": &qwen, "tekken": &tekken} {
			for _, o := range []Options{{}, {SpecialAsText: true}} {
				ids := tok.Encode(text, o)
				var b, streamed strings.Builder
				stream := tok.Stream(false)
				for _, id := range ids {
					s, _ := tok.TokenBytes(id)
					b.WriteString(s)
					piece := stream.Push(id)
					if !utf8.ValidString(piece) {
						t.Fatalf("%s: half a character in %q", name, piece)
					}
					streamed.WriteString(piece)
				}
				streamed.WriteString(stream.Flush())
				if b.String() != text {
					t.Fatalf("%s: %q became %q", name, text, b.String())
				}
				if got := tok.Decode(ids, false); got != streamed.String() || utf8.ValidString(text) && got != text {
					t.Fatalf("%s: %q decoded to %q, streamed to %q", name, text, got, streamed.String())
				}
			}
		}
		if utf8.ValidString(text) {
			once := nfc(text)
			if again := nfc(once); again != once || !utf8.ValidString(once) {
				t.Fatalf("NFC of %q is %q, of that %q", text, once, again)
			}
		}
		composed.Encode(text, Options{})
	})
}

// Whatever ids a model writes, a stream hands out whole characters as soon as
// they are certain, and together what Decode returns.
func FuzzStream(f *testing.F) {
	file := letters("Ã ©", "ð Ł", "ðŁ ĺ")
	file["added_tokens"] = []any{object{"id": 300, "content": "<|x|>", "special": true}}
	tok := mustLoad(f, file)
	for _, s := range []string{"é", "\xf0\x9f\x98\x80", "\xf0\x9f\x98", "\xed\xa0\xbd", "a\xffb", "\xe2\x82<|x|>\xac", "\xc3\xc3\xa9"} {
		var ids []byte
		for _, id := range tok.Encode(s, Options{}) {
			ids = append(ids, byte(id>>8), byte(id))
		}
		f.Add(ids, true)
		f.Add(ids, false)
	}
	f.Fuzz(func(t *testing.T, b []byte, skip bool) {
		var ids []int32
		var text []byte
		stream, got := tok.Stream(skip), ""
		for ; len(b) >= 2; b = b[2:] {
			id := int32(b[0])<<8&0x1ff | int32(b[1])
			ids = append(ids, id)
			piece := stream.Push(id)
			if !utf8.ValidString(piece) {
				t.Fatalf("%v: half a character in %q", ids, piece)
			}
			got += piece
			if s, ok := tok.TokenBytes(id); ok && !(skip && tok.Special(id)) {
				text = append(text, s...)
			}
			// What is held back is no more than the start of one character, and
			// not certain yet: a byte may still finish it.
			decoded := tok.Decode(ids, skip)
			if !strings.HasPrefix(decoded, got) || len(stream.held) > 3 || utf8.FullRune(stream.held) && len(stream.held) > 0 {
				t.Fatalf("%v: handed out %q of %q, holds %x", ids, got, decoded, stream.held)
			}
		}
		if got += stream.Flush(); got != tok.Decode(ids, skip) || got != strings.ToValidUTF8(got, "") {
			t.Fatalf("%v: streamed %q, decoded %q", ids, got, tok.Decode(ids, skip))
		}
		if utf8.Valid(text) && got != string(text) {
			t.Fatalf("%v: %q became %q", ids, text, got)
		}
	})
}
