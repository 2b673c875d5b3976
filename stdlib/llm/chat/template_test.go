package chat

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cogumi/kernels/golden"
)

// render parses and renders without messages.
func render(t *testing.T, source string, o Options) (string, error) {
	t.Helper()
	tmpl, err := Parse(source)
	if err != nil {
		t.Fatalf("%s: %v", source, err)
	}
	return tmpl.Render(nil, o)
}

func TestRefusedByName(t *testing.T) {
	for source, want := range map[string]string{
		"{{ x|wordwrap(20) }}":                        `line 1: the filter "wordwrap" is not supported`,
		"a\nb\n{{ x is filthy }}":                     `line 3: the test "filthy" is not supported`,
		"{{ x.format(1) }}":                           `the method "format" is not supported`,
		"{{ cycler(1) }}":                             `the function "cycler" is not supported`,
		"{{ lipsum() }}":                              `the function "lipsum" is not supported`,
		"{% for x in y %}{{ loop(x) }}{% endfor %}":   `the function "loop" is not supported`,
		"{% include 'x' %}":                           `the tag "include" is not supported`,
		"{% block x %}{% endblock %}":                 `the tag "block" is not supported`,
		"{% extends 'x' %}":                           `the tag "extends" is not supported`,
		"{% import 'x' as y %}":                       `the tag "import" is not supported`,
		"{% call f() %}{% endcall %}":                 `the tag "call" is not supported`,
		"{% do x.append(1) %}":                        `the tag "do" is not supported`,
		"{% autoescape true %}{% endautoescape %}":    `the tag "autoescape" is not supported`,
		"{% for x in y recursive %}{% endfor %}":      "recursive",
		"{{ x.__class__ }}":                           `the attribute "__class__" is not supported`,
		"{{ x.append(1) }}":                           `the method "append" is not supported`,
		"{{ f(*a) }}":                                 "arguments with *",
		"{{ range(**a) }}":                            "arguments with **",
		"{{ x|tojson(default=1) }}":                   `the argument "default" is not supported`,
		"{{ x|trim('a', 'b') }}":                      "2 arguments",
		"{{ x|replace('a') }}":                        `"new" is missing`,
		"{{ x|map('nope') }}":                         "nope is not supported",
		"{{ x|selectattr('a', 'nope') }}":             "nope is not supported",
		"{{ x|e ~ 'a' }}":                             `the filter "e" is supported only as the last`,
		"{% set x = y|safe %}":                        `the filter "safe" is supported only as the last`,
		"{{ x|e|upper }}":                             `the filter "e" is supported only`,
		"{{ x is none of }}":                          "1 arguments, want 0",
		"{{ x is divisibleby }}":                      "0 arguments, want 1",
		"{% macro f() %}{{ caller() }}{% endmacro %}": `"caller" is not supported`,
		"{% macro f() %}{{ varargs }}{% endmacro %}":  `"varargs" is not supported`,
		"{{ x[1, 2] }}":                               "more than one index",
		`{{ '\N{BULLET}' }}`:                          `\N is not supported`,
		`{{ '\ud800' }}`:                              "no character",
		"{{ 0x10 }}":                                  "0x10",
		"{% break %}":                                 "outside of a loop",
		"{% for x in y %}{% generation %}{% break %}{% endgeneration %}{% endfor %}": "outside of a loop",
		"{% set true = 1 %}": "cannot be assigned",
		"{% set loop = 1 %}": "cannot be assigned",
		"{{ x":               "does not end",
		"{# x":               "a comment does not end",
		"{% raw %}x":         "raw does not end",
		"{{ 'x }}":           "a string does not end",
		"{% if x %}":         "elif or else or endif is missing",
		"{% endif %}":        `the tag "endif"`,
		"{{ (x] }}":          `unexpected ']'`,
		"{{ ; }}":            "unexpected character ';'",
		"{{ }}":              "unexpected",
		"{{ 1 2 }}":          "'2' where '}}' belongs",
		"{{ " + strings.Repeat("(", 500) + "1" + strings.Repeat(")", 500) + " }}": "levels of nesting",
		strings.Repeat("{% if x %}", 500) + strings.Repeat("{% endif %}", 500):    "levels of nesting",
		"{{ x" + strings.Repeat(".a", 500) + " }}":                                "subscripts in a row",
		"{{ x" + strings.Repeat("|trim", 500) + " }}":                             "filters in a row",
		"{{ x" + strings.Repeat(" + 1", 5000) + " }}":                             "operators in a row",
		"\xff": "UTF-8",
	} {
		if _, err := Parse(source); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: error %v, want one that says %s", source, err, want)
		}
	}
}

