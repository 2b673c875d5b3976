package curate

import (
	"encoding/json"
	"testing"
)

// FuzzParseMarks: whatever a model says, marks are in their ranges or it is an error.
func FuzzParseMarks(f *testing.F) {
	f.Add(`{"reason":"r","accuracy":3,"completeness":2,"coherence":2,"helpfulness":3}`)
	f.Add(`{"reason":null,"accuracy":1e0,"completeness":2,"coherence":2,"helpfulness":99999999999999999999}`)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMarks(text)
		if err != nil {
			return
		}
		if s := m.Score(); s < 1 || s > 10 {
			t.Fatalf("%q: %+v", text, m)
		}
		b, err := json.Marshal(m)
		if again, bad := parseMarks(string(b)); err != nil || bad != nil || again.Score() != m.Score() {
			t.Fatalf("%q became %s: %v, %v", text, b, again, bad)
		}
	})
}

// FuzzParseSource: no description panics; what is taken has a path with files.
func FuzzParseSource(f *testing.F) {
	for _, s := range []string{"tinyworld/pool", "a=tinyworld/eval,instruction=q,category=.c,license=MIT", "=,", "a=b=c,x", "tinyworld/pool,output=", "*[", "a,a=b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if s, err := parseSource(spec); err == nil && len(s.Files) == 0 {
			t.Fatalf("%q: %+v", spec, s)
		}
		b, err := ParseBalance(spec)
		for _, w := range b.Shares {
			if err == nil && !(w > 0) {
				t.Fatalf("%q: %+v", spec, b)
			}
		}
	})
}
