package gguf

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// byteToken is the type of <0x41> (llama.h, LLAMA_TOKEN_TYPE_BYTE).
const byteToken = 6

// piecesJSON makes tokenizer.json of a vocabulary of SentencePiece's kind
// (tokenizer.ggml.model "llama": Llama 2, Mistral 7B, TinyLlama). Such a file has
// scores instead of merges: of all pairs that make a token the one of the highest
// score is merged first (llama.cpp, llm_tokenizer_spm).
func (m *Model) piecesJSON(r *reader) (object, error) {
	for _, key := range []string{"tokenizer.ggml.remove_extra_whitespaces", "tokenizer.ggml.escape_whitespaces"} {
		if want := key == "tokenizer.ggml.escape_whitespaces"; r.flag(key, want) != want {
			return nil, fmt.Errorf("%s is not supported", key)
		}
	}
	if r.has("tokenizer.ggml.precompiled_charsmap") {
		return nil, errors.New("tokenizer.ggml.precompiled_charsmap is not supported: the text would be rewritten")
	}
	tokens := must[[]string](r, "tokenizer.ggml.tokens", "texts")
	scores := must[[]float64](r, "tokenizer.ggml.scores", "numbers")
	types := must[[]int64](r, "tokenizer.ggml.token_type", "integers")
	post, err := postProcessor(r, split{bos: true}, len(tokens))
	if err == nil {
		err = r.err
	}
	if err != nil {
		return nil, err
	}
	if len(types) != len(tokens) || len(scores) != len(tokens) {
		return nil, fmt.Errorf("%d tokens, the types of %d and the scores of %d", len(tokens), len(types), len(scores))
	}
	vocab, added, unk := make(map[string]int, len(tokens)), []object{}, any(nil)
	for id, text := range tokens {
		if types[id] == unused {
			continue
		}
		if _, twice := vocab[text]; twice {
			return nil, fmt.Errorf("token %q is there twice", text)
		}
		vocab[text] = id
		switch types[id] {
		case normal, byteToken:
		case unknown:
			unk = text
			added = append(added, object{"id": id, "content": text, "special": true, "normalized": false})
		case control, userDefined:
			added = append(added, object{"id": id, "content": text, "special": types[id] == control, "normalized": false})
		default:
			return nil, fmt.Errorf("token %q has type %d, which is not supported", text, types[id])
		}
	}
	decoders := []object{{"type": "Replace", "pattern": object{"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}}
	normalizers := []object{{"type": "Replace", "pattern": object{"String": " "}, "content": "▁"}}
	if r.flag("tokenizer.ggml.add_space_prefix", true) {
		normalizers = slices.Insert(normalizers, 0, object{"type": "Prepend", "prepend": "▁"})
		decoders = append(decoders, object{"type": "Strip", "content": " ", "start": 1, "stop": 0})
	}
	if r.err != nil {
		return nil, r.err
	}
	return object{
		"added_tokens": added, "normalizer": object{"type": "Sequence", "normalizers": normalizers}, "pre_tokenizer": nil, "post_processor": post,
		"decoder": object{"type": "Sequence", "decoders": decoders},
		"model": object{"type": "BPE", "byte_fallback": true, "fuse_unk": true, "unk_token": unk, "vocab": vocab,
			"merges": mergesOf(vocab, types, scores)},
	}, nil
}

// mergesOf are all pairs of tokens that make a token, by its score.
func mergesOf(vocab map[string]int, types []int64, scores []float64) [][2]string {
	type pair struct{ left, right, both int }
	var list []pair
	texts := map[int]string{}
	for text, id := range vocab {
		if types[id] != normal {
			continue
		}
		for i := range text {
			left, ok := vocab[text[:i]]
			right, also := vocab[text[i:]]
			if i > 0 && ok && also && types[left] == normal && types[right] == normal {
				list = append(list, pair{left, right, id})
				texts[left], texts[right] = text[:i], text[i:]
			}
		}
	}
	slices.SortFunc(list, func(a, b pair) int {
		return cmp.Or(cmp.Compare(scores[b.both], scores[a.both]), cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right))
	})
	out := make([][2]string, len(list))
	for i, p := range list {
		out[i] = [2]string{texts[p.left], texts[p.right]}
	}
	return out
}