// A template cannot take the machine with it.
func TestLimits(t *testing.T) {
	for source, want := range map[string]string{
		"{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}":                        "steps",
		"{% for a in range(100001) %}{% endfor %}":                                                                "range too big",
		"{% set ns = namespace(s='aaaaaaaa') %}{% for i in range(100) %}{% set ns.s = ns.s + ns.s %}{% endfor %}": "bytes",
		"{{ 'a' * 1000000000 }}":                               "bytes",
		"{{ [1] * 1000000000 }}":                               "bytes",
		"{{ 10 ** (10 ** 10) }}":                               "too large",
		"{{ 'aaaa'.replace('a', 'a' * 10000000) }}":            "bytes",
		"{{ ('a,' * 1000000).split(',')|join('b' * 100000) }}": "bytes",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}":      "macros inside each other",
		"{% set ns = namespace(l=[]) %}{% for i in range(5000) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}":             "nested",
		"{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}":        "template",
		"{% set ns = namespace(l=[1]) %}{% for i in range(60) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l|tojson }}": "template",
		"{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}":                                                             "Namespace",
		"{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ {}[s] }}{% endfor %}":                                    "template",
		"{% set s = 'a' * 1000000 %}{% for i in range(100000) %}{{ s.count('b') }}{% endfor %}":                             "steps",
		"{{ '%999999999s' % 'a' }}":  "width",
		"{{ 'a'|indent(99999999) }}": "indent",
	} {
		start := time.Now()
		_, err := render(t, source, Options{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one that says %s", source, err, want)
		}
		if d := time.Since(start); d > 20*time.Second {
			t.Errorf("%s: took %v", source, d)
		}
	}
}

func TestErrors(t *testing.T) {
	tmpl, err := Parse("x\n{{ a.b.c }}")
	if err != nil {
		t.Fatal(err)
	}
	tmpl.Name = "mine"
	_, err = tmpl.Render(nil, Options{})
	if want := "chat template mine: line 2: 'a' is undefined"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
	_, err = render(t, "{{ raise_exception('no ' ~ 1) }}", Options{})
	var raised *Raised
	if !errors.As(err, &raised) || raised.Message != "no 1" {
		t.Errorf("%v", err)
	}
}

func TestVariables(t *testing.T) {
	o := Options{EOS: "</s>", Kwargs: map[string]any{
		"n": 3, "m": map[string]any{"b": 1, "a": []string{"x"}}, "l": []any{nil, true, 1.0}, "none": nil,
	}}
	got, err := render(t, "{{ bos_token is defined }}{{ eos_token }}{{ n + 1 }}{{ m }}{{ l }}{{ tools }}{{ documents is none }}{{ add_generation_prompt }}", o)
	if want := "False</s>4{'a': ['x'], 'b': 1}[None, True, 1.0]NoneTrueFalse"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if _, err := render(t, "x", Options{Kwargs: map[string]any{"f": func() {}}}); err == nil {
		t.Error("a function as a variable")
	}
}

func TestStrftime(t *testing.T) {
	o := Options{Now: time.Date(2026, 3, 7, 15, 4, 9, 0, time.UTC)}
	got, err := render(t, "{{ strftime_now('%d %b %Y, %-d.%-m.%y %A %H:%M:%S %I%p 100%% %j %B') }}", o)
	if want := "07 Mar 2026, 7.3.26 Saturday 15:04:09 03PM 100% 066 March"; err != nil || got != want {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
	if _, err := render(t, "{{ strftime_now('%Q') }}", o); err == nil || !strings.Contains(err.Error(), "%Q is not supported") {
		t.Errorf("error %v", err)
	}
}

const plain = "{% for m in messages %}<{{ m.role }}>{{ m.content|trim }}</{{ m.role }}>{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"

func TestSegments(t *testing.T) {
	talk := []Message{{Role: "user", Content: "2+2?"}, {Role: "assistant", Content: " 4 "}}
	tmpl, err := Parse(plain)
	if err != nil {
		t.Fatal(err)
	}
	prompt, completion, err := tmpl.Segments(talk, Options{})
	if err != nil || prompt != "<user>2+2?</user><assistant>" || completion != "4</assistant>" {
		t.Errorf("%q, %q, %v", prompt, completion, err)
	}
	if _, _, err := tmpl.Segments(nil, Options{}); err == nil {
		t.Error("no messages")
	}
	// The prompt that the model is asked with opens a thought, the conversation does not.
	tmpl, err = Parse(strings.Replace(plain, "<assistant>", "<assistant><think>", 1))
	if err != nil {
		t.Fatal(err)
	}
	tmpl.Name = "thinker"
	_, _, err = tmpl.Segments(talk, Options{})
	if err == nil || !strings.Contains(err.Error(), "chat template thinker") || !strings.Contains(err.Error(), "<think>") {
		t.Errorf("error %v", err)
	}
}

// Every recorded template either parts a conversation so that its pieces make
// the whole again, or says why not.
func TestSegmentsGolden(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(golden.Dir(t, "golden/chat/templates"), "*.jinja"))
	talk := []Message{{Role: "user", Content: "2+2?"}, {Role: "assistant", Content: "The answer is 4."}}
	var refused []string
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		tmpl, err := Parse(string(b))
		if err != nil {
			t.Fatal(err)
		}
		o := Options{BOS: "<s>", EOS: "</s>"}
		prompt, completion, err := tmpl.Segments(talk, o)
		if err != nil {
			refused = append(refused, strings.TrimSuffix(filepath.Base(path), ".jinja"))
			continue
		}
		full, err := tmpl.Render(talk, o)
		if err != nil || full != prompt+completion || !strings.Contains(completion, "The answer is 4.") || strings.Contains(prompt, "The answer") {
			t.Errorf("%s: %q, %q, %v", path, prompt, completion, err)
		}
	}
	// R1's generation prompt opens a thought that a conversation does not have.
	if want := []string{"r1-distill-llama"}; !slices.Equal(refused, want) {
		t.Errorf("refused %v, want %v", refused, want)
	}
}

