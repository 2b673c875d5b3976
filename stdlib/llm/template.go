package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"cogumi/stdlib/llm/chat"
)

// template is a chat template with the special tokens that it may name.
type template struct {
	*chat.Template
	bos, eos string
}

// Render gives the text that the model reads before its answer to all turns but
// the last, and the text of its answer, the end token included. The last turn
// is the assistant's.
func (m *Model) Render(turns []chat.Message) (prompt, completion string, err error) {
	if m.template == nil {
		return "", "", errors.New("the model has no chat template (chat_template in tokenizer_config.json, or chat_template.jinja)")
	}
	return m.template.Segments(turns, chat.Options{BOS: m.template.bos, EOS: m.template.eos})
}

// Prompt gives the text that the model reads before its answer to turns.
func (m *Model) Prompt(turns []chat.Message) (string, error) {
	if m.template == nil {
		return "", errors.New("the model has no chat template (chat_template in tokenizer_config.json, or chat_template.jinja)")
	}
	return m.template.Template.Render(turns, chat.Options{AddGenerationPrompt: true, BOS: m.template.bos, EOS: m.template.eos})
}

// token is a special token as tokenizer_config.json spells it: text, or an
// object with its content.
type token string

func (t *token) UnmarshalJSON(b []byte) error {
	var o struct {
		Content string `json:"content"`
	}
	if json.Unmarshal(b, (*string)(t)) == nil {
		return nil
	}
	err := json.Unmarshal(b, &o)
	*t = token(o.Content)
	return err
}

// readTemplate finds the chat template: chat_template.jinja, or the key of
// tokenizer_config.json. A folder without one has none.
func readTemplate(folder fs.FS) (*template, error) {
	var c struct {
		Template any   `json:"chat_template"`
		BOS      token `json:"bos_token"`
		EOS      token `json:"eos_token"`
	}
	b, err := fs.ReadFile(folder, "tokenizer_config.json")
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read tokenizer_config.json: %w", err)
	}
	if b, err := fs.ReadFile(folder, "chat_template.jinja"); err == nil {
		c.Template = string(b)
	}
	text, ok := c.Template.(string)
	if c.Template == nil {
		return nil, nil
	}
	if !ok {
		return nil, errors.New("tokenizer_config.json: chat_template is not a string; several named templates are not supported")
	}
	t, err := chat.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	return &template{Template: t, bos: string(c.BOS), eos: string(c.EOS)}, nil
}
