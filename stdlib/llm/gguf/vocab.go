package gguf

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cogumi/stdlib/llm/tokenizer"
)

// Types of tokens (llama.h, enum llama_token_type).
const (
	normal      = 1
	unknown     = 2
	control     = 3
	userDefined = 4
	unused      = 5
)

// split is how text is cut before merging: what tokenizer.ggml.pre stands for
// (llama.cpp, llama-vocab.cpp) in the words of tokenizer.json.
type split struct {
	normalizer   any
	preTokenizer any
	whole        bool // words in the vocabulary are not merged
	bos          bool // a text begins with BOS unless the file says otherwise
}

type object = map[string]any

var byteLevel = object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}

func sequence(steps ...any) object { return object{"type": "Sequence", "pretokenizers": steps} }

func pattern(p string) object {
	return object{"type": "Split", "pattern": object{"Regex": p}, "behavior": "Isolated", "invert": false}
}

var gpt2 = object{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true}

var llama3 = split{preTokenizer: sequence(pattern(tokenizer.Llama3Pattern), byteLevel), whole: true, bos: true}

var splits = map[string]split{
	"llama-bpe": llama3, "llama3": llama3, "llama-v3": llama3,
	"tekken": {preTokenizer: sequence(pattern(tokenizer.TekkenPattern), byteLevel), whole: true, bos: true},
	"qwen2":  {normalizer: object{"type": "NFC"}, preTokenizer: sequence(pattern(tokenizer.Qwen2Pattern), byteLevel)},
	"smollm": {preTokenizer: sequence(object{"type": "Digits", "individual_digits": true}, gpt2)},
	"gpt-2":  {preTokenizer: gpt2},
}

// readTokenizer makes tokenizer.json and tokenizer_config.json.
func (m *Model) readTokenizer() error {
	r := &reader{f: m.File}
	switch model := must[string](r, "tokenizer.ggml.model", "a text"); {
	case r.err != nil:
		return r.err
	case model == "llama":
		file, err := m.piecesJSON(r)
		if err == nil {
			err = m.addJSON("tokenizer.json", file)
		}
		if err != nil {
			return err
		}
		return m.templateJSON(r)
	case model != "gpt2":
		return fmt.Errorf("tokenizer.ggml.model %q is not supported (gpt2, byte-level BPE, and llama, SentencePiece, are)", model)
	}
	pre := must[string](r, "tokenizer.ggml.pre", "a text")
	if r.err != nil {
		return r.err
	}
	s, ok := splits[pre]
	if !ok {
		return fmt.Errorf("tokenizer.ggml.pre %q is not supported (%s are)", pre, strings.Join(slices.Sorted(maps.Keys(splits)), ", "))
	}
	if r.flag("tokenizer.ggml.add_space_prefix", false) {
		return fmt.Errorf("tokenizer.ggml.add_space_prefix is not supported")
	}
	file, err := m.tokenizerJSON(r, s)
	if err == nil {
		err = m.addJSON("tokenizer.json", file)
	}
	if err != nil {
		return err
	}
	return m.templateJSON(r)
}

func (m *Model) tokenizerJSON(r *reader, s split) (object, error) {
	tokens := must[[]string](r, "tokenizer.ggml.tokens", "texts")
	merges := must[[]string](r, "tokenizer.ggml.merges", "texts")
	types := must[[]int64](r, "tokenizer.ggml.token_type", "integers")
	post, err := postProcessor(r, s, len(tokens))
	if err == nil {
		err = r.err
	}
	if err != nil {
		return nil, err
	}
	if len(types) != len(tokens) {
		return nil, fmt.Errorf("%d tokens, and the types of %d", len(tokens), len(types))
	}
	vocab, added := make(map[string]int, len(tokens)), []object{}
	for id, text := range tokens {
		switch types[id] {
		case normal:
			if _, twice := vocab[text]; twice {
				return nil, fmt.Errorf("token %q is there twice", text)
			}
			vocab[text] = id
		case control, userDefined, unknown:
			added = append(added, object{"id": id, "content": text, "special": types[id] != userDefined, "normalized": false})
		case unused: // a gap in the ids that the file filled
		default:
			return nil, fmt.Errorf("token %q has type %d, which is not supported", text, types[id])
		}
	}
	return object{
		"added_tokens": added, "normalizer": s.normalizer, "pre_tokenizer": s.preTokenizer, "post_processor": post,
		"decoder": object{"type": "ByteLevel"},
		"model":   object{"type": "BPE", "ignore_merges": s.whole, "vocab": vocab, "merges": merges},
	}, nil
}

// postProcessor adds BOS and EOS where the file says so.
func postProcessor(r *reader, s split, tokens int) (any, error) {
	single, special := []any{}, object{}
	put := func(flag string, def bool, name string) {
		if !r.flag(flag, def) {
			return
		}
		key := "tokenizer.ggml." + name + "_token_id"
		id := r.id(key, tokens)
		if id < 0 && r.err == nil {
			r.err = fmt.Errorf("%s is set, but there is no %s", flag, key)
		}
		single = append(single, object{"SpecialToken": object{"id": name, "type_id": 0}})
		special[name] = object{"id": name, "ids": []int64{id}, "tokens": []string{name}}
	}
	put("tokenizer.ggml.add_bos_token", s.bos, "bos")
	single = append(single, object{"Sequence": object{"id": "A", "type_id": 0}})
	put("tokenizer.ggml.add_eos_token", false, "eos")
	if r.err != nil || len(special) == 0 {
		return nil, r.err
	}
	return object{"type": "TemplateProcessing", "single": single, "pair": []any{}, "special_tokens": special}, nil
}

// templateJSON makes tokenizer_config.json: the chat template and the tokens that
// it may name.
func (m *Model) templateJSON(r *reader) error {
	tokens := get[[]string](r, "tokenizer.ggml.tokens", "texts", nil)
	c := object{}
	for _, name := range []string{"bos", "eos"} {
		if id := r.id("tokenizer.ggml."+name+"_token_id", len(tokens)); id >= 0 {
			c[name+"_token"] = tokens[id]
		}
	}
	if text := r.text("tokenizer.chat_template", ""); text != "" {
		c["chat_template"] = text
	}
	if r.err != nil {
		return r.err
	}
	return m.addJSON("tokenizer_config.json", c)
}
