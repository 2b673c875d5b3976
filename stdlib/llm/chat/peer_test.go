package chat

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Random templates render as jinja2 renders them, or are refused by name. It
// runs where COGUMI_PEER_PYTHON names a Python that has jinja2.
func TestPeerJinja(t *testing.T) {
	python := os.Getenv("COGUMI_PEER_PYTHON")
	if python == "" {
		t.Skip("COGUMI_PEER_PYTHON names no Python with jinja2")
	}
	cmd := exec.Command(python, "testdata/jinja_peer.py", "1", "10000")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(strings.NewReader(string(out)))
	s.Buffer(nil, 1<<26)
	if !s.Scan() {
		t.Fatal("no output")
	}
	messages, o := peerVariables(t, s.Bytes())
	same, refused, both := 0, 0, 0
	for s.Scan() {
		var row struct {
			Template string
			Rendered *string
			Error    string
		}
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatal(err)
		}
		got, err := "", error(nil)
		tmpl, err := Parse(row.Template)
		if err == nil {
			got, err = tmpl.Render(messages, o)
		}
		switch {
		case err != nil && row.Rendered == nil:
			both++
		case err != nil && (strings.Contains(err.Error(), "supported") || peerOnly(err)):
			refused++
		case err != nil:
			t.Errorf("%s\n  error %v\n  want  %q", row.Template, err, *row.Rendered)
		case row.Rendered == nil:
			t.Errorf("%s\n  got   %q\n  want an error: %s", row.Template, got, row.Error)
		case got == *row.Rendered:
			same++
		case !strings.Contains(*row.Rendered, " at 0x") && !strings.Contains(*row.Rendered, "<built-in"):
			t.Errorf("%s\n  got   %q\n  want  %q", row.Template, got, *row.Rendered)
		}
	}
	t.Logf("%d the same, %d refused by name, %d fail in both", same, refused, both)
	if same < 3000 || refused > same/20 {
		t.Errorf("%d the same, %d refused", same, refused)
	}
}

// peerOnly are errors that jinja2 gives too, only later or not at all: it folds
// constants, where slicing a number is undefined, and looks at a test's
// arguments only when it gets there.
func peerOnly(err error) bool {
	return strings.Contains(err.Error(), "cannot be sliced") || strings.Contains(err.Error(), "arguments, want")
}

func peerVariables(t *testing.T, b []byte) ([]Message, Options) {
	t.Helper()
	v, err := ParseJSON(b)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Kwargs: map[string]any{}}
	var messages []Message
	for i, key := range v.(*Object).keys {
		value := v.(*Object).vals[i]
		if key != "messages" {
			o.Kwargs[key.(string)] = value
			continue
		}
		for _, m := range value.(*list).items {
			messages = append(messages, Message{Object: m.(*Object)})
		}
	}
	return messages, o
}

// What jinja2 3.1.6 does and one would not guess.
func TestJinjaQuirks(t *testing.T) {
	for source, want := range map[string]string{
		"{% for x in [1, 2] %}{% continue %}{% else %}else{% endfor %}":                        "else",
		"{% for x in [1, 2] %}{% break %}{% else %}else{% endfor %}":                           "else",
		"{% for x in [1, 2] %}{% if x == 2 %}{% break %}{% endif %}{% else %}else{% endfor %}": "",
		"{{ none|map('upper')|list }}{{ 0|select|list }}":                                      "[][]",
		"{{ 'x' % [1] }}{{ 'x' % {} }}":                                                        "xx",
		"{{ ['x', 'y']|sort(attribute='role') }}":                                              "['x', 'y']",
		"{{ nope|reverse|list }}{{ [nope, nope]|unique|list }}":                                "[][Undefined]",
		"{{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 0.0 % -2 }} {{ -5|abs }}":                          "4 64 -0.0 5",
		"{{ 'a' if 1 }}{{ 'a' if 0 }}|{{ 1 is number and 2 is odd }}":                          "a|False",
		"{{ {'a': 1, 1: 2, true: 3} }}":                                                        "{'a': 1, 1: 3}",
		"{{ none.a }}{{ 1 .a }}{{ 'abc'.nope }}":                                               "",
		"{% set ns = namespace(a=1) %}{{ ns['a'] }}{{ ns.b }}":                                 "1",
		"{{ {'items': 5}['items'] }}{{ {'items': 5}.get('items') }}":                           "55",
		"{{ 1_000 }}{{ 1e3 }}{{ 'a' 'b' }}":                                                    "10001000.0ab",
		"{{ '%5.1f|%-4d|%+d|%x|%r' % (2.25, 7, 7, 255, 'a') }}":                                "  2.2|7   |+7|ff|'a'",
		"{{ 'aXbXc'.rsplit('X', 1) }}{{ ' a  b '.split() }}{{ 'a\r\nb\u2028c'.splitlines() }}": "['aXb', 'c']['a', 'b']['a', 'b', 'c']",
	} {
		got, err := render(t, source, Options{})
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", source, got, err, want)
		}
	}
}
