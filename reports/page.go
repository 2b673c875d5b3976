package reports

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"io"
	"strings"
	"sync"
)

//go:embed assets/*.html assets/css assets/js assets/echarts/echarts.min.js assets/fonts/*.woff2
var assets embed.FS

// The files of the page, in the order in which they are put together. The
// scripts share one function scope.
var (
	styleFiles  = []string{"theme", "page", "story", "results", "sections", "samples", "print"}
	scriptFiles = []string{"dom", "query", "diff", "unpack", "charts", "tables", "samples", "page"}
)

type fixed struct {
	style, script string
	styleHash     string
	scriptHashes  string
	echarts       string // gzip, base64
	tmpl          *template.Template
}

// parts are the same in every report: made once, when the first one is built.
var parts = sync.OnceValues(func() (*fixed, error) {
	f := &fixed{}
	var err error
	read := func(name string) string {
		b, e := assets.ReadFile("assets/" + name)
		if e != nil {
			err = e
		}
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	font := func(name string) string {
		b, e := assets.ReadFile("assets/fonts/" + name + ".woff2")
		if e != nil {
			err = e
		}
		return fmt.Sprintf("@font-face{font-family:%s;font-weight:400 700;font-display:swap;src:url(data:font/woff2;base64,%s) format(\"woff2\")}\n",
			name, base64.StdEncoding.EncodeToString(b))
	}
	var css, js strings.Builder
	css.WriteString(font("Newsreader") + font("Inter"))
	for _, name := range styleFiles {
		css.WriteString(read("css/" + name + ".css"))
	}
	js.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range scriptFiles {
		js.WriteString(read("js/" + name + ".js"))
	}
	js.WriteString("})();\n")
	charts := read("echarts/echarts.min.js")
	f.style, f.script = css.String(), js.String()
	f.styleHash = cspHash(f.style)
	f.scriptHashes = cspHash(f.script) + " " + cspHash(charts)
	if err != nil {
		return nil, fmt.Errorf("report assets: %w", err)
	}
	if f.echarts, err = zipped([]byte(charts)); err != nil {
		return nil, fmt.Errorf("report assets: %w", err)
	}
	f.tmpl, err = template.ParseFS(assets, "assets/*.html")
	return f, err
})

func cspHash(s string) string {
	h := sha256.Sum256([]byte(s))
	return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
}

func zipped(b []byte) (string, error) {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(b); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(buf.Bytes()), nil
}

// policy lets the page's own style and scripts run and nothing else: no request
// leaves the page, no form, no frame, no other script.
func (f *fixed) policy() string {
	return "default-src 'none'; script-src " + f.scriptHashes + "; style-src " + f.styleHash +
		"; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
}

const icon = `data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Cpath fill='%23c8502b' d='M2 13C2 7 6.500 3 12 3s10 4 10 10z'/%3E%3Cpath fill='%23b9a58a' d='M9 14h6l1 7H8z'/%3E%3C/svg%3E`

func (p *page) write(w io.Writer, s *sampleData, opt Options) error {
	f, err := parts()
	if err != nil {
		return err
	}
	if opt.Refresh > 0 {
		p.Refresh = max(int(opt.Refresh.Seconds()), 1)
	}
	var b bytes.Buffer
	b.WriteString("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
	fmt.Fprintf(&b, "<meta http-equiv=\"Content-Security-Policy\" content=\"%s\">\n", f.policy())
	b.WriteString("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"generator\" content=\"cogumi\">\n")
	if opt.Refresh > 0 {
		// With scripts the page waits while somebody reads or types.
		fmt.Fprintf(&b, "<noscript><meta http-equiv=\"refresh\" content=\"%d\"></noscript>\n", p.Refresh)
	}
	fmt.Fprintf(&b, "<title>%s: %s</title>\n", html.EscapeString(p.Script), html.EscapeString(p.Head.Text))
	fmt.Fprintf(&b, "<link rel=\"icon\" href=\"%s\">\n<style>%s</style>\n</head>\n", icon, f.style)
	if err := f.tmpl.ExecuteTemplate(&b, cmp.Or(p.template, "page.html"), p); err != nil {
		return fmt.Errorf("report page: %w", err)
	}
	charts, err := chartsJSON(p.charts)
	if err != nil {
		return fmt.Errorf("report charts: %w", err)
	}
	block := func(id, kind, text string) {
		fmt.Fprintf(&b, "<script type=\"%s\" id=\"%s\">%s</script>\n", kind, id, text)
	}
	block("charts-data", "application/json", string(charts))
	if len(p.charts) > 0 {
		block("echarts-gz", "text/plain", f.echarts)
	}
	tail := "<script>" + f.script + "</script>\n</body>\n</html>\n"
	if p.Browser != nil && !p.Browser.Hidden {
		const frame = 200
		packed, err := s.packed(opt.Limit-b.Len()-len(tail)-frame, opt.AllSamples)
		if err != nil {
			return err
		}
		block("samples-gz", "text/plain", packed)
	}
	b.WriteString(tail)
	_, err = w.Write(b.Bytes())
	return err
}
