package notebook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"cogumi/reports/run"
)

// small is a script of three cells.
const small = `package main

import "fmt"

func main() {
	// %% One
	a := 1

	// %% Two
	b := a + 1
	_ = b

	// %% Three
	fmt.Println("sum", a+b)
}
`

func (b *tab) runAll() {
	b.t.Helper()
	b.click(`document.getElementById("run-all")`)
	b.until("the run's begin", `document.getElementById("state").textContent !== "ready" || document.querySelector(".foot .time")`)
	b.idle()
}

// runCell runs a cell and waits for its end.
func (b *tab) runCell(n int) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`window.seen = 0; new MutationObserver(() => { if (document.querySelector(".cell.running, .cell.queued")) window.seen = 1; }).observe(document.getElementById("cells"), {subtree: true, attributes: true}); 0`, nil))
	b.click(at(n, ".play"))
	b.until("the cell's begin", "window.seen")
	b.idle()
}

func stale(n int) string { return `((` + at(n, ".badge.stale") + `)?.innerText ?? "")` }

// TestEditing: what is typed is in the file a moment later, cells below are stale,
// and running them makes them fresh.
func TestEditing(t *testing.T) {
	s := serve(t, small)
	b := open(t, s.address).ready()
	b.runAll()
	if got := b.says(4, ".stream"); got != "sum 3" {
		t.Errorf("the last cell printed %q", got)
	}
	if got := b.says(3, ".value"); !strings.Contains(got, "int") || !strings.Contains(got, "2") {
		t.Errorf("_ = b shows %q", got)
	}
	b.write(2, "a := 10")
	s.until("a := 10\n")
	b.until("the edited cell is stale", stale(2)+`.includes("edited")`)
	b.until("what uses it is stale", stale(3)+`.includes("a is stale")`)
	b.runCell(2)
	b.until("made anew", stale(4)+`.includes("a was made anew since")`)
	if got := js[string](b, stale(2)); got != "" {
		t.Errorf("the cell that ran is stale: %s", got)
	}
	b.click(`document.getElementById("run-stale")`)
	b.until("what ran again", fmt.Sprintf(`(%s).innerText.trim() === "sum 21"`, at(4, ".stream")))
	b.idle()
	b.until("nothing is stale", `!document.querySelector(".badge.stale")`)
	if want := strings.Replace(small, "a := 1\n", "a := 10\n", 1); s.text() != want { // running formats
		t.Errorf("the file is\n%s", s.text())
	}
	b.clean()
}

// TestErrors: at their line, in the cell that they are in; the session goes on.
func TestErrors(t *testing.T) {
	s := serve(t, "package main\n\n// %% Tools\nfunc pick(xs []int, i int) int {\n\treturn xs[i]\n}\n\nfunc main() {\n\t// %% First\n\tx := 41\n\n\t// %% Second\n\ty := pick([]int{1}, 5)\n\n\t// %% Third\n\t_ = x + y\n}\n")
	b := open(t, s.address).ready()
	b.click(`document.getElementById("run-all")`)
	b.until("the error in the function", fmt.Sprintf(`(%s).innerText.includes("line 5")`, at(1, ".problems")))
	b.idle()
	if got := b.says(1, ".problems"); !strings.Contains(got, "index out of range") || !strings.Contains(got, "called by the cell “Second”") {
		t.Errorf("the function's cell says %q", got)
	}
	if got := b.says(3, ".problems"); !strings.Contains(got, "the cell “Tools”, line 5") {
		t.Errorf("the cell that called it says %q", got)
	}
	if got := b.says(4, ".value"); got != "" {
		t.Errorf("a cell after the failed one ran: %q", got)
	}
	b.shot("error")
	b.write(3, "y := undefinedThing")
	b.until("the check's word", fmt.Sprintf(`(%s).innerText.includes("undefined: undefinedThing")`, at(3, ".problems")))
	b.until("the underlined name", at(3, ".cm-lintRange"))
	b.write(3, "y := 1")
	b.runCell(3)
	b.runCell(4)
	if got := b.says(4, ".value"); !strings.Contains(got, "42") {
		t.Errorf("after the errors: %q", got)
	}
	b.write(4, "x + y")
	b.until("what a script may not hold", fmt.Sprintf(`(%s).innerText.includes("write _ = before it")`, at(4, ".problems")))
	b.clean()
}

