package grade

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cogumi/kernels/golden"
)

func TestParseNumber(t *testing.T) {
	for text, want := range map[string]string{
		"29":                     "29",
		" 29":                    "29",
		"29.":                    "29",
		"29.00":                  "29",
		"$29.00":                 "29",
		"$ 29":                   "29",
		`\$29.00`:                "29",
		"US$29":                  "29",
		"€1,234.50":              "1234.5",
		"1,234,567":              "1234567",
		"1{,}234":                "1234",
		`1\,234`:                 "1234",
		"1\u202f234":             "1234",
		"12,345 dollars":         "12345",
		"18 dollars":             "18",
		"18km":                   "18",
		"-3":                     "-3",
		"−3":                     "-3",
		"–3":                     "-3",
		"-$5":                    "-5",
		"$-5":                    "-5",
		"+7":                     "7",
		"- 7":                    "-7",
		".5":                     "0.5",
		"0.50":                   "0.5",
		"007":                    "7",
		"50%":                    "50",
		"1e3":                    "1000",
		"2.5E-1":                 "0.25",
		"1/2":                    "0.5",
		"1/3":                    "1/3",
		"2/6":                    "1/3",
		"-1/2":                   "-0.5",
		"1 1/2":                  "1.5",
		"-1 1/2":                 "-1.5",
		"½":                      "0.5",
		"1½":                     "1.5",
		"1 ½":                    "1.5",
		`\frac{1}{2}`:            "0.5",
		`\dfrac{ 3 }{ 4 }`:       "0.75",
		`\frac12`:                "0.5",
		`-\frac{1}{2}`:           "-0.5",
		`1\frac{1}{2}`:           "1.5",
		`\boxed{29}`:             "29",
		`$\boxed{\$1{,}000.00}$`: "1000",
		`\(42\)`:                 "42",
		`\text{7}`:               "7",
		"**18**":                 "18",
		"`18`":                   "18",
		"= 18":                   "18",
		"18.":                    "18",
		"18/hour":                "18",
		"18, of course":          "18",
		"18 (eighteen)":          "18",
		"１２":                     "12",
		"0":                      "0",
		"-0":                     "0",
		"99999999999999999999":   "99999999999999999999",
	} {
		n, ok := ParseNumber(text)
		if !ok || FormatNumber(n) != want {
			t.Errorf("%q is %v, %t; want %s", text, n, ok, want)
		}
	}
	for _, text := range []string{
		"", " ", "abc", "one", "x = 5", "-", "$", ".", "/", "1,5", "3,4", "1,23", "1,2345", "1234,567", "1.2.3", "1.234,50", "1/0", `\frac{1}{0}`, `\frac{a}{b}`, "10-12", "10–12", "3:30", "2^3", "2 * 3", "3+4",
		"2x + 1", "1 000", "--5", "1e999999999", "1e-99999", strings.Repeat("9", 500), "1//2", "NaN", "inf", "0x10x", "٣",
	} {
		if n, ok := ParseNumber(text); ok && text != "0x10x" {
			t.Errorf("%q is read as %s", text, FormatNumber(n))
		}
	}
}

