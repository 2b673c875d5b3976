package dedup

import "testing"

// TestLineTextOfSeveralFields: those that a line has, in the order in which they are
// named, and the line itself is left as it is.
func TestLineTextOfSeveralFields(t *testing.T) {
	for _, c := range []struct{ line, field, want string }{
		{`{"instruction":"Add 1","output":"Two","x":1}`, "instruction+input+output", "add 1\n\ntwo"},
		{`{"output":"Two","instruction":"Add 1"}`, "instruction+output", "add 1\n\ntwo"},
		{`{"output":"Two"}`, "instruction+output", "two"},
		{`{"instruction":"A\nB","input":null,"output":""}`, "instruction+input+output", "a\nb"},
		{`{"messages":[{"role":"user","content":"Hi"},{"role":"assistant","content":"Yes"}]}`, "instruction+output+messages", "hi\n\nyes"},
		{`{"a":1}`, "instruction+output", ""},
	} {
		line := []byte(c.line)
		got, err := lineText(line, c.field, nil)
		if err != nil || string(got) != c.want || string(line) != c.line {
			t.Errorf("%s of %s: %q, %v, want %q", c.field, c.line, got, err, c.want)
		}
	}
	if _, err := lineText([]byte(`{"a":1,"b":"x"}`), "b+a", nil); err == nil {
		t.Error("a number is no text")
	}
}
