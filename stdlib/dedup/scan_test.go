package dedup

import (
	"encoding/json"
	"testing"
)

// FuzzScan: whatever encoding/json reads, the scanner reads the same from.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"text":"a\\\"b"}`, `{}`, ` { "x" : [1,{"text":"no"}], "text" : "yes\u00e9\n" } `, `{"text":null}`,
		`{"text":3,"text":"last"}`, `{"t\u0065xt":"escaped"}`, `[1]`, `{"text":"`, `{"a":[}]}`, `{"text":"x"} 1`, `{"a":tru}`, `{"a":1,}`, `{:1}`, `{"text":"\`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		value, err := scanField(line, "text")
		var text []byte
		if err == nil {
			text, err = fieldText(value)
		}
		if !json.Valid(line) {
			return // not seen as such everywhere; it must not crash
		}
		var want map[string]json.RawMessage
		if json.Unmarshal(line, &want) != nil || want == nil {
			if err == nil {
				t.Fatalf("%q is no object and passed", line)
			}
			return
		}
		var s *string
		raw, there := want["text"]
		if !there {
			raw = []byte("null")
		}
		if json.Unmarshal(raw, &s) != nil {
			if err == nil {
				t.Fatalf("%q: a field that is no text passed", line)
			}
			return
		}
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		plain := ""
		if s != nil {
			plain = *s
		}
		if normalise(string(text)) != normalise(plain) { // invalid UTF-8 is the same after it
			t.Fatalf("%q: %q, want %q", line, text, plain)
		}
	})
}
