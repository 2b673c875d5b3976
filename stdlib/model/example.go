package model

import (
	"errors"
	"slices"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/llm"
	"cogumi/stdlib/llm/chat"
	"cogumi/stdlib/llm/tokenizer"
)

// Example tokenises a row for training: the loss counts the response and its
// end token only. Prompt and response are encoded apart, exactly as they meet
// when the model answers.
func Example(m *llm.Model, row *dataset.Row, index int) (llm.Example, error) {
	prompt, completion, err := render(m, row)
	if err != nil {
		return llm.Example{}, err
	}
	completion = untilEnd(completion, m.Config.EOS)
	e := llm.Example{IDs: append(prompt, completion...), Row: index}
	for range prompt {
		e.Labels = append(e.Labels, llm.Ignore)
	}
	e.Labels = append(e.Labels, completion...)
	return e, nil
}

// untilEnd leaves out what a template writes behind the last end token, such as
// ChatML's line break: when the model answers, nothing comes after that token.
func untilEnd(ids []int32, ends []int) []int32 {
	for i := len(ids) - 1; i >= 0; i-- {
		if slices.Contains(ends, int(ids[i])) {
			return ids[:i+1]
		}
	}
	return ids
}

// turns are the row as a chat, without its answer.
func turns(row *dataset.Row) (before []chat.Message, answer string, err error) {
	for _, m := range row.Messages {
		before = append(before, chat.Message{Role: m.Role, Content: m.Content})
	}
	if n := len(before); n > 0 {
		if before[n-1].Role == "assistant" {
			return before[:n-1], before[n-1].Content, nil
		}
		return before, row.Output, nil
	}
	if row.Instruction == "" {
		return nil, "", errors.New("it has neither messages nor an instruction")
	}
	user := row.Instruction
	if row.Input != "" {
		user += "\n\n" + row.Input
	}
	return []chat.Message{{Role: "user", Content: user}}, row.Output, nil
}

// Prompt renders a row without its answer as the model's template wants it and
// tokenises it. The template brings its own begin-of-text token.
func Prompt(m *llm.Model, row *dataset.Row) ([]int32, error) {
	before, _, err := turns(row)
	if err != nil {
		return nil, err
	}
	text, err := m.Prompt(before)
	return m.Tokenizer.Encode(text, tokenizer.Options{}), err
}

func render(m *llm.Model, row *dataset.Row) (prompt, completion []int32, err error) {
	before, answer, err := turns(row)
	if err != nil {
		return nil, nil, err
	}
	if answer == "" {
		return nil, nil, errors.New("it has no response to learn from")
	}
	text, rest, err := m.Render(append(before, chat.Message{Role: "assistant", Content: answer}))
	if err != nil {
		return nil, nil, err
	}
	return m.Tokenizer.Encode(text, tokenizer.Options{}), m.Tokenizer.Encode(rest, tokenizer.Options{}), nil
}
