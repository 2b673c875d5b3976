package notebook

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	cdppage "github.com/chromedp/cdproto/page"
	cdpruntime "github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"cogumi/reports"
	"cogumi/reports/chromiumtest"
	"cogumi/runtime/cells"
	"cogumi/runtime/launch"
	"cogumi/runtime/script"
	"cogumi/runtime/stage"
	"cogumi/stdlib/experiment"
)

// The test binary is its own child.
const (
	childArg  = "__notebook"
	scriptArg = "__script"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == childArg {
		if err := launch.RecordCrashes(); err != nil {
			os.Exit(9)
		}
		experiment.SetArgs(nil)
		err := cells.Serve(os.NewFile(launch.SessionIn, "in"), os.NewFile(launch.SessionOut, "out"), cells.Options{
			Grace: func(d time.Duration) bool { return d < 300*time.Millisecond },
			Begin: func() error { _, err := experiment.StartScript(os.Getenv(launch.EnvScript)); return err },
		})
		if err != nil {
			os.Exit(8)
		}
		os.Exit(experiment.Close(nil))
	}
	if len(os.Args) > 1 && os.Args[1] == scriptArg {
		os.Exit(script.ChildMain(os.Args[2:]))
	}
	os.Setenv("COGUMI_SHOWN", "1")
	code := m.Run()
	chromiumtest.Stop()
	os.Exit(code)
}

// served is a notebook that is open.
type served struct {
	t       *testing.T
	file    string
	address string // with the token
	runs    string
	end     func() *launch.Outcome
}

// serve opens a notebook on a script.
func serve(t *testing.T, text string) *served {
	t.Helper()
	dir := t.TempDir()
	s := &served{t: t, file: filepath.Join(dir, "try.go"), runs: filepath.Join(dir, "runs")}
	if err := os.WriteFile(s.file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	var out *launch.Outcome
	go func() {
		var err error
		out, err = Serve(ctx, Config{File: s.file, Listen: "127.0.0.1:0", Ready: func(a string) { ready <- a }, Session: launch.Config{
			Script: &stage.Script{Name: "try"}, Root: s.runs, Program: os.Args[0], ProgramArgs: []string{childArg}, Quiet: true, Report: reports.Write}})
		ended <- err
	}()
	select {
	case s.address = <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	s.end = sync.OnceValue(func() *launch.Outcome {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		return out
	})
	t.Cleanup(func() { s.end() })
	return s
}

func (s *served) text() string {
	b, err := os.ReadFile(s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(b)
}

// patience is how long a test waits for what should be.
var patience = 60 * time.Second

// tab is an open page, and everything that went wrong in it.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	wrong []string
}

func open(t *testing.T, address string) *tab {
	t.Helper()
	ctx, stopTab := chromedp.NewContext(chromiumtest.Browser(t))
	t.Cleanup(stopTab)
	ctx, stopTime := context.WithTimeout(ctx, max(3*time.Minute, 2*patience))
	t.Cleanup(stopTime)
	b := &tab{t: t, ctx: ctx}
	chromedp.ListenTarget(ctx, func(ev any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := ev.(type) {
		case *cdpruntime.EventConsoleAPICalled:
			if e.Type == cdpruntime.APITypeError || e.Type == cdpruntime.APITypeWarning {
				b.wrong = append(b.wrong, fmt.Sprintf("console: %s", e.Args[0].Value))
			}
		case *cdpruntime.EventExceptionThrown:
			b.wrong = append(b.wrong, "exception: "+e.ExceptionDetails.Error())
		case *cdplog.EventEntryAdded:
			if e.Entry.Level == cdplog.LevelError || e.Entry.Level == cdplog.LevelWarning {
				b.wrong = append(b.wrong, "log: "+e.Entry.Text)
			}
		case *cdppage.EventJavascriptDialogOpening:
			go func() { _ = chromedp.Run(ctx, cdppage.HandleJavaScriptDialog(true)) }()
		}
	})
	b.do(cdplog.Enable(), chromedp.Navigate(address))
	return b
}

func (b *tab) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.t.Fatal(err, b.wrong)
	}
}

// js is what an expression gives.
func js[T any](b *tab, expr string) (v T) {
	b.t.Helper()
	b.do(chromedp.Evaluate(expr, &v))
	return v
}