func TestFinalNumber(t *testing.T) {
	for _, c := range []struct {
		text, strict, loose string // "": none
	}{
		{"3 + 4 = 7\n#### 7", "7", "7"},
		{"#### 7", "7", "7"},
		{"####7", "7", "7"},
		{"#### $7.50.", "7.5", "7.5"},
		{"#### 5\n#### 7", "7", "7"},
		{"#### 5\n#### seven", "5", "5"},
		{"#### Step 1: add\n3\n#### 8", "8", "8"},
		{"##### 5\n6", "", "6"},
		{"### 5", "", "5"},
		{"####\n7", "", "7"},
		{"the answer is 7", "", "7"},
		{"The answer is: **1,200**. I used 3 steps.", "", "1200"},
		{"Final Answer: $18 for 2 days", "", "18"},
		{"answer = -4 (of 5)", "", "-4"},
		{`so \boxed{12} of 13`, "", "12"},
		{`\boxed{1} then \boxed{\frac{2}{4}} ok 3`, "", "0.5"},
		{`\boxed{x} so 5`, "", "5"},
		{"3 + 4 = 7", "", "7"},
		{"16-3", "", "3"},
		{"16 - 3", "", "3"},
		{"it fell to -3", "", "-3"},
		{"(-3)", "", "-3"},
		{"COVID-19", "", "19"},
		{"she has $1,000 left.", "", "1000"},
		{"1. first\n2. second\nso 14 apples", "", "14"},
		{"no number", "", ""},
		{"", "", ""},
		{"#### 18 - 3 = 15", "", "15"},
		{"#### ", "", ""},
	} {
		for _, strict := range []bool{true, false} {
			want := c.loose
			if strict {
				want = c.strict
			}
			n, ok := FinalNumber(c.text, strict)
			got := ""
			if ok {
				got = FormatNumber(n)
			}
			if got != want {
				t.Errorf("%q, strict %t: %q, want %q", c.text, strict, got, want)
			}
		}
	}
}

// Every one of GSM8K's answers is itself, in whatever way it is written.
func TestGSM8K(t *testing.T) {
	for file, n := range map[string]int{"test.jsonl.gz": 1319, "train.jsonl.gz": 7473} {
		f, err := os.Open(filepath.Join(golden.Dir(t, "data/gsm8k"), file))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for in := bufio.NewScanner(z); in.Scan(); rows++ {
			var r struct{ Answer string }
			if err := json.Unmarshal(in.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			_, text, _ := strings.Cut(r.Answer, "#### ")
			want, ok := new(big.Rat).SetString(strings.ReplaceAll(text, ",", ""))
			if !ok {
				t.Fatalf("the data says %q", text)
			}
			for _, s := range []string{r.Answer, "so the answer is $" + text + ".00.", `\boxed{` + text + "}", "#### " + text + " dollars"} {
				if strings.Contains(text, ".") {
					s = strings.Replace(s, ".00", "", 1)
				}
				got, ok := FinalNumber(s, strings.Contains(s, marker))
				if !ok || got.Cmp(want) != 0 {
					t.Errorf("%q is %v, want %v", s, got, want)
				}
			}
		}
		if rows != n {
			t.Errorf("%s has %d rows, want %d", file, rows, n)
		}
	}
}

func FuzzNumber(f *testing.F) {
	for _, s := range []string{"#### -1,234.50", `\boxed{\frac{1}{2}}`, "1 1/2", "½", "$-5", "1e5", "the answer is −3%", "10-12", "1\u202f000", "- 5 #### 6", "1,2,3", "\xff1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := ParseNumber(s); ok {
			text := FormatNumber(n)
			if back, ok := ParseNumber(text); !ok || back.Cmp(n) != 0 {
				t.Errorf("%q is %s, which is %v, %t", s, text, back, ok)
			}
		}
		loose, found := FinalNumber(s, false)
		if strict, ok := FinalNumber(s, true); ok && (!found || strict.Cmp(loose) != 0) {
			t.Errorf("%q is %v strictly and %v otherwise", s, strict, loose)
		}
		if n, ok := FinalNumber(s+"\n#### 17", true); !ok || n.Cmp(big.NewRat(17, 1)) != 0 {
			t.Errorf("%q and 17 ends with %v", s, n)
		}
	})
}

// A long answer takes no longer than its length.
func TestLongAnswers(t *testing.T) {
	for _, part := range []string{"12 - ", "#### ", `\boxed{`, "answer: ", "1,", "$-", `\frac{1`, "½", "9"} {
		text := strings.Repeat(part, 1<<17/len(part))
		began := time.Now()
		FinalNumber(text, false)
		Unfence(text)
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("128 KiB of %q takes %v", part, d)
		}
	}
}
