package stage

import (
	"strings"
	"testing"
)

// small builds a script with one INPUT and one OUTPUT line.
func small(name, stage, input, output string) *Script {
	var body string
	for _, line := range []string{input, output} {
		if flag, _, def, _ := subject(line); flag != "" {
			body += "\tx.String(\"" + flag + "\", \"" + def + "\", \"\")\n"
		}
	}
	s, problems := Parse("experiments/"+name+".go", script("PURPOSE: p\nWHEN TO USE: w\nINPUT: "+input+"\nOUTPUT: "+output+"\nPIPELINE STAGE: "+stage+"\nTIME: 1 s\nCOST: unknown", body))
	if len(problems) > 0 {
		panic(problems[0])
	}
	return s
}

func TestSetCheck(t *testing.T) {
	tests := []struct {
		name    string
		scripts []*Script
		want    string // "" for nothing wrong
		hint    string
	}{
		{"a chain", []*Script{
			small("bench", "1", "--model M (default tiny) | model", "data/judged | judged records"),
			small("extract", "2", "data/judged | judged records | from=bench.go", "--out F (default data/train) | training rows"),
			small("train", "3", "data/train | instruction rows | from=extract.go", "runs/<id>/artefacts/adapter | adapter"),
			small("own", "4", "my.jsonl | rows | own", "none"),
		}, "", ""},
		{"nobody makes it", []*Script{
			small("train", "1", "data/train | training rows", "none"),
		}, "nobody makes the input data/train", "add from=script.go, builtin, or own"},
		{"somebody makes it", []*Script{
			small("extract", "1", "none", "data/train | training rows"),
			small("train", "2", "data/train | training rows", "none"),
		}, "nobody makes the input data/train", "add | from=extract.go"},
		{"no such script", []*Script{
			small("extract", "1", "none", "data/train | training rows"),
			small("train", "2", "data/train | training rows | from=extrakt.go", "none"),
		}, "from=extrakt.go: there is no such script", "did you mean from=extract.go?"},
		{"makes something else", []*Script{
			small("extract", "1", "none", "data/train | training rows"),
			small("train", "2", "data/train | judged records | from=extract.go", "none"),
		}, "experiments/extract.go does not make data/train (judged records)", "name it in the OUTPUT"},
		{"makes it elsewhere", []*Script{
			small("extract", "1", "none", "data/here | training rows"),
			small("train", "2", "data/there | training rows | from=extract.go", "none"),
		}, "does not make data/there", ""},
		{"two writers", []*Script{
			small("a", "1", "none", "data/x | rows"),
			small("b", "2", "none", "--out F (default data/x) | rows"),
		}, "data/x is also written by experiments/a.go", "another path"},
		{"two run folders", []*Script{
			small("a", "1", "none", "runs/<id>/x | rows"),
			small("b", "2", "none", "runs/<id>/x | rows"),
		}, "", ""},
		{"a cycle", []*Script{
			small("a", "1", "data/c | rows | from=c.go", "data/a | rows"),
			small("b", "2", "data/a | rows | from=a.go", "data/b | rows"),
			small("c", "3", "data/b | rows | from=b.go", "data/c | rows"),
		}, "the scripts wait for each other: a ← c ← b ← a", "optional"},
		{"its own input", []*Script{
			small("a", "1", "data/a | rows | from=a.go", "data/a | rows"),
		}, "the scripts wait for each other: a ← a", "optional"},
		{"a cycle with a way in", []*Script{
			small("a", "1", "data/b | rows | from=b.go | optional", "data/a | rows"),
			small("b", "2", "data/a | rows | from=a.go", "data/b | rows"),
		}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problems := NewSet(tt.scripts).Check()
			if tt.want == "" {
				for _, p := range problems {
					t.Error(p)
				}
				return
			}
			if len(problems) != 1 || !strings.Contains(problems[0].Message, tt.want) || !strings.Contains(problems[0].Hint, tt.hint) {
				t.Errorf("want %q with %q, got %v", tt.want, tt.hint, problems)
			}
		})
	}
}

func TestSetOrder(t *testing.T) {
	plain, _ := Parse("experiments/plain.go", []byte("package main\n"))
	set := NewSet([]*Script{plain, small("z", "1B.2 extract", "none", "none"), small("a", "2 compress", "none", "none"), small("b", "0 curate", "none", "none")})
	if got := strings.Join(set.Names(), " "); got != "b z a plain" {
		t.Errorf("order is %s", got)
	}
}

func TestPageEscapes(t *testing.T) {
	s := small("a", "1", "--pool F (default tinyworld/pool) | rows", "none")
	s.Header.Purpose = "Count <b>rows</b> | quickly & well"
	page := string(Page(NewSet([]*Script{s})))
	for _, want := range []string{
		`Count &lt;b>rows&lt;/b> \| quickly &amp; well`,
		"| `--pool F (default tinyworld/pool)` | rows | built in |",
		"cogumi run a\n",
		"| `--pool` | `tinyworld/pool` |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q:\n%s", want, page)
		}
	}
}
