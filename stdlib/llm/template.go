package llm

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"cogumi/stdlib/llm/chat"
)

// readTemplate finds the chat template: chat_template.jinja, or the key of
// tokenizer_config.json. A folder without one has no template.
func readTemplate(folder fs.FS) (*chat.Template, error) {
	if b, err := fs.ReadFile(folder, "chat_template.jinja"); err == nil {
		return parseTemplate(string(b))
	}
	b, err := fs.ReadFile(folder, "tokenizer_config.json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read tokenizer_config.json: %w", err)
	}
	var c struct {
		Template any `json:"chat_template"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return nil, fmt.Errorf("read tokenizer_config.json: %w", err)
	}
	switch t := c.Template.(type) {
	case nil:
		return nil, nil
	case string:
		return parseTemplate(t)
	}
	return nil, errors.New("tokenizer_config.json: chat_template is not a string; several named templates are not supported")
}

func parseTemplate(text string) (*chat.Template, error) {
	t, err := chat.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("chat template: %w", err)
	}
	return t, nil
}
