package dataset

import (
	"fmt"
	"maps"
	"strings"
)

// Names of ShareGPT's speakers in the words of chat templates.
var speakers = map[string]string{
	"human": "user", "user": "user", "gpt": "assistant", "chatgpt": "assistant", "bing": "assistant", "bard": "assistant",
	"assistant": "assistant", "model": "assistant", "system": "system", "tool": "tool", "function": "tool",
}

// takeChat moves the chat of m into r. It says whether m is a chat row.
//
// Known shapes: "messages" [{role, content}], ShareGPT's "conversations"
// [{from, value}], and prompt and completion that both are lists of messages.
func takeChat(m map[string]any, r *Row) (bool, *problem) {
	name := "messages"
	list, ok := m[name]
	if !ok {
		name = "conversations"
		list, ok = m[name]
	}
	if !ok {
		prompt, isList := m["prompt"].([]any)
		completion, both := m["completion"].([]any)
		if !isList || !both {
			return false, nil
		}
		list = append(prompt[:len(prompt):len(prompt)], completion...)
		delete(m, "prompt")
		delete(m, "completion")
		name = "prompt and completion"
	}
	ms, extra, p := messages(name, list)
	if p != nil {
		return true, p
	}
	r.Messages = ms
	delete(m, name)
	if extra {
		m["messages"] = list // fields that Message has no place for
	}
	return true, nil
}

// messages converts a list of turns. extra says that turns have more fields.
func messages(name string, v any) (ms []Message, extra bool, p *problem) {
	list, ok := v.([]any)
	if !ok {
		return nil, false, wrongType(name, v, "a list of messages")
	}
	if len(list) == 0 {
		return nil, false, &problem{kind: badEmpty, why: name + " is empty"}
	}
	spoken := false
	for i, item := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		turn, ok := item.(map[string]any)
		if !ok {
			return nil, false, wrongType(at, item, "an object with role and content")
		}
		msg, more, p := message(at, turn)
		if p != nil {
			return nil, false, p
		}
		spoken = spoken || strings.TrimSpace(msg.Content) != ""
		extra = extra || more
		ms = append(ms, msg)
	}
	if !spoken {
		return nil, false, &problem{kind: badEmpty, why: "every message is empty"}
	}
	return ms, extra, nil
}

func message(at string, turn map[string]any) (msg Message, more bool, p *problem) {
	role, content := "role", "content"
	if _, ok := turn["from"]; ok {
		role, content = "from", "value"
	}
	if msg.Role, p = textOf(at, turn, role); p != nil {
		return msg, false, p
	}
	if msg.Content, p = textOf(at, turn, content); p != nil {
		return msg, false, p
	}
	if role == "from" {
		known, ok := speakers[strings.ToLower(msg.Role)]
		if !ok {
			return msg, false, &problem{kind: badType, why: fmt.Sprintf("%s.from is %q, which nobody knows", at, clip(msg.Role, 40))}
		}
		msg.Role = known
	}
	if strings.TrimSpace(msg.Role) == "" {
		return msg, false, &problem{kind: badEmpty, why: at + ".role is empty"}
	}
	for k, v := range turn {
		more = more || k != role && k != content && v != nil
	}
	return msg, more, nil
}

func textOf(at string, turn map[string]any, name string) (string, *problem) {
	v := turn[name]
	if v == nil {
		return "", &problem{kind: badMissing, why: at + "." + name + " is missing"}
	}
	text, ok := v.(string)
	if !ok {
		return "", wrongType(at+"."+name, v, "text")
	}
	return text, nil
}

// chatValue is what a file gets as messages: role and content, and the fields
// that came with them as long as the conversation is still the same.
func chatValue(r *Row) any {
	raw, ok := r.Extra["messages"]
	if !ok {
		return r.Messages
	}
	was, _, p := messages("messages", raw)
	if p != nil || len(was) != len(r.Messages) {
		return r.Messages
	}
	list := make([]any, len(was))
	for i, item := range raw.([]any) {
		if was[i] != r.Messages[i] {
			return r.Messages
		}
		turn := maps.Clone(item.(map[string]any))
		delete(turn, "from")
		delete(turn, "value")
		turn["role"], turn["content"] = was[i].Role, was[i].Content
		list[i] = turn
	}
	return list
}
