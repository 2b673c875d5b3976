package chat

import (
	"bufio"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"cogumi/kernels/golden"
)

type row struct {
	Template      string
	Conversation  string
	Messages      json.RawMessage
	AddGeneration bool   `json:"add_generation_prompt"`
	BOS           string `json:"bos_token"`
	EOS           string `json:"eos_token"`
	Tools         json.RawMessage
	Kwargs        map[string]any
	Continue      bool `json:"continue_final_message"`
	Rendered      *string
	Error         string
	Spans         [][2]int `json:"assistant_spans"`
}

func rows(t testing.TB, file string, least int) []row {
	t.Helper()
	f, err := os.Open(filepath.Join(golden.Dir(t, "golden/chat"), file))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []row
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var r row
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		out = append(out, r)
	}
	if s.Err() != nil || len(out) < least {
		t.Fatalf("%s: %d rows, %v", file, len(out), s.Err())
	}
	return out
}

func (r row) options(t testing.TB) ([]Message, Options) {
	t.Helper()
	messages, err := ParseMessages(r.Messages)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{AddGenerationPrompt: r.AddGeneration, ContinueFinalMessage: r.Continue, BOS: r.BOS, EOS: r.EOS, Kwargs: r.Kwargs}
	if r.Tools != nil {
		if o.Tools, err = ParseJSON(r.Tools); err != nil {
			t.Fatal(err)
		}
	}
	return messages, o
}

// check compares one rendering with what was recorded. Of errors only that they
// happen counts, except for those that the template itself raises.
func (r row) check(t *testing.T, what, got string, err error) {
	t.Helper()
	switch {
	case r.Rendered != nil && err != nil:
		t.Errorf("%s: %v", what, err)
	case r.Rendered != nil && got != *r.Rendered:
		t.Errorf("%s\ngot  %q\nwant %q", what, got, *r.Rendered)
	case r.Rendered == nil && err == nil:
		t.Errorf("%s: rendered %q, want the error %s", what, got, r.Error)
	case r.Rendered == nil:
		var raised *Raised
		message, own := strings.CutPrefix(r.Error, "TemplateError: ")
		if errors.As(err, &raised) != own || own && raised.Message != message {
			t.Errorf("%s: error %v, want %s", what, err, r.Error)
		}
	}
}

func loadTemplate(t testing.TB, name string) *Template {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(golden.Dir(t, "golden/chat/templates"), name+".jinja"))
	if err != nil {
		t.Fatal(err)
	}
	tmpl, err := Parse(string(b))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	tmpl.Name = name
	return tmpl
}

func TestRenderGolden(t *testing.T) {
	templates := map[string]*Template{}
	for _, r := range rows(t, "rendered.jsonl", 1100) {
		if templates[r.Template] == nil {
			templates[r.Template] = loadTemplate(t, r.Template)
		}
		tmpl := templates[r.Template]
		messages, o := r.options(t)
		got, err := tmpl.Render(messages, o)
		r.check(t, r.Template+" "+r.Conversation, got, err)
		if r.Rendered == nil || !tmpl.Generation() {
			continue
		}
		text, spans, err := tmpl.RenderWithSpans(messages, o)
		if err != nil || text != got {
			t.Errorf("%s %s: with spans: %v", r.Template, r.Conversation, err)
		}
		var runes [][2]int // the recorded spans count characters
		for _, s := range spans {
			runes = append(runes, [2]int{utf8.RuneCountInString(text[:s.From]), utf8.RuneCountInString(text[:s.To])})
		}
		if !slices.Equal(runes, r.Spans) {
			t.Errorf("%s %s: spans %v, want %v", r.Template, r.Conversation, runes, r.Spans)
		}
	}
	if len(templates) != 18 {
		t.Errorf("%d templates", len(templates))
	}
}

func TestJinjaGolden(t *testing.T) {
	for _, r := range rows(t, "jinja.jsonl", 75) {
		tmpl, err := Parse(r.Template)
		if err != nil {
			t.Errorf("%s: %v", r.Template, err)
			continue
		}
		messages, o := r.options(t)
		got, err := tmpl.Render(messages, o)
		r.check(t, r.Template, got, err)
	}
}
