package stage

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// script wraps a header's lines and a body into a program. The header starts in
// line 3.
func script(header, body string) []byte {
	var b strings.Builder
	b.WriteString("//go:build ignore\n\n")
	for _, line := range strings.Split(strings.TrimSuffix(header, "\n"), "\n") {
		b.WriteString(strings.TrimRight("// "+line, " ") + "\n")
	}
	b.WriteString("\npackage main\n\nimport \"cogumi/stdlib/experiment\"\n\nfunc main() {\n\tx := experiment.Start()\n\tdefer x.Finish()\n" + body + "}\n")
	return []byte(b.String())
}

const fullHeader = `PURPOSE: Train on what the model
  gets wrong.
WHEN TO USE: a category is weak
WHEN NOT TO USE: there are no failures yet
INPUT: --pool F (default tinyworld/pool) | problems (with answers) | rows>=100
  data/judged | judged records | from=bench.go, other.go | optional
  notes.txt | text |
  own
OUTPUT: runs/<id>/artefacts/adapter | adapter
OUTPUT: --out DIR | training rows | rows>=1
FLAGS: --seed N (default 1) what is drawn
       goes on here
  --fast, --lr X of the training
PIPELINE STAGE: 1B.3 targeted training
TIME: 15-20 min for 73 rows
COST: $0.50-1
`

const fullBody = `	x.String("pool", "tinyworld/pool", "problems")
	x.String("out", "", "where")
	x.Int("seed", 1, "seed")
	x.Bool("fast", false, "fast")
	x.Float("lr", 1e-3, "rate")
`

func TestHeaderIsRead(t *testing.T) {
	s, problems := Parse("experiments/x.go", script(fullHeader, fullBody))
	for _, p := range problems {
		t.Error(p)
	}
	h := s.Header
	if h == nil {
		t.Fatal("no header found")
	}
	got := []string{h.Purpose, h.WhenToUse, h.WhenNotToUse, h.Stage, h.Time.Text, h.Cost.Text}
	want := []string{"Train on what the model gets wrong.", "a category is weak", "there are no failures yet", "1B.3 targeted training", "15-20 min for 73 rows", "$0.50-1"}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("field %d is %q, want %q", i, got[i], want[i])
		}
	}
	describe := func(p Port) string {
		return fmt.Sprint(p.String(), "|", p.Kind, "|", p.Note, "|", p.From, p.Builtin, p.Own, p.Maybe, p.MinRows, p.Line)
	}
	wantPorts := []string{
		"--pool F (default tinyworld/pool)|problems|with answers|[] true false false 100 7",
		"data/judged|judged records||[bench other] false false true 0 8",
		"notes.txt|text||[] false true false 0 9",
		"runs/<id>/artefacts/adapter|adapter||[] false false false 0 11",
		"--out DIR|training rows||[] false false false 1 12",
	}
	for i, p := range append(h.Inputs, h.Outputs...) {
		if i >= len(wantPorts) || describe(p) != wantPorts[i] {
			t.Errorf("port %d is %s", i, describe(p))
		}
	}
	if len(h.FlagDocs) != 3 || h.FlagDocs[0] != (FlagDoc{"seed", "N", "1", "what is drawn goes on here", 13, 11}) || h.FlagDocs[1].Text != "of the training" || h.FlagDocs[2] != (FlagDoc{"lr", "X", "", "of the training", 15, 14}) {
		t.Errorf("flags are %+v", h.FlagDocs)
	}
	m := h.Map()
	if m["OUTPUT"] != "runs/<id>/artefacts/adapter | adapter\n--out DIR | training rows | rows>=1" {
		t.Errorf("OUTPUT is stored as %q", m["OUTPUT"])
	}
	if !h.Outputs[0].InRun() || h.Outputs[1].InRun() {
		t.Error("only the first output lies in the run folder")
	}
}

// replace changes one line of the full header.
func replace(from, to string) string { return strings.Replace(fullHeader, from, to, 1) }

