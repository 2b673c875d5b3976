// Package chromiumtest gives tests of pages a real browser.
package chromiumtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// shared is one empty Chromium for all tests of a process.
var shared struct {
	sync.Mutex
	ctx   context.Context
	stop  func()
	words *lastWords
}

// Browser is the Chromium of this process; tabs are contexts below it. It is
// started for the first test, and again where it has ended: on a busy machine one
// may be killed. Without Chromium the test is skipped.
func Browser(t testing.TB) context.Context {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.ctx != nil && shared.ctx.Err() == nil {
		return shared.ctx
	}
	path := find()
	if path == "" {
		t.Skip("no Chromium on this machine (apt-get install chromium)")
	}
	if shared.words != nil {
		t.Logf("Chromium has ended and is started again: %s", shared.words)
	}
	var err error
	for range 3 {
		stop()
		if err = start(path); err == nil {
			return shared.ctx
		}
		t.Logf("start Chromium: %v: %s", err, shared.words)
	}
	t.Fatal(err)
	return nil
}

// Stop ends the browser; TestMain calls it when all tests have run.
func Stop() {
	shared.Lock()
	defer shared.Unlock()
	stop()
}

func stop() {
	if shared.stop != nil {
		shared.stop()
	}
	shared.ctx, shared.stop = nil, nil
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

func start(path string) error {
	dir, err := os.MkdirTemp("", "cogumi-browser-")
	if err != nil {
		return fmt.Errorf("make the browser's folder: %w", err)
	}
	shared.words = &lastWords{}
	alloc, stopAlloc := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck, chromedp.WindowSize(1280, 1000), chromedp.UserDataDir(dir),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(time.Minute), chromedp.CombinedOutput(shared.words))
	// Errors of the driver itself: it does not know each event of a newer browser.
	ctx, stopBrowser := chromedp.NewContext(alloc, chromedp.WithErrorf(func(string, ...any) {}),
		chromedp.WithBrowserOption(chromedp.WithDialTimeout(time.Minute)))
	shared.ctx = ctx
	shared.stop = func() { stopBrowser(); stopAlloc(); os.RemoveAll(dir) }
	if err := chromedp.Run(ctx); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return errors.New("it ended at once")
	}
	return nil
}

// lastWords are the end of what a browser says.
type lastWords struct {
	mu   sync.Mutex
	text []byte
}

func (w *lastWords) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.text = append(w.text, b...)
	w.text = w.text[max(0, len(w.text)-2000):]
	return len(b), nil
}

func (w *lastWords) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return string(w.text)
}