func TestContinue(t *testing.T) {
	tmpl, err := Parse("{% for m in messages %}[{% if m.content is string %}{{ m.content }}{% else %}{{ m.content[0].text }}{% endif %}]{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	o := Options{ContinueFinalMessage: true}
	parts, err := ParseMessages([]byte(`[{"role": "user", "content": "a"}, {"role": "assistant", "content": [{"type": "text", "text": "b "}]}]`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := tmpl.Render(parts, o)
	if err != nil || got != "[a][b " {
		t.Errorf("%q, %v", got, err)
	}
	if again, _ := tmpl.Render(parts, Options{}); again != "[a][b ]" {
		t.Errorf("the caller's message was changed: %q", again)
	}
	for what, messages := range map[string][]Message{"no messages": nil, "no text": {{Object: NewObject()}}} {
		if _, err := tmpl.Render(messages, o); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	o.AddGenerationPrompt = true
	if _, err := tmpl.Render(parts, o); err == nil {
		t.Error("both a prompt and a continuation")
	}
	silent, err := Parse("nothing")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := silent.Render(parts, Options{ContinueFinalMessage: true}); err == nil || !strings.Contains(err.Error(), "does not appear") {
		t.Errorf("error %v", err)
	}
}

func TestSpans(t *testing.T) {
	tmpl, err := Parse("{% for m in messages %}({% generation %}{{ m.content }}{% set hidden = 1 %}{% endgeneration %}{{ hidden }}){% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	text, spans, err := tmpl.RenderWithSpans([]Message{{Content: "é"}, {Content: "b"}}, Options{})
	if err != nil || text != "(é)(b)" || !slices.Equal(spans, []Span{{1, 3}, {5, 6}}) {
		t.Errorf("%q, %v, %v", text, spans, err)
	}
	without, err := Parse("x")
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := without.RenderWithSpans(nil, Options{}); err == nil || without.Generation() || !tmpl.Generation() {
		t.Errorf("error %v", err)
	}
	inside, err := Parse("{% set x %}{% generation %}{% endgeneration %}{% endset %}")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := inside.Render(nil, Options{}); err == nil {
		t.Error("generation inside of a set block")
	}
}

func TestParseMessages(t *testing.T) {
	for source, want := range map[string]string{
		`{}`: "want a list", `[1]`: "message 0: want an object", `[`: "JSON", `[] x`: "JSON", "[\"\xff\"]": "UTF-8",
		strings.Repeat("[", 2000) + strings.Repeat("]", 2000): "1000 levels",
	} {
		if _, err := ParseMessages([]byte(source)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: error %v, want one that says %s", source, err, want)
		}
	}
	got, err := ParseMessages([]byte(`[{"role":"user","content":"a"},{"role":"tool","content":null,"z":[1,1.0,{"b":1,"a":12345678901234567890}]}]`))
	if err != nil || got[0] != (Message{Role: "user", Content: "a"}) || got[1].Role != "tool" {
		t.Fatalf("%v, %v", got, err)
	}
	tmpl, err := Parse("{{ messages[1]|tojson }}")
	if err != nil {
		t.Fatal(err)
	}
	text, err := tmpl.Render(got, Options{})
	if want := `{"role": "tool", "content": null, "z": [1, 1.0, {"b": 1, "a": 12345678901234567890}]}`; err != nil || text != want {
		t.Errorf("%s, %v", text, err)
	}
}
