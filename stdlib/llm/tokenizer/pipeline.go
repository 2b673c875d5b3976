package tokenizer

import (
	"encoding/json"
	"errors"
	"fmt"
)

// step is a normalizer, pre-tokenizer, post-processor or decoder.
type step struct {
	Type string `json:"type"`

	Normalizers   []json.RawMessage `json:"normalizers"`
	PreTokenizers []json.RawMessage `json:"pretokenizers"`
	Processors    []json.RawMessage `json:"processors"`
	Decoders      []json.RawMessage `json:"decoders"`

	Pattern struct {
		Regex  *string
		String *string
	} `json:"pattern"`
	Behavior         string `json:"behavior"`
	Invert           bool   `json:"invert"`
	AddPrefixSpace   *bool  `json:"add_prefix_space"`
	UseRegex         *bool  `json:"use_regex"`
	IndividualDigits bool   `json:"individual_digits"`

	Prepend       string `json:"prepend"`
	Content       string `json:"content"`
	Replacement   string `json:"replacement"`
	PrependScheme string `json:"prepend_scheme"`
	Split         *bool  `json:"split"`
	Start         int    `json:"start"`
	Stop          int    `json:"stop"`

	Single  []templatePiece `json:"single"`
	Special map[string]struct {
		IDs []int32 `json:"ids"`
	} `json:"special_tokens"`
}

type templatePiece struct {
	SpecialToken *struct {
		ID string `json:"id"`
	}
	Sequence *struct {
		ID string `json:"id"`
	}
}

// steps reads a step, or the parts of a Sequence of them; none for null.
func steps(raw json.RawMessage) ([]step, error) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	var s step
	if err := json.Unmarshal(raw, &s); err != nil {
		return nil, err
	}
	if s.Type != "Sequence" {
		return []step{s}, nil
	}
	var out []step
	for _, list := range [][]json.RawMessage{s.Normalizers, s.PreTokenizers, s.Processors, s.Decoders} {
		for _, raw := range list {
			var part step
			if err := json.Unmarshal(raw, &part); err != nil {
				return nil, err
			}
			out = append(out, part)
		}
	}
	return out, nil
}

func (t *Tokenizer) setNormalizer(raw json.RawMessage) error {
	list, err := steps(raw)
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Type != "NFC" {
			return fmt.Errorf("%q is not supported (NFC is)", s.Type)
		}
		t.nfc = true
	}
	return nil
}

// setSplitter knows: Split by the Llama-3, the Qwen-2 or the tekken pattern, Digits, and at
// the end ByteLevel, which may bring GPT-2's pattern.
func (t *Tokenizer) setSplitter(raw json.RawMessage) error {
	list, err := steps(raw)
	if err != nil {
		return err
	}
	if len(list) == 0 || list[len(list)-1].Type != "ByteLevel" {
		return errors.New("it does not end with ByteLevel: this is no byte-level vocabulary")
	}
	last := list[len(list)-1]
	if last.AddPrefixSpace == nil || *last.AddPrefixSpace { // the default is true
		return errors.New("step ByteLevel with add_prefix_space is not supported")
	}
	for _, s := range list[:len(list)-1] {
		if err := t.split.add(s); err != nil {
			return err
		}
	}
	ownPattern := last.UseRegex == nil || *last.UseRegex
	switch {
	case !ownPattern && t.split.next == nil:
		t.split.next = wholeText
	case ownPattern && t.split.next != nil:
		return errors.New("step ByteLevel with use_regex behind a Split is not supported")
	case ownPattern:
		t.split.next = gpt2Word
	}
	return nil
}

func (p *splitter) add(s step) error {
	if p.next != nil {
		return fmt.Errorf("%q behind a Split is not supported", s.Type)
	}
	switch s.Type {
	case "Digits":
		if !s.IndividualDigits {
			return errors.New("step Digits without individual_digits is not supported")
		}
		p.digits = true
	case "Split":
		if s.Behavior != "Isolated" || s.Invert {
			return fmt.Errorf("step Split with behavior %q, invert %t is not supported", s.Behavior, s.Invert)
		}
		if s.Pattern.Regex == nil {
			return errors.New("step Split by a plain string is not supported")
		}
		switch *s.Pattern.Regex {
		case Llama3Pattern:
			p.next = llama3Words
		case Qwen2Pattern:
			p.next = qwen2Words
		case TekkenPattern:
			p.next = tekkenWord
		case GPT2Pattern:
			p.next = gpt2Word
		default:
			return fmt.Errorf("the split pattern %q is not known", *s.Pattern.Regex)
		}
	default:
		return fmt.Errorf("%q is not supported (Split, Digits, ByteLevel are)", s.Type)
	}
	return nil
}

// setPostProcessor reads what stands before and behind a single text. ByteLevel
// here moves offsets only.
func (t *Tokenizer) setPostProcessor(raw json.RawMessage) error {
	list, err := steps(raw)
	if err != nil {
		return err
	}
	for _, s := range list {
		switch s.Type {
		case "ByteLevel":
		case "TemplateProcessing":
			if err := t.addTemplate(s); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%q is not supported (TemplateProcessing, ByteLevel are)", s.Type)
		}
	}
	return nil
}

func (t *Tokenizer) addTemplate(s step) error {
	var before, behind []int32
	texts := 0
	for _, p := range s.Single {
		switch {
		case p.Sequence != nil && p.Sequence.ID == "A":
			texts++
		case p.SpecialToken != nil:
			special, ok := s.Special[p.SpecialToken.ID]
			if !ok {
				return fmt.Errorf("special token %q has no ids", p.SpecialToken.ID)
			}
			for _, id := range special.IDs {
				if _, ok := t.TokenBytes(id); !ok {
					return fmt.Errorf("special token %q: no token has id %d", p.SpecialToken.ID, id)
				}
			}
			if texts == 0 {
				before = append(before, special.IDs...)
			} else {
				behind = append(behind, special.IDs...)
			}
		default:
			return errors.New("a template piece is neither a special token nor sequence A")
		}
	}
	if texts != 1 {
		return fmt.Errorf("the template for one text holds it %d times", texts)
	}
	t.before = append(before, t.before...)
	t.behind = append(t.behind, behind...)
	return nil
}

func checkDecoder(raw json.RawMessage) error {
	list, err := steps(raw)
	if err != nil {
		return err
	}
	if len(list) != 1 || list[0].Type != "ByteLevel" {
		return errors.New("only ByteLevel is supported")
	}
	return nil
}