// until waits for an expression to be true.
func (b *tab) until(what, expr string) {
	b.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		var ok bool
		if err := chromedp.Run(b.ctx, chromedp.Evaluate("!!("+expr+")", &ok)); err == nil && ok {
			return
		}
	}
	b.shot("stuck")
	b.t.Fatalf("%s did not come true: %s\npage: %s\nwrong: %v", what, expr, js[string](b, "document.body.innerText"), b.wrong)
}

// ready waits for the cells.
func (b *tab) ready() *tab {
	b.t.Helper()
	b.until("the cells", `document.querySelectorAll(".cell .cm-content").length > 0`)
	return b
}

// idle waits until nothing runs and everything is saved.
func (b *tab) idle() {
	b.t.Helper()
	b.until("the end of the run", `["ready","a cell failed"].includes(document.getElementById("state").textContent) && !document.querySelector(".cell.queued, .cell.running") && !document.getElementById("saved").textContent.includes("…")`)
}

// until waits for a text in the file.
func (s *served) until(text string) {
	s.t.Helper()
	for end := time.Now().Add(patience); !strings.Contains(s.text(), text); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("the file does not get %q:\n%s", text, s.text())
		}
	}
}

// clean fails where the page complained.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.wrong {
		b.t.Error(w)
	}
}

// at names the n-th cell, from 1.
func at(n int, inside string) string {
	return fmt.Sprintf(`[...document.querySelectorAll(".cell.decls, .cell.steps")][%d]?.querySelector(%q)`, n-1, inside)
}

// says is what is written in a cell's place.
func (b *tab) says(n int, inside string) string {
	b.t.Helper()
	return strings.TrimSpace(js[string](b, "("+at(n, inside)+")?.innerText ?? ''"))
}

func (b *tab) click(expr string) {
	b.t.Helper()
	b.until(expr, expr)
	b.do(chromedp.Evaluate("("+expr+").click()", nil))
}

// write puts the cursor into a cell, chooses all of it, and types.
func (b *tab) write(n int, text string) {
	b.t.Helper()
	b.do(chromedp.Evaluate("("+at(n, ".cm-content")+").focus()", nil), chromedp.KeyEvent("a", chromedp.KeyModifiers(2)), chromedp.KeyEvent(kb.Delete))
	b.until("an empty cell", "("+at(n, ".cm-content")+").innerText.trim() === ''")
	b.do(input.InsertText(text))
}

// shot writes a picture of the page where COGUMI_SHOTS says.
func (b *tab) shot(name string) {
	dir := os.Getenv("COGUMI_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	b.do(chromedp.FullScreenshot(&png, 90))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Error(err)
	}
}

// view is shot of what is on the screen.
func (b *tab) view(name string) {
	var png []byte
	b.do(chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(os.Getenv("COGUMI_SHOTS"), name+".png"), png, 0o644); err != nil {
		b.t.Error(err)
	}
}

func dark(on bool) chromedp.Action {
	value := "light"
	if on {
		value = "dark"
	}
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: value}})
}

const counting = `// PURPOSE: Count words and look at what comes out.
// WHEN TO USE: in a test
// INPUT: none
// OUTPUT: runs/<id>/run.json | result
// PIPELINE STAGE: any
// TIME: 1 s
// COST: $0

package main

import (
	"fmt"
	"strings"

	"cogumi/stdlib/experiment"
)

type row struct {
	Word  string
	Count int
}

func main() {
	x := experiment.Start()
	defer x.Finish()

	// %% Words
	words := strings.Fields("to be or not to be that is the question whether tis nobler in the mind")

	// %% Count them
	counts := map[string]int{}
	for _, w := range words {
		counts[w]++
	}
	var rows []row
	for w, n := range counts {
		rows = append(rows, row{w, n})
	}
	_ = rows

	// %% Say it
	fmt.Println(len(words), "words,", len(rows), "of them different")
}
`

// TestPage does in a browser what a person does with a notebook.
func TestPage(t *testing.T) {
	s := serve(t, counting)
	b := open(t, s.address).ready()
	if got := js[string](b, "location.href"); strings.Contains(got, "token") {
		t.Errorf("the token stays in the address: %s", got)
	}
	b.click(`document.getElementById("run-all")`)
	b.until("the last cell's output", `document.body.innerText.includes("16 words, 13 of them different")`)
	b.idle()
	if s.text() != counting {
		t.Errorf("running changed the file:\n%s", s.text())
	}
	b.shot("all")
	b.do(dark(true))
	b.shot("dark")
	b.do(dark(false))
	b.clean()
}
