package tokenizer

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// letters is a vocabulary of all bytes, then some merges of them.
func letters(merges ...string) map[string]any {
	vocab := map[string]int{}
	list := make([]string, 256)
	for r, b := range byteOf {
		list[b] = string(r)
	}
	for i, s := range list {
		vocab[s] = i
	}
	var pairs [][]string
	for i, m := range merges {
		left, right, _ := strings.Cut(m, " ")
		vocab[left+right] = 256 + i
		pairs = append(pairs, []string{left, right})
	}
	byteLevel := map[string]any{"type": "ByteLevel", "add_prefix_space": false, "use_regex": true}
	return map[string]any{
		"model":         map[string]any{"type": "BPE", "vocab": vocab, "merges": pairs},
		"pre_tokenizer": byteLevel, "decoder": byteLevel,
	}
}

// change sets a key, given by its path, of a file.
func change(file map[string]any, path string, value any) map[string]any {
	keys := strings.Split(path, ".")
	at := file
	for _, key := range keys[:len(keys)-1] {
		at = at[key].(map[string]any)
	}
	at[keys[len(keys)-1]] = value
	return file
}

func mustLoad(t testing.TB, file map[string]any) *Tokenizer {
	t.Helper()
	b, err := json.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

type object = map[string]any

func TestRefused(t *testing.T) {
	split := func(pattern, behavior string, invert bool) any {
		return object{"type": "Sequence", "pretokenizers": []any{
			object{"type": "Split", "pattern": object{"Regex": pattern}, "behavior": behavior, "invert": invert},
			object{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false},
		}}
	}
	added := func(more object) any {
		token := object{"id": 256, "content": "<x>"}
		for k, v := range more {
			token[k] = v
		}
		return []any{token}
	}
	for _, c := range []struct {
		path  string
		value any
		want  string
	}{
		{"model.type", "WordPiece", "WordPiece"},
		{"model.dropout", 0.1, "dropout"},
		{"model.unk_token", "<unk>", "unk_token"},
		{"model.byte_fallback", true, "not supported for pieces"},
		{"model.continuing_subword_prefix", "##", "continuing_subword_prefix"},
		{"model.end_of_word_suffix", "</w>", "end_of_word_suffix"},
		{"model.vocab", object{}, "no vocabulary"},
		{"model.vocab", object{"a": 1, "b": 1}, "is taken"},
		{"model.vocab", object{"a": 1 << 30}, "id 1073741824"},
		{"model.vocab", object{"a": -1}, "id -1"},
		{"model.vocab", object{"": 0}, "empty"},
		{"model.merges", []any{[]any{"a", "zz"}}, "merge 0"},
		{"model.merges", []any{"a b c"}, "not two tokens"},
		{"model.merges", []any{[]any{"a"}}, "not two tokens"},
		{"normalizer", object{"type": "NFKC"}, `"NFKC"`},
		{"normalizer", object{"type": "Sequence", "normalizers": []any{object{"type": "NFC"}, object{"type": "Lowercase"}}}, `"Lowercase"`},
		{"pre_tokenizer", nil, "ByteLevel"},
		{"pre_tokenizer", object{"type": "Metaspace"}, "ByteLevel"},
		{"pre_tokenizer", object{"type": "ByteLevel"}, "add_prefix_space"},
		{"pre_tokenizer", split(`\w+`, "Isolated", false), `\w+`},
		{"pre_tokenizer", split(Llama3Pattern, "Removed", false), "Removed"},
		{"pre_tokenizer", split(Llama3Pattern, "Isolated", true), "invert true"},
		{"pre_tokenizer", object{"type": "Sequence", "pretokenizers": []any{object{"type": "Digits"}, object{"type": "ByteLevel", "add_prefix_space": false}}}, "individual_digits"},
		{"pre_tokenizer", object{"type": "Sequence", "pretokenizers": []any{object{"type": "Punctuation"}, object{"type": "ByteLevel", "add_prefix_space": false}}}, "Punctuation"},
		{"decoder", nil, "ByteLevel"},
		{"decoder", object{"type": "WordPiece"}, "ByteLevel"},
		{"post_processor", object{"type": "RobertaProcessing"}, "RobertaProcessing"},
		{"post_processor", object{"type": "TemplateProcessing", "single": []any{}}, "holds it 0 times"},
		{"post_processor", object{"type": "TemplateProcessing", "single": []any{object{"SpecialToken": object{"id": "<x>"}}, object{"Sequence": object{"id": "A"}}}}, `"<x>" has no ids`},
		{"post_processor", object{"type": "TemplateProcessing", "single": []any{object{"Sequence": object{"id": "B"}}}}, "neither"},
		{"post_processor", object{"type": "TemplateProcessing", "single": []any{object{"SpecialToken": object{"id": "<x>"}}, object{"Sequence": object{"id": "A"}}}, "special_tokens": object{"<x>": object{"ids": []int{999}}}}, "no token has id 999"},
		{"added_tokens", added(object{"content": ""}), "empty"},
		{"added_tokens", added(object{"lstrip": true}), "lstrip"},
		{"added_tokens", added(object{"single_word": true}), "single_word"},
		{"added_tokens", added(object{"id": 5}), "id 5 is taken"},
		{"added_tokens", added(object{"content": "a"}), "in the vocabulary"},
		{"added_tokens", added(object{"id": 1 << 28}), "id 268435456"},
		{"added_tokens", []any{object{"id": 256, "content": "<x>"}, object{"id": 257, "content": "<x>"}}, "twice"},
	} {
		b, err := json.Marshal(change(letters(), c.path, c.value))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Load(b); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s = %v: error %v, want one that says %s", c.path, c.value, err, c.want)
		}
	}
	if _, err := Load([]byte("{")); err == nil {
		t.Error("half an object was accepted")
	}
}