// TestStopping: an interrupt keeps the values, the end of the process does not end
// the session, a restart forgets.
func TestStopping(t *testing.T) {
	s := serve(t, "package main\n\nimport (\n\t\"fmt\"\n\t\"time\"\n)\n\nfunc main() {\n\t// %% One\n\tx := 7\n\n\t// %% Two\n\tfor i := range 10000 {\n\t\tfmt.Println(\"turn\", i, x)\n\t\ttime.Sleep(time.Millisecond)\n\t}\n\n\t// %% Three\n\tfmt.Println(\"x is\", x)\n}\n")
	b := open(t, s.address).ready()
	b.click(`document.getElementById("run-all")`)
	b.until("output while it runs", fmt.Sprintf(`(%s)?.innerText.includes("turn 50 7")`, at(3, ".stream")))
	if got := js[string](b, `document.getElementById("state").textContent`); !strings.HasPrefix(got, "running") {
		t.Errorf("state %q", got)
	}
	b.shot("running")
	b.click(`document.getElementById("stop")`)
	b.idle()
	if got := b.says(3, ".foot"); !strings.Contains(got, "interrupted") {
		t.Errorf("the stopped cell says %q", got)
	}
	if got := b.says(4, ".stream"); got != "" {
		t.Errorf("the cell behind ran: %q", got)
	}
	b.runCell(4)
	if got := b.says(4, ".stream"); got != "x is 7" {
		t.Errorf("after the interrupt: %q", got)
	}
	b.write(3, `time.AfterFunc(0, func() { panic("boom") })
select {}`)
	b.runCell(3)
	if got := b.says(3, ".outputs"); !strings.Contains(got, "boom") {
		t.Errorf("what ended the process: %q", got)
	}
	b.until("the others know", stale(2)+`.includes("from before the restart")`)
	b.runCell(2)
	b.runCell(4)
	if got := b.says(4, ".stream"); got != "x is 7" {
		t.Errorf("in the new process: %q", got)
	}
	b.click(`document.getElementById("restart")`)
	b.until("the restart", stale(4)+`.includes("from before the restart")`)
	b.idle()
	b.runCell(4)
	if got := b.says(4, ".problems"); !strings.Contains(got, "undefined: x") {
		t.Errorf("after the restart: %q", got)
	}
	b.clean()
	if out := s.end(); out == nil || out.Run.State() != run.Done || out.Report == "" {
		t.Errorf("the run ended as %+v", out)
	}
}

