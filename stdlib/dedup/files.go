package dedup

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"time"

	"cogumi/stdlib/experiment"
)

// FileConfig says what to deduplicate and where results go.
type FileConfig struct {
	Config
	In           []string // files of rows; earlier ones go first in the keep order
	Field        string   // text that is compared: a string or a list of messages, or several joined: "instruction+output"; "text" if empty
	QualityField string   // number, higher goes first; none if empty
	First        bool     // keep the first row instead of the best one
	Out          string   // kept rows, as they were; none if empty
	Audit        string   // one row for every removal; none if empty
	BadRows      string   // rows that cannot be read, with file, line and reason; none if empty
	Pairs        string   // every pair found: row, row, Jaccard, tab-separated; none if empty
	Against      string   // folder of an index: rows near to its texts go too
	Add          bool     // add what is kept to the index
	Memory       int64    // limit in bytes for the process: beyond it signatures lie in a file and bands are sorted in parts; 0: none
	Work         string   // folder for what a killed run leaves to the next one; none if empty
}

// FileResult is what came of it.
type FileResult struct {
	Rows            int     `json:"rows"` // all, unreadable ones included
	Kept            int     `json:"kept"`
	ExactDuplicates int     `json:"exact_duplicates"`
	NearDuplicates  int     `json:"near_duplicates"`
	Bad             int     `json:"bad_rows"` // not in the output
	IndexRows       int     `json:"index_rows"`
	Bands           int     `json:"bands"`
	BandRows        int     `json:"band_rows"`
	Recall          float64 `json:"recall_at_threshold"`
	Candidates      int     `json:"candidates"`
	Rule            string  `json:"rule"`
	Seconds         float64 `json:"seconds"`
	DocsPerSecond   float64 `json:"docs_per_second"`
	PeakMemory      int64   `json:"peak_memory_bytes"` // of the process; 0 where the system does not say

	firstBad []string // unreadable rows: file:line: why
}

// Files deduplicates files of rows: exact copies first, then near ones, verified
// exactly. Which rows stay depends on the keep order alone (file, quality, length,
// content; or position with First), not on workers or on the order of rows.
// Rows without text are kept; rows that cannot be read are listed and left out.
func Files(ctx context.Context, c FileConfig) (*FileResult, error) {
	began := time.Now()
	defer debug.SetGCPercent(debug.SetGCPercent(slackPercent(0)))
	var err error
	if c.Config, err = c.withDefaults(); err != nil {
		return nil, err
	}
	if len(c.In) == 0 {
		return nil, experiment.WithCode(errors.New("dedup: no file is named"), 2)
	}
	if c.Add && c.Against == "" {
		return nil, experiment.WithCode(errors.New("dedup: adding needs the index to add to"), 2)
	}
	if c.Field == "" {
		c.Field = "text"
	}
	for _, path := range []string{c.Out, c.Audit, c.BadRows} {
		if err := checkOutput(path); err != nil {
			return nil, err
		}
	}
	j := &job{FileConfig: c, result: &FileResult{Rule: "greedy"}}
	if c.Components {
		j.result.Rule = "components"
	}
	if j.scratch, err = j.scratchFolder(); err != nil {
		return nil, err
	}
	defer j.close()
	defer j.limitMemory()()
	for _, step := range []func(context.Context) error{j.open, j.read, j.rank, j.find, j.write} {
		if err := step(ctx); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("dedup: %w", err)
		}
	}
	r := j.result
	r.Seconds = time.Since(began).Seconds()
	r.DocsPerSecond = float64(r.Rows) / r.Seconds
	r.PeakMemory = peakMemory()
	return r, nil
}

// MustFiles is Files that ends the run when it fails. The run's report gets the
// funnel and the recall curve, its folder the audit.
func MustFiles(c FileConfig) *FileResult {
	x := experiment.Current()
	r, err := Files(x.Context(), c)
	if err != nil {
		experiment.Stop(err)
	}
	r.report(x, c)
	return r
}

// job is one run of Files.
type job struct {
	FileConfig
	result     *FileResult
	scratch    string
	sources    []*source // the index's segments, then the files
	index      int       // how many of the sources are the index's
	first      []int     // number of each source's first row; then of all
	signatures *store
	order      []int32   // distinct rows in the keep order
	at         []int32   // place in it, −1 for rows that are copies or have no text
	twin       []int32   // row of the same text that goes first; itself if none
	lsh        *lsh      //
	removed    []removal // by row
}

// removal is a dropped row.
type removal struct {
	row, kept int32
	jaccard   float64
	band      int // first one that both share, −1 for copies and for what only others connect
}

func (j *job) scratchFolder() (string, error) {
	dir := j.Work
	if dir == "" {
		dir = os.TempDir()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	return os.MkdirTemp(dir, "dedup-*.tmp")
}

func (j *job) close() {
	for _, s := range j.sources {
		s.file.Close()
	}
	if j.signatures != nil {
		j.signatures.close()
	}
	os.RemoveAll(j.scratch)
}

// source gives the source of a row and its number there.
func (j *job) source(row int32) (*source, int) {
	s := sort.SearchInts(j.first, int(row)+1) - 1
	return j.sources[s], int(row) - j.first[s]
}

// indexRows is how many rows are the index's.
func (j *job) indexRows() int { return j.first[j.index] }

// text is the normalised text at a place of the keep order.
func (j *job) text(place int32, buf []byte) ([]byte, error) {
	s, row := j.source(j.order[place])
	return s.textAt(row, buf)
}

// slackPercent is how much the heap may grow between collections. What lives here
// is free of pointers: collecting early costs little, collecting late costs as
// much memory again.
func slackPercent(rows int) int {
	if rows < manyRows {
		return 20
	}
	return 8
}

const manyRows = 1 << 19

// release lets go of memory that a step needed and the next one does not.
func release() { runtime.GC() }
