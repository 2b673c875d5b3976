// Package chat renders the chat templates of Hugging Face models.
//
// A template is a program in Jinja (https://jinja.palletsprojects.com, version
// 3.1) in the environment that transformers gives it (chat_template_utils.py):
// trim_blocks, lstrip_blocks, loop controls, a tojson that escapes no HTML, the
// functions raise_exception and strftime_now, the tag generation, and a sandbox.
// Values behave and print like Python's: True, None, 1.0, ['a'].
//
// This is the part of the language that templates use. What lies outside of it
// is refused by its name when the template is parsed, or, where only the values
// tell, when it is rendered; nothing is rendered differently in silence.
// Templates come from outside: steps, memory, nesting and ranges are bounded.
package chat

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Template is a parsed chat template. It may be rendered by several goroutines
// at once.
type Template struct {
	Name     string // of the model, say; appears in error messages
	body     []stmt
	generate bool
}

// Message is one turn of a conversation.
type Message struct {
	Role    string
	Content string
	// Object is a whole message that has more than these two (tool calls, a list of
	// parts, no content); where it is set, only it counts. See ParseMessages.
	Object *Object
}

// Options are what a template is rendered with besides the messages.
type Options struct {
	AddGenerationPrompt  bool           // end with the start of the assistant's turn
	ContinueFinalMessage bool           // end inside the last message, for it to go on
	BOS, EOS             string         // tokens; empty: not defined
	Tools                any            // list of tools from ParseJSON, or nil
	Kwargs               map[string]any // further variables: enable_thinking, date_string, …
	Now                  time.Time      // for strftime_now; zero: the current time
}

// Parse parses a template.
func Parse(source string) (t *Template, err error) {
	defer catch(func(e error) { t, err = nil, e })
	if !utf8.ValidString(source) {
		return nil, errors.New("the template is not UTF-8")
	}
	p := &parser{toks: tokenize(source), callable: map[string]bool{}}
	t = &Template{body: p.statements()}
	p.checkMarkup()
	for _, call := range p.calls {
		if _, ok := functions[call.text]; !ok && !p.callable[call.text] {
			failf("line %d: the function %q is not supported", call.line, call.text)
		}
	}
	t.generate = p.generate
	return t, nil
}

// catch turns a failure into an error; any other panic goes on.
func catch(set func(error)) {
	switch e := recover().(type) {
	case nil:
	case failure:
		set(e.err)
	default:
		panic(e)
	}
}

func (t *Template) errorf(format string, args ...any) error {
	name := "chat template"
	if t.Name != "" {
		name += " " + t.Name
	}
	return fmt.Errorf(name+": "+format, args...)
}

// Generation tells whether the template marks what the assistant writes.
func (t *Template) Generation() bool { return t.generate }

// ParseMessages reads a JSON array of messages.
func ParseMessages(b []byte) ([]Message, error) {
	v, err := ParseJSON(b)
	if err != nil {
		return nil, err
	}
	l, ok := v.(*list)
	if !ok {
		return nil, errors.New("chat: messages: want a list")
	}
	out := make([]Message, len(l.items))
	for i, item := range l.items {
		o, ok := item.(*Object)
		if !ok {
			return nil, fmt.Errorf("chat: message %d: want an object", i)
		}
		role, _ := o.get("role")
		content, _ := o.get("content")
		roleText, ok1 := role.(string)
		text, ok2 := content.(string)
		out[i] = Message{Role: roleText, Content: text}
		if !ok1 || !ok2 || o.Len() != 2 || o.keys[0] != "role" {
			out[i].Object = o
		}
	}
	return out, nil
}

func (m Message) object() *Object {
	if m.Object != nil {
		return m.Object
	}
	o := NewObject()
	o.set("role", m.Role)
	o.set("content", m.Content)
	return o
}

// Render renders messages. A template that refuses them gives an error that
// wraps *Raised.
func (t *Template) Render(messages []Message, o Options) (string, error) {
	text, _, err := t.render(messages, o)
	return text, err
}

// Span is what the assistant wrote: text[From:To], in bytes.
type Span struct{ From, To int }

// RenderWithSpans renders messages and tells which parts stand between generation
// and endgeneration. A template without these tags is an error: see Segments.
func (t *Template) RenderWithSpans(messages []Message, o Options) (string, []Span, error) {
	if !t.generate {
		return "", nil, t.errorf("it does not mark the assistant's text with generation tags")
	}
	return t.render(messages, o)
}