// TestFileChanges: what an editor writes shows up; a cell that was changed on both
// sides is a person's choice; bracket by bracket nothing is lost.
func TestFileChanges(t *testing.T) {
	s := serve(t, small)
	b := open(t, s.address).ready()
	b.runAll()
	put := func(text string) {
		time.Sleep(20 * time.Millisecond) // another time of the file
		if err := os.WriteFile(s.file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	put(strings.Replace(small, "b := a + 1", "b := a + 100", 1))
	b.until("the editor's text", fmt.Sprintf(`(%s).innerText.includes("a + 100")`, at(3, ".cm-content")))
	b.until("its cell is stale", stale(3)+`.includes("edited")`)
	put(strings.Replace(s.text(), "\t// %% Two", "\t// %% Between\n\tc := 5\n\t_ = c\n\n\t// %% Two", 1))
	b.until("a new cell", `document.querySelectorAll(".cell.steps").length === 4`)
	if got := b.says(5, ".stream"); got != "sum 3" {
		t.Errorf("a cell's output went elsewhere: %q", got)
	}
	// A text with an open bracket stays on the page, and out of the file.
	before := s.text()
	b.write(2, "a := 1\nif a > 0 {")
	b.until("the refusal", `document.getElementById("saved").textContent === "not all saved"`)
	if s.text() != before {
		t.Errorf("half a statement is in the file:\n%s", s.text())
	}
	b.do(chromedp.Reload())
	b.ready()
	b.until("the draft", fmt.Sprintf(`(%s).innerText.includes("if a > 0 {")`, at(2, ".cm-content")))
	b.write(2, "a := 1\nif a > 0 {\na++\n}")
	s.until("if a > 0 {")
	// Both at once.
	b.write(2, "a := 3")
	put(strings.Replace(before, "a := 1", "a := 4", 1))
	b.until("the choice", `document.querySelector(".conflict")`)
	b.shot("conflict")
	b.click(`[...document.querySelectorAll(".conflict button")].find((x) => x.textContent === "keep mine")`)
	s.until("a := 3")
	// What was typed may be saved once more, which brings the file back.
	for end := time.Now().Add(patience); !js[bool](b, `document.getElementById("state").textContent === "file is gone"`); time.Sleep(200 * time.Millisecond) {
		if err := os.Remove(s.file); err != nil && !errors.Is(err, fs.ErrNotExist) || time.Now().After(end) {
			t.Fatalf("the page does not say that the file is gone: %v", err)
		}
	}
	put(small)
	b.until("its return", `document.getElementById("state").textContent !== "file is gone"`)
}

// TestCells adds, names, moves and removes cells, and splits one by its mark.
func TestCells(t *testing.T) {
	s := serve(t, small)
	b := open(t, s.address).ready()
	b.click(at(2, ".plus"))
	b.until("a new cell", `document.querySelectorAll(".cell.steps").length === 4`)
	b.write(3, "z := 9")
	b.do(chromedp.Evaluate("("+at(3, ".title")+").focus()", nil), chromedp.KeyEvent("New"))
	s.until("z := 9\n")
	s.until("\t// %% New\n")
	b.until("its title", fmt.Sprintf(`(%s).value === "New"`, at(3, ".title")))
	b.click(at(3, `.menu [aria-label="Move up"]`))
	b.until("the move", fmt.Sprintf(`(%s).value === "New"`, at(2, ".title")))
	if i, j := strings.Index(s.text(), "New"), strings.Index(s.text(), "One"); i > j {
		t.Errorf("the file is\n%s", s.text())
	}
	b.click(at(2, `.menu [aria-label="Delete"]`))
	b.until("the removal", `document.querySelectorAll(".cell.steps").length === 3`)
	if s.text() != small {
		t.Errorf("the file is not as it was:\n%s", s.text())
	}
	b.write(2, "a := 1\n// %% Half\nd := 4")
	b.until("the split", fmt.Sprintf(`document.querySelectorAll(".cell.steps").length === 4 && (%s).value === "Half"`, at(3, ".title")))
	b.until("the first half", fmt.Sprintf(`(%s).innerText.trim() === "a := 1"`, at(2, ".cm-content")))
	b.do(chromedp.Evaluate("("+at(3, ".cm-content")+").focus()", nil), chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(8)))
	b.until("Shift+Enter ran it", fmt.Sprintf(`(%s)?.innerText.includes("d")`, at(3, ".foot .name")))
	b.click(at(3, ".foot .name"))
	b.until("the value of a name", fmt.Sprintf(`(%s)?.innerText.includes("4")`, at(3, ".value")))
	b.clean()
}

// TestHelp completes and explains, also while a cell runs.
func TestHelp(t *testing.T) {
	s := serve(t, "package main\n\nimport \"time\"\n\nfunc main() {\n\t// %% One\n\tlongName := 7\n\t_ = longName\n\n\t// %% Two\n\ttime.Sleep(time.Hour)\n\n\t// %% Three\n}\n")
	b := open(t, s.address).ready()
	b.runCell(2)
	type_ := func(text string) {
		b.do(chromedp.Evaluate("("+at(4, ".cm-content")+").focus()", nil), chromedp.KeyEvent("a", chromedp.KeyModifiers(2)), chromedp.KeyEvent(kb.Delete), chromedp.KeyEvent(text))
	}
	type_("_ = longN")
	b.until("the session's name", `document.querySelector(".cm-tooltip-autocomplete")?.innerText.includes("longName")`)
	b.shot("complete")
	time.Sleep(300 * time.Millisecond) // CodeMirror takes no key in the first moment of a list: it may be meant for the text
	b.do(chromedp.KeyEvent(kb.Tab))
	b.until("the completed name", fmt.Sprintf(`(%s).innerText.includes("_ = longName")`, at(4, ".cm-content")))
	b.click(at(3, ".play"))
	b.until("it runs", `document.querySelector(".cell.running")`)
	type_("strings.ToUp")
	b.until("a package's name, while a cell runs", `document.querySelector(".cm-tooltip-autocomplete")?.innerText.includes("ToUpper")`)
	b.click(`document.getElementById("stop")`)
	b.idle()
	b.clean()
}

// TestOutputs are drawn by their kinds.
func TestOutputs(t *testing.T) {
	s := serve(t, `package main

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"time"

	"cogumi/reports/run"
	"cogumi/stdlib/experiment"
)

type point struct {
	Name string
	Size int
}

func main() {
	x := experiment.Start()
	defer x.Finish()

	// %% A table
	var points []point
	for i := range 40 {
		points = append(points, point{fmt.Sprint("p", i), (i * 7) % 40})
	}
	_ = points

	// %% A curve
	var wave []float64
	for i := range 900 {
		wave = append(wave, math.Sin(float64(i)/60))
	}
	_ = wave

	// %% A picture
	im := image.NewRGBA(image.Rect(0, 0, 120, 60))
	for i := range 120 {
		for j := range 60 {
			im.Set(i, j, color.RGBA{uint8(2 * i), uint8(4 * j), 160, 255})
		}
	}
	_ = im

	// %% Training
	for i := range 60 {
		x.Metric("train/loss", i+1, 3/math.Sqrt(float64(i+1)))
		time.Sleep(10 * time.Millisecond)
	}
	x.Note(run.Note{Level: "warn", Topic: "data", Text: "<img src=x onerror=alert(1)>"})

	// %% Text
	fmt.Print("10 %\r50 %\r100 %\n<script>window.pwned = 1</script>\n")
}
`)
	b := open(t, s.address).ready()
	b.click(`document.getElementById("run-all")`)
	b.until("a chart while the cell runs", `document.querySelector(".cell.running .chart canvas")`)
	b.shot("live")
	b.idle()
	b.until("a table", at(3, "table"))
	b.do(chromedp.Evaluate("("+at(3, ".filter")+").focus()", nil), chromedp.KeyEvent("p3"))
	b.until("the filtered rows", fmt.Sprintf(`(%s).innerText.includes("11\u00a0rows of 40")`, at(3, ".count")))
	b.click(at(3, "th:nth-child(2) .sortable"))
	b.until("the sorted rows", fmt.Sprintf(`(%s).innerText.trim().startsWith("p")`, at(3, "tbody")))
	sizes := js[[]float64](b, fmt.Sprintf(`[...(%s).rows].map((r) => Number(r.cells[1].textContent))`, at(3, "tbody")))
	for i := 1; i < len(sizes); i++ {
		if sizes[i] < sizes[i-1] {
			t.Errorf("not sorted: %v", sizes)
		}
	}
	b.until("a curve", at(4, ".chart canvas"))
	b.until("a picture", fmt.Sprintf(`(%s)?.naturalWidth === 120`, at(5, "img")))
	if got := b.says(7, ".stream"); got != "100 %\n<script>window.pwned = 1</script>" {
		t.Errorf("printed: %q", got)
	}
	b.do(chromedp.Reload())
	b.ready()
	b.until("outputs after a reload", at(5, "img"))
	b.until("curves after a reload", at(6, ".chart canvas"))
	if js[bool](b, "!!window.pwned") {
		t.Error("a script of an output ran")
	}
	b.shot("outputs")
	b.clean()
	files, _ := filepath.Glob(filepath.Join(s.runs, "*", "source", "try.go"))
	if len(files) != 1 {
		t.Errorf("the run keeps no source: %v", files)
	}
}

// TestScreenshots shows the loop on the built-in model as a notebook; its pictures
// are for looking at, and for docs.
func TestScreenshots(t *testing.T) {
	if os.Getenv("COGUMI_SHOTS") == "" {
		t.Skip("COGUMI_SHOTS names no folder for the pictures")
	}
	patience = 6 * time.Minute
	src, err := os.ReadFile("../../experiments/phase1b_scaleup.go")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(src), `"epochs", 3`, `"epochs", 2`, 1)
	for comment, title := range map[string]string{"// What does the base really get wrong?": "What does the base really get wrong?",
		"// Rows that the evaluation set holds": "Keep the evaluation apart", "// Learn it, with some right rows": "Learn it", "// Same problems, both models, paired.": "Before and after"} {
		text = strings.Replace(text, "\t"+comment, "\t// %% "+title+"\n\t"+comment, 1)
	}
	s := serve(t, text)
	b := open(t, s.address).ready()
	b.click(`document.getElementById("run-all")`)
	b.until("a curve", `document.querySelector(".cell.running .chart canvas")`)
	b.do(chromedp.Evaluate(`document.querySelector(".cell.running").scrollIntoView({block: "start"})`, nil))
	b.until("70 steps", `parseInt(document.querySelector(".cell.running .progress .small")?.textContent) >= 70`)
	b.view("notebook")
	b.idle()
	b.do(chromedp.Evaluate(`scrollTo(0, 1e6)`, nil), chromedp.Sleep(300*time.Millisecond))
	b.click(`[...document.querySelectorAll(".browse button")].at(-1)`)
	b.until("the samples", `document.querySelector(".detail pre")`)
	b.do(dark(true), chromedp.Evaluate(`document.querySelectorAll(".cell.steps")[3].scrollIntoView()`, nil), chromedp.Sleep(500*time.Millisecond))
	b.view("notebook-dark")
	b.clean()
}
