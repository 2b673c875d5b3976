// Package reports turns a run folder into one HTML file that opens from disk,
// without network, on any machine: the story of the run, its charts and tables,
// its samples and what repeats it.
//
// The page is built so that nothing in a run folder can run in it. Text reaches
// it through html/template, or as escaped JSON that the page's script writes
// with textContent; the script never uses innerHTML; the content security policy
// allows the page's own script and style by hash and nothing else, no request
// at all. go-echarts builds the options of the charts; its own Render, which
// writes titles and names unescaped, is not used.
//
// Reports show figures. They never compute statistics: intervals and p values
// come from the run.
package reports

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"cogumi/reports/run"
	"cogumi/reports/run/durable"
)

// FileName is the report's name in its run folder.
const FileName = "report.html"

// DefaultLimit is how large a report gets at most, in bytes.
const DefaultLimit = 1_500_000

// Options change what a report holds. The zero value is what Write uses.
type Options struct {
	Now        time.Time     // when the report is built; zero: time.Now
	Limit      int           // bytes of the file at most, which samples have to fit in; 0: DefaultLimit
	AllSamples bool          // every sample in full, whatever the size
	NoSamples  bool          // leave the texts of the samples out
	Refresh    time.Duration // the page loads itself again; 0: never
	ShowPaths  bool          // leave home folders, user and host names as they are; secrets never
	Pipeline   []Stage       // all stages in order, the run's own one among them; nil: unknown
}

// Write builds runDir/report.html, also of a run that failed, was interrupted,
// died or still runs, and gives its path. The file is replaced atomically. The
// samples of a run that has ended are written beside it, all of them in full, as
// SamplesFile.
func Write(runDir string) (path string, err error) {
	return WriteWith(runDir, Options{})
}

// WriteWith is Write with options.
func WriteWith(runDir string, opt Options) (path string, err error) {
	r, err := run.Read(runDir)
	if err != nil {
		return "", fmt.Errorf("report: %w", err)
	}
	path = filepath.Join(runDir, FileName)
	var samples *sampleData
	err = durable.WriteFile(path, func(w io.Writer) error {
		samples, err = build(w, r, opt)
		return err
	})
	// While a run goes on its samples change: the table of them waits for its end.
	if err == nil && !opt.NoSamples && len(samples.list) > 0 && r.State() != run.Running {
		err = samples.writeParquet(runDir)
	}
	if err != nil {
		return "", fmt.Errorf("report of %s: %w", runDir, err)
	}
	return path, nil
}

// Build writes the report of r to w. Parts of the run that are missing or
// unknown are left out; samples that cannot be read are named in the report.
func Build(w io.Writer, r *run.Run, opt Options) error {
	_, err := build(w, r, opt)
	return err
}

func build(w io.Writer, r *run.Run, opt Options) (*sampleData, error) {
	if opt.Now.IsZero() {
		opt.Now = time.Now()
	}
	if opt.Limit <= 0 {
		opt.Limit = DefaultLimit
	}
	r = redacted(r, newRedactor(opt.ShowPaths))
	samples := readSamples(r, opt)
	p := newPage(r, samples, opt)
	return samples, p.write(w, samples, opt)
}