func (t *Template) render(messages []Message, o Options) (text string, spans []Span, err error) {
	m := &machine{t: t, out: new(strings.Builder), now: o.Now}
	defer catch(func(e error) {
		var raised *Raised
		if m.line > 0 && !errors.As(e, &raised) {
			e = fmt.Errorf("line %d: %w", m.line, e)
		}
		text, spans, err = "", nil, t.errorf("%w", e)
	})
	if o.Now.IsZero() {
		m.now = time.Now()
	}
	turns := make([]any, len(messages))
	for i, msg := range messages {
		turns[i] = msg.object()
	}
	if o.ContinueFinalMessage {
		if o.AddGenerationPrompt {
			failf("continuing the final message and adding a generation prompt exclude each other")
		}
		turns = markFinal(turns)
	}
	m.run(t.body, o.variables(turns).inner())
	text = m.out.String()
	if o.ContinueFinalMessage {
		text = cutAtMark(text)
	}
	for _, s := range m.spans {
		spans = append(spans, Span{min(s.from, len(text)), min(s.to, len(text))})
	}
	return text, spans, nil
}

// variables are what the template sees; transformers always passes tools and
// documents, as None where there are none.
func (o Options) variables(turns []any) *scope {
	s := &scope{}
	s.set("messages", &list{turns})
	s.set("tools", fromGo(o.Tools))
	s.set("documents", nil)
	s.set("add_generation_prompt", o.AddGenerationPrompt)
	if o.BOS != "" {
		s.set("bos_token", o.BOS)
	}
	if o.EOS != "" {
		s.set("eos_token", o.EOS)
	}
	for name, v := range o.Kwargs {
		s.set(name, fromGo(v))
	}
	return s
}

// finalMark stands behind the final message's content while it is rendered: where
// it comes out, the text is cut, as transformers does it. A template that trims
// takes its space away, and then trailing white space of the content is lost too.
const finalMark = "CONTINUE_FINAL_MESSAGE_TAG "

func markFinal(turns []any) []any {
	if len(turns) == 0 {
		failf("there is no final message to continue")
	}
	last := turns[len(turns)-1].(*Object)
	content, _ := last.get("content")
	marked := NewObject()
	for i, key := range last.keys {
		marked.set(key, last.vals[i])
	}
	switch content := content.(type) {
	case string:
		marked.set("content", content+finalMark)
	case *list:
		marked.set("content", markParts(content.items))
	default:
		failf("the final message has no text to continue")
	}
	return append(append([]any(nil), turns[:len(turns)-1]...), marked)
}

// markParts marks the last part that has text.
func markParts(parts []any) *list {
	out := append([]any(nil), parts...)
	for i := len(out) - 1; i >= 0; i-- {
		part, ok := out[i].(*Object)
		if !ok {
			continue
		}
		text, ok := part.get("text")
		if s, isText := text.(string); ok && isText {
			marked := NewObject()
			for j, key := range part.keys {
				marked.set(key, part.vals[j])
			}
			marked.set("text", s+finalMark)
			out[i] = marked
			return &list{out}
		}
	}
	failf("the final message has no text to continue")
	return nil
}

func cutAtMark(text string) string {
	at := strings.LastIndex(text, strings.TrimSpace(finalMark))
	if at < 0 {
		failf("the final message does not appear in the rendered text")
	}
	if strings.HasPrefix(text[at:], finalMark) {
		return text[:at]
	}
	return strings.TrimRightFunc(text[:at], isSpace)
}

// Segments renders a conversation whose last message is the one to learn, and
// parts it: prompt is everything up to the start of that message as the model
// sees it when it is asked, completion is the rest. A template whose full text
// does not start with the prompt cannot be used for that, and is an error.
func (t *Template) Segments(messages []Message, o Options) (prompt, completion string, err error) {
	if len(messages) == 0 {
		return "", "", t.errorf("no messages")
	}
	if o.Now.IsZero() {
		o.Now = time.Now() // the same for both
	}
	o.ContinueFinalMessage = false
	o.AddGenerationPrompt = true
	if prompt, err = t.Render(messages[:len(messages)-1], o); err != nil {
		return "", "", err
	}
	o.AddGenerationPrompt = false
	full, err := t.Render(messages, o)
	if err != nil {
		return "", "", err
	}
	completion, ok := strings.CutPrefix(full, prompt)
	if !ok {
		return "", "", t.errorf("the rendered conversation does not start with its prompt, so the response cannot be told from it: %s", difference(prompt, full))
	}
	return prompt, completion, nil
}

// difference shows where two texts part.
func difference(prompt, full string) string {
	i := 0
	for i < len(prompt) && i < len(full) && prompt[i] == full[i] {
		i++
	}
	clip := func(s string) string { return s[min(i, len(s)):min(i+40, len(s))] }
	return fmt.Sprintf("at byte %d the prompt has %q, the conversation %q", i, clip(prompt), clip(full))
}
