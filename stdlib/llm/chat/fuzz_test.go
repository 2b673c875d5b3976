package chat

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Whatever the template and the messages, rendering ends soon, without a panic
// and within its limits.
func FuzzRender(f *testing.F) {
	const talk = `[{"role":"system","content":"S"},{"role":"user","content":"a é\n"},{"role":"assistant","content":null,"tool_calls":[{"function":{"name":"f","arguments":{"x":1.0,"y":[1,"b"]}}}]}]`
	for _, source := range []string{
		plain,
		"{%- set ns = namespace(n=0) -%}{% for x in messages[::-1] if x.content is string %}{% set ns.n = ns.n + loop.index0 %}{{ loop.last }}{% else %}none{% endfor %}{{ ns.n }}",
		"{% macro f(a, b=2) %}{{ a ~ b }}{% endmacro %}{{ f(1, b='x') }}{% set y %}{{ messages|tojson(indent=2) }}{% endset %}{{ y|trim|upper }}",
		"{{ messages|selectattr('role', 'equalto', 'user')|map(attribute='content')|join(', ') }}{{ '%05.2f' % 3.14159 }}{{ 'a,b'.split(',')[-1] }}",
		"{% raw %}{{ x }}{% endraw %}{# c #}{% if a is defined and not (b or 1 in [1, 2]) %}x{% elif none %}y{% else %}z{% endif %}",
		"{{ [3, 1, 2]|sort(reverse=true) }}{{ {'b': 1, 'a': (1,)}|dictsort }}{{ -7 // 2 ** 3 % 5 }}{{ 1.5|round }}{{ range(3, 0, -1)|list }}{{ 'abc'[1:]|title }}",
		"{% for k, v in {'a': 1}.items() %}{% if k %}{% continue %}{% endif %}{% break %}{% endfor %}{% with q = 1 %}{{ q }}{% endwith %}{% filter upper %}a{% endfilter %}",
		"{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}{% endfor %}{{ raise_exception('no') }}{{ strftime_now('%d %b %Y') }}",
	} {
		f.Add(source, talk)
	}
	// The recorded templates, where they are.
	files, _ := filepath.Glob("../../../../shared/golden/chat/templates/*.jinja")
	for _, path := range files {
		if b, err := os.ReadFile(path); err == nil {
			f.Add(string(b), talk)
		}
	}
	f.Fuzz(func(t *testing.T, source, messages string) {
		tmpl, err := Parse(source)
		if err != nil {
			return
		}
		list, err := ParseMessages([]byte(messages))
		if err != nil {
			list = []Message{{Role: "user", Content: "a"}}
		}
		o := Options{AddGenerationPrompt: true, BOS: "<s>", Kwargs: map[string]any{"n": 3, "f": 2.5, "l": []any{1, "a", nil}}}
		text, spans, err := tmpl.render(list, o)
		if err == nil {
			if !utf8.ValidString(text) {
				t.Fatalf("rendered %q", text)
			}
			for _, s := range spans {
				if s.From > s.To || s.To > len(text) {
					t.Fatalf("span %v of %d bytes", s, len(text))
				}
			}
			again, _, err := tmpl.render(list, o)
			if (err != nil || again != text) && !strings.Contains(source, "strftime_now") {
				t.Fatalf("rendered %q, then %q, %v", text, again, err)
			}
		}
		if len(list) > 0 {
			tmpl.Segments(list, Options{})
			tmpl.Render(list, Options{ContinueFinalMessage: true})
		}
	})
}

// What is read from JSON and written by tojson is the same JSON.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a": [1, 1.0, null, true, "é\u0000😀"], "b": {}}`, `[1e400]`, `123456789012345678901234567890`, `-0`, `"\ud800"`, `[[[]]]`} {
		f.Add([]byte(s))
	}
	tmpl, err := Parse("{{ x|tojson }}")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := ParseJSON(b)
		if err != nil {
			return
		}
		text, err := tmpl.Render(nil, Options{Kwargs: map[string]any{"x": v}})
		if err != nil {
			t.Fatal(err)
		}
		w, err := ParseJSON([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if m := new(machine); !m.equal(v, w) {
			t.Fatalf("%s became %s", b, text)
		}
	})
}
