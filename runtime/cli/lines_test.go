package cli

import (
	"bufio"
	"io"
	"slices"
	"strings"
	"testing"
)

// TestLines: a turn may have several lines; nothing of a pipe is lost.
func TestLines(t *testing.T) {
	for text, want := range map[string][]string{
		"":                   nil,
		"a":                  {"a"},
		"a\nb\n":             {"a", "b"},
		"a\\\nb\\\nc\nd":     {"a\nb\nc", "d"},
		"a\\":                {"a"},
		"a\\\n":              {"a"},
		"a\r\n\nb":           {"a", "", "b"},
		"\\\n\\\n":           {"\n"},
		"C:\\x\nä — 日本\\\n語": {"C:\\x", "ä — 日本\n語"},
	} {
		p := &pipedLines{bufio.NewReader(strings.NewReader(text))}
		var got []string
		for {
			line, err := p.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, line)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		line string
		n    int
		want []string
	}{
		{"", 5, []string{""}}, {"abcde", 5, []string{"abcde"}}, {"abc def", 5, []string{"abc", "def"}},
		{"abcdefghij", 4, []string{"abcd", "efgh", "ij"}}, {"  x y", 10, []string{"  x y"}}, {"\tx", 9, []string{"    x"}},
		{"äöü äöü", 4, []string{"äöü", "äöü"}},
	} {
		if got := fold(c.line, c.n); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d: %q, want %q", c.line, c.n, got, c.want)
		}
	}
}
