package format

import (
	"strings"
	"testing"

	"cogumi/stdlib/dataset"
)

func chat(turns ...string) *dataset.Row {
	r := &dataset.Row{}
	for _, t := range turns {
		role, text, _ := strings.Cut(t, ":")
		r.Messages = append(r.Messages, dataset.Message{Role: role, Content: text})
	}
	return r
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		row  *dataset.Row
		want string
	}{
		{&dataset.Row{Instruction: "Add 2 and 3.", Output: "5"}, ""},
		{&dataset.Row{Input: "2 + 3", Output: "5"}, ""},
		{&dataset.Row{Instruction: "Add.", Output: " \n"}, "no answer"},
		{&dataset.Row{Output: "running text"}, "no instruction"},
		{&dataset.Row{Instruction: "Say it again, please, Sam.", Output: "Say it again, please, Sam."}, "repeats"},
		{&dataset.Row{Instruction: "Say: yes", Output: "yes"}, ""},
		{&dataset.Row{Instruction: "Say yes", Output: "yes<|im_end|>"}, "the answer holds a template's"},
		{&dataset.Row{Instruction: "Sum up {input}", Output: "It is short."}, "unfilled"},
		{&dataset.Row{Instruction: "Code", Output: "Here:\n```go\nx := 1"}, "within its code"},
		{&dataset.Row{Instruction: "Code", Output: "Here:\n```go\nx := 1\n```\nand ```y```."}, ""},
		{chat("user:Hello", "assistant:Hi"), ""},
		{chat("system:Be brief", "user:Hello", "assistant:Hi", "user:Bye", "assistant:Bye"), ""},
		{chat("user:Weather?", "assistant:", "tool:sunny", "assistant:Sunny"), ""},
		{chat("user:Hello"), "says nothing"},
		{chat("user:Hello", "assistant:Hi", "user:and?"), "last turn"},
		{chat("user:Hello", "user:Hello?", "assistant:Hi"), "turn 2: user follows user"},
		{chat("assistant:Hi", "user:Hello"), "turn 1: assistant cannot begin"},
		{chat("user:Hello", "assistant: "), "turn 2 is empty"},
		{chat("user:a", "system:b", "assistant:c"), "turn 2: system follows user"},
		{chat("bot:a", "assistant:c"), "role \"bot\""},
		{chat("user:a", "assistant:b [/INST] c"), "turn 2 holds"},
	} {
		got := Check(c.row)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.row, got, c.want)
		}
	}
}