func TestMergeOrder(t *testing.T) {
	// By rank, then from the left; old files write "a b".
	file := letters("b c", "a b", "bc d", "a a", "aa a")
	tok := mustLoad(t, file)
	for text, want := range map[string][]int32{
		"abc":   {97, 256},
		"ab":    {257},
		"abcd":  {97, 258},
		"aaa":   {260},
		"aaaaa": {259, 260},
		"aaaa":  {259, 259},
	} {
		if got := tok.Encode(text, Options{}); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	old := change(file, "model.merges", []any{"b c", "a b", "bc d", "a a", "aa a"})
	if got := mustLoad(t, old).Encode("abcd", Options{}); !slices.Equal(got, []int32{97, 258}) {
		t.Errorf("old spelling: %v", got)
	}
	// With ignore_merges the whole word goes first, though no merge makes it.
	vocab := file["model"].(object)["vocab"].(map[string]int)
	vocab["xyz"] = 300
	change(file, "model.ignore_merges", true)
	if got := mustLoad(t, file).Encode("xyz xyzz", Options{}); !slices.Equal(got, []int32{300, 32, 120, 121, 122, 122}) {
		t.Errorf("ignore_merges: %v", got)
	}
}

// A scan and a heap, long words and short ones, merge alike.
func TestMergeHeap(t *testing.T) {
	tok := mustLoad(t, letters("a b", "b a", "ab ab", "a a", "abab a", "b b", "aa bb", "ba ba"))
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		n := 1 + random.IntN(scanLimit)
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = 'a' + int32(random.IntN(3))
		}
		scanned, heaped := slices.Clone(ids), slices.Clone(ids)
		scanned = scanned[:tok.mergeScan(scanned)]
		heaped = heaped[:tok.mergeHeap(heaped)]
		if !slices.Equal(scanned, heaped) {
			t.Fatalf("%v: scanned %v, heaped %v", ids, scanned, heaped)
		}
	}
	// A quarter of a megabyte that is one word takes no longer than other text.
	long := strings.Repeat("ab", 1<<17)
	if got := tok.Decode(tok.Encode(long, Options{}), false); got != long {
		t.Error("a long word changed")
	}
}