func TestHeaderErrors(t *testing.T) {
	tests := []struct {
		name, header, body string
		at                 string // line:column
		message, hint      string
	}{
		{"unknown key", replace("COST:", "COSTS:"), fullBody, "18:4", "unknown key COSTS", "did you mean COST?"},
		{"far key", fullHeader + "AUTHOR: me", fullBody, "19:4", "unknown key AUTHOR", "the keys are PURPOSE"},
		{"missing key", replace("TIME: 15-20 min for 73 rows\n", ""), fullBody, "3:1", "the header has no TIME", "// TIME: 15-20 min"},
		{"empty value", replace("WHEN TO USE: a category is weak", "WHEN TO USE:"), fullBody, "5:4", "WHEN TO USE is empty", "write: WHEN TO USE:"},
		{"twice", fullHeader + "TIME: 1 h", fullBody, "19:4", "TIME stands twice, first in line 17", "join the two"},
		{"not indented", replace("  gets wrong.", "gets wrong."), fullBody, "4:4", "a header line is KEY: text", "indent"},
		{"no time", replace("15-20 min for 73 rows", "quick"), fullBody, "17:10", `"quick" has no time in it`, "or: unknown"},
		{"price per hour", replace("$0.50-1", "$2.50/h"), fullBody, "18:10", "is a price per hour", "$0.50-1"},
		{"no cost", replace("$0.50-1", "cheap"), fullBody, "18:10", "no sum in dollars", "or: unknown"},
		{"no kind", replace(" | adapter", ""), fullBody, "11:12", "does not say what lies there", "| rows"},
		{"misspelt kind", replace("| adapter", "| adaptor"), fullBody, "11:12", `unknown kind "adaptor"`, "did you mean adapter?"},
		{"misspelt attribute", replace("| optional", "| optoinal"), fullBody, "8:6", `unknown attribute "optoinal"`, "did you mean optional?"},
		{"from in output", replace("--out DIR | training rows | rows>=1", "--out DIR | training rows | from=x.go"), fullBody, "12:12", "unknown attribute", "rows>=N"},
		{"flag not defined", replace("--fast", "--fsat"), strings.Replace(fullBody, `"fast"`, `"fast"`, 1), "15:6", "the header names --fsat", "did you mean --fast?"},
		{"flag not named", fullHeader, fullBody + "\tx.Float(\"rate\", 1e-3, \"learning rate\")\n", "32:10", "the header does not name --rate", "// FLAGS: --rate X learning rate"},
		{"other default", replace("(default 1)", "(default 2)"), fullBody, "13:11", `--seed has the default 2, the script says "1"`, "line 29"},
		{"reserved flag", fullHeader + "FLAGS: --json what", fullBody + "\tx.Bool(\"json\", false, \"\")\n", "33:9", "--json belongs to cogumi", "another name"},
		{"defined twice", fullHeader, fullBody + "\tx.Int(\"seed\", 1, \"\")\n", "32:8", "--seed is defined twice, first in line 29", "variable"},
		{"computed name", fullHeader, fullBody + "\tn := \"a\"\n\tx.Int(n+\"b\", 1, \"\")\n", "33:8", "not a constant", "in quotes"},
		{"words after a flag", replace("--out DIR |", "--out DIR maybe |"), fullBody, "12:12", `what is "maybe"`, "write --out"},
		{"rows overflow", replace("rows>=100", "rows>=99999999999999999999"), fullBody, "7:11", "too many rows", "fits"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, problems := Parse("x.go", script(tt.header, tt.body))
			for _, p := range problems {
				if fmt.Sprintf("%d:%d", p.Line, p.Column) == tt.at && strings.Contains(p.Message, tt.message) && strings.Contains(p.Hint, tt.hint) {
					if p.Source == "" {
						t.Error("the problem does not show its line")
					}
					return
				}
			}
			t.Errorf("want %s %q with %q, got:", tt.at, tt.message, tt.hint)
			for _, p := range problems {
				t.Errorf("  %v (%s)", p, p.Hint)
			}
		})
	}
}

func TestWhatIsNoHeader(t *testing.T) {
	tests := []struct {
		name, src string
		header    bool
		problem   string
	}{
		{"nothing", "package main\n", false, ""},
		{"a comment", "// Hello says hello.\n// NOTE: it is short\n\npackage main\n", false, ""},
		{"empty file", "", false, ""},
		{"header second", "// Copyright\n\n// PURPOSE: x\n// TIME: 1 s\n\npackage main\n", false, "not the first comment"},
		{"misspelt only", "// PURPSE: x\n\npackage main\n", true, "unknown key PURPSE"},
		{"attached to package", "// PURPOSE: x\npackage main\n", true, "no empty line after the header"},
		{"block comment", "/* PURPOSE: x */\n// PURPOSE: y\n\npackage main\n", true, "no /* comments"},
		{"starts indented", "//   TIME: 1 s\n// PURPOSE: y\n\npackage main\n", true, "indented line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s, problems := Parse("x.go", []byte(tt.src))
			if (s.Header != nil) != tt.header {
				t.Errorf("header found: %v", s.Header != nil)
			}
			found := tt.problem == ""
			for _, p := range problems {
				found = found || strings.Contains(p.Message, tt.problem)
			}
			if !found || tt.problem == "" && len(problems) > 0 {
				t.Errorf("want %q, got %v", tt.problem, problems)
			}
		})
	}
}

