package grade

import (
	"strings"
	"testing"
)

func TestUnfence(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"none", "def f():\n    pass", "def f():\n    pass"},
		{"plain", "```\nx = 1\n```", "x = 1\n"},
		{"python", "Here:\n```python\nx = 1\n```\nIt works.", "x = 1\n"},
		{"capital", "```Python\nx = 1\n```", "x = 1\n"},
		{"attributes", "```{.python .numbers}\nx = 1\n```", "x = 1\n"},
		{"tildes", "~~~py\nx = 1\n~~~", "x = 1\n"},
		{"not closed", "```python\nx = 1\ny = 2", "x = 1\ny = 2"},
		{"only the end", "x = 1\n```", ""},
		{"marked one first", "```bash\npip install x\n```\n```python\nx = 1\n```", "x = 1\n"},
		{"first of two", "```python\nx = 1\n```\n```python\nx = 2\n```", "x = 1\n"},
		{"first of unmarked", "```\nx = 1\n```\n```\n1\n```", "x = 1\n"},
		{"longer fence", "````python\ns = '''\n```\n'''\n````", "s = '''\n```\n'''\n"},
		{"other fence inside", "~~~\n```\nx\n```\n~~~", "```\nx\n```\n"},
		{"in a list", "1. so:\n   ```python\n   def f():\n       return 1\n   ```", "def f():\n    return 1\n"},
		{"less indented", "   ```python\n  x = 1\n   y = 2\n```", "x = 1\ny = 2\n"},
		{"windows", "```python\r\nx = 1\r\n```\r\n", "x = 1\r\n"},
		{"inline", "use ```x = 1``` here", "use ```x = 1``` here"},
		{"inline at the start", "```x = 1```", "```x = 1```"},
		{"backticks in a string", "s = '```'", "s = '```'"},
		{"empty", "", ""},
		{"empty block", "```python\n```", ""},
	} {
		if got := Unfence(c.text); got != c.want {
			t.Errorf("%s: %q is %q, want %q", c.name, c.text, got, c.want)
		}
	}
}

func FuzzUnfence(f *testing.F) {
	for _, s := range []string{"```python\nx\n```", "~~~\n", "  ```\n  x\n", "````\n```\n````", "```a`b\n", "\r\n```\r\nx"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := Unfence(s); len(got) > len(s) {
			t.Errorf("%q grew to %q", s, got)
		}
		if strings.ContainsAny(s, "`~") {
			return
		}
		if got := Unfence("Sure!\n```python\n" + s + "\n```\nDone."); got != s+"\n" {
			t.Errorf("%q in a fence is %q", s, got)
		}
	})
}