func TestAddedTokens(t *testing.T) {
	file := letters()
	file["normalizer"] = object{"type": "NFC"}
	file["added_tokens"] = []any{
		object{"id": 256, "content": "<a>", "special": true},
		object{"id": 257, "content": "<a><b>", "special": true},
		object{"id": 258, "content": "<tool>", "special": false},
		object{"id": 259, "content": "e\u0301!", "special": false, "normalized": true},
		object{"id": 260, "content": "two words", "special": true},
	}
	tok := mustLoad(t, file)
	plain := func(s string) (out []int32) {
		for _, b := range []byte(s) {
			out = append(out, int32(b))
		}
		return out
	}
	for text, want := range map[string][]int32{
		"<a><b>":           {257},
		"<a><a>":           {256, 256},
		"<a><":             {256, '<'},
		"x<tool>":          {'x', 258},
		"\u00e9!":          {259},
		"e\u0301!":         {259},
		"two words":        {260},
		"<<a>":             {'<', 256},
		"a\u0301<a>\u00e9": slices.Concat(plain("\u00e1"), []int32{256}, plain("\u00e9")),
	} {
		if got := tok.Encode(text, Options{}); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
	if got := tok.Encode("<a><tool>", Options{SpecialAsText: true}); !slices.Equal(got, append(plain("<a>"), 258)) {
		t.Errorf("special as text: %v", got)
	}
	if got := tok.Decode([]int32{256, 260, 258}, false); got != "<a>two words<tool>" {
		t.Errorf("decoded %q", got)
	}
	if got := tok.Decode([]int32{256, 260, 258, -1, 9999}, true); got != "<tool>" {
		t.Errorf("decoded %q", got)
	}
	for text, want := range map[string]int32{"<a>": 256, "two words": 260, "A": 'A', "Ġ": ' '} {
		if got, ok := tok.TokenID(text); !ok || got != want {
			t.Errorf("id of %q: %d, %t", text, got, ok)
		}
	}
	if _, ok := tok.TokenID("nope"); ok {
		t.Error("an id for a token that is not there")
	}
	if b, ok := tok.TokenBytes(0xc3); !ok || b != "\xc3" {
		t.Errorf("bytes %q", b)
	}
	if _, ok := tok.TokenBytes(9999); ok || tok.Special(9999) || tok.Special(-1) || tok.Special(258) || !tok.Special(256) {
		t.Error("tokens that are not there")
	}
	if tok.VocabSize() != 261 {
		t.Errorf("size %d", tok.VocabSize())
	}
}

// Post-processors in a sequence wrap each other.
func TestTemplates(t *testing.T) {
	file := letters()
	file["added_tokens"] = []any{object{"id": 256, "content": "<s>", "special": true}, object{"id": 257, "content": "</s>", "special": true}}
	file["post_processor"] = object{"type": "TemplateProcessing",
		"single":         []any{object{"SpecialToken": object{"id": "s"}}, object{"Sequence": object{"id": "A"}}, object{"SpecialToken": object{"id": "e"}}},
		"special_tokens": object{"s": object{"ids": []int{256}}, "e": object{"ids": []int{257, 257}}}}
	tok := mustLoad(t, file)
	if got := tok.Encode("a", Options{AddSpecial: true}); !slices.Equal(got, []int32{256, 'a', 257, 257}) {
		t.Errorf("%v", got)
	}
}

// A stream never hands out half a character, and holds nothing back that is whole.
func TestStream(t *testing.T) {
	tok := mustLoad(t, letters())
	s := tok.Stream(false)
	want := map[int]string{0: "a", 2: "é", 6: "😀", 8: "\ufffdb"}
	for i, b := range []byte("aé😀\xe4b") {
		if got := s.Push(int32(b)); got != want[i] {
			t.Errorf("byte %d: %q, want %q", i, got, want[i])
		}
	}
	s.Push(0xf0)
	s.Push(0x9f)
	if got := s.Flush(); got != "\ufffd" {
		t.Errorf("flushed %q", got)
	}
	if got := s.Flush(); got != "" {
		t.Errorf("flushed %q again", got)
	}
}

func TestConcurrent(t *testing.T) {
	tok := mustLoad(t, letters("a b", "ab c"))
	text := strings.Repeat("abc abca bcab 12 éa ", 200)
	want := tok.Encode(text, Options{})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			if got := tok.Encode(fmt.Sprint(i)+" "+text, Options{})[2:]; !slices.Equal(got, want) {
				t.Error("ids differ between goroutines")
			}
		})
	}
	wg.Wait()
}

// Canonical composition, also of more marks in a row than the stream-safe
// format allows, where x/text would insert U+034F.
func TestNFC(t *testing.T) {
	for text, want := range map[string]string{
		"plain":                                  "plain",
		"e\u0301":                                "\u00e9",
		"a\u0323\u0302":                          "\u1ead",
		"a\u0302\u0323":                          "\u1ead",
		"\u1100\u1161\u11a8":                     "\uac01",
		"\uac00\u11a8":                           "\uac01",
		"\u0958":                                 "\u0915\u093c", // excluded from composition
		"\u212b\u2126":                           "\u00c5\u03a9",
		"\u0301e":                                "\u0301e",
		"e\u0334\u0301":                          "\u00e9\u0334",
		"a" + strings.Repeat("\u0301", 40):       "\u00e1" + strings.Repeat("\u0301", 39),
		"a" + strings.Repeat("\u0302\u0323", 40): "\u1ead" + strings.Repeat("\u0323", 39) + strings.Repeat("\u0302", 39),
		"e\u0301\xff\u0301":                      "\u00e9\xff\u0301",
	} {
		if got := nfc(text); got != want {
			t.Errorf("%+q: %+q, want %+q", text, got, want)
		}
	}
}