func TestFlagsAreFoundOnTheRunOnly(t *testing.T) {
	src := `package main

import (
	"strings"
	e "cogumi/stdlib/experiment"
)

type other struct{}

func (other) Int(string, int, string) int { return 0 }

func main() {
	x := e.Start()
	var y = e.Current()
	other{}.Int("not-this", 1, "")
	x.Int("a", -5, "first")
	y.String("b", ` + "`raw`" + `, "second")
	more(x)
	e.Current().Bool("d", true, "fourth")
	_ = strings.ToUpper("x")
	x.Int("computed-default", len("abc"), "")
}

func more(run *e.Run) { run.Float("c", 2.5e-1, "third") }
`
	s, _ := Parse("x.go", []byte(src))
	var got []string
	for _, f := range s.Flags {
		got = append(got, fmt.Sprintf("%s:%s:%s:%v", f.Name, f.Kind, f.Default, f.HasDefault))
	}
	want := "a:int:-5:true b:string:raw:true d:bool:true:true computed-default:int:3:true c:float:2.5e-1:true"
	if strings.Join(got, " ") != want {
		t.Errorf("flags are\n%s\nwant\n%s", strings.Join(got, " "), want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(script(fullHeader, fullBody))
	f.Add([]byte("// PURPOSE: x\npackage main\n"))
	f.Add([]byte("/* TIME: 3 */ // COST: $1-\n//  INPUT: | |\npackage main"))
	f.Add([]byte("// INPUT: --a B (default | x\n// OUTPUT: runs/<id>/ | rows (\n// PURPOSE:\r\n\npackage main"))
	if matches, _ := os.ReadDir("../../experiments"); matches != nil {
		for _, e := range matches {
			if b, err := os.ReadFile("../../experiments/" + e.Name()); err == nil {
				f.Add(b)
			}
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		s, problems := Parse("x.go", src)
		lines := strings.Count(string(src), "\n") + 1
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
				t.Errorf("problem without a place: %+v", p)
			}
		}
		if s.Header == nil {
			return
		}
		set := NewSet([]*Script{s})
		set.Check()
		if len(Page(set)) == 0 {
			t.Error("an empty page")
		}
		s.Header.Map()
	})
}

func TestReadKind(t *testing.T) {
	tests := []struct {
		text string
		kind Kind
		note string
	}{
		{"rows", Rows, ""},
		{"instruction rows with answers", Problems, ""},
		{"instruction rows with notes", InstructionRows, "with notes"},
		{"Training rows (losses only)", TrainingRows, "losses only"},
		{"model folder", Model, ""},
		{"model(any)", Model, "any"},
		{"modelling", "", ""},
		{"", "", ""},
	}
	for _, tt := range tests {
		if kind, note := readKind(tt.text); kind != tt.kind || note != tt.note {
			t.Errorf("%q is %q with %q, want %q with %q", tt.text, kind, note, tt.kind, tt.note)
		}
	}
}

func TestWordsAsADefault(t *testing.T) {
	header := "PURPOSE: p\nWHEN TO USE: w\nINPUT: none\nOUTPUT: --out DIR (default the run's folder) | training rows\n  failures.parquet | training rows\nPIPELINE STAGE: 1\nTIME: 1 s\nCOST: $0 on your own machine"
	s, problems := Parse("x.go", script(header, "\tx.String(\"out\", \"\", \"where\")\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	out := s.Header.Outputs
	if out[0].Path != "" || out[0].String() != "--out DIR (default the run's folder)" || out[0].InRun() || !out[1].InRun() {
		t.Errorf("outputs are %+v", out)
	}
	if _, problems := Parse("x.go", script(header, "\tx.String(\"out\", \"there\", \"where\")\n")); len(problems) != 1 {
		t.Errorf("a default that the header does not name: %v", problems)
	}
}
