package curate

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"slices"

	"cogumi/reports/run"
	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Rows are what is left, on disk. Every stage gives new Rows and leaves the old ones
// as they were.
type Rows struct {
	files   []string // lines, a file for each source that has some
	counts  []int    // lines of each
	total   int
	hash    string // of the lines
	columns dataset.Columns
	gone    set     // lines that later stages dropped
	kept    int     // lines that are left
	scores  []uint8 // of each line, 0: none; nil before Score
	stages  []run.FunnelStage
	done    []string // what later stages were, for step keys
}

// Len is how many rows are left.
func (r *Rows) Len() int { return r.kept }

// without is the rows less those of drop, as another stage of the funnel.
func (r *Rows) without(drop set, stage run.FunnelStage, what string) *Rows {
	out := *r
	out.gone = r.gone.or(drop)
	out.kept = r.total - out.gone.count()
	stage.Count = out.kept
	out.stages = append(slices.Clip(r.stages), stage)
	out.done = append(slices.Clip(r.done), what)
	return &out
}

// set is a set of lines.
type set []uint64

func newBits(n int) set      { return make(set, (n+63)/64) }
func (s set) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) or(o set) set {
	out := slices.Clone(s)
	for i := range o {
		out[i] |= o[i]
	}
	return out
}
func (s set) count() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// blockLines are lines that are worked on together.
const blockLines = 512

// block is some lines that are left, with their numbers.
type block struct {
	at    []int
	lines [][]byte
}

// blocks gives the lines that are left, some at a time.
func (r *Rows) blocks(take func(*block) error) error {
	now := &block{}
	err := r.lines(func(n int, line []byte) error {
		if !r.gone.has(n) {
			now.at, now.lines = append(now.at, n), append(now.lines, slices.Clone(line))
		}
		if len(now.at) < blockLines {
			return nil
		}
		b := now
		now = &block{}
		return take(b)
	})
	if err == nil && len(now.at) > 0 {
		err = take(now)
	}
	return err
}

func eachLine(path string, want int, take func([]byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<20)
	var long []byte
	for n := 0; ; {
		part, err := in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			long = append(long, part...)
			continue
		}
		line := part
		if len(long) > 0 {
			line = append(long, part...)
			long = nil
		}
		if len(line) > 0 {
			n++
			if err := take(line[:len(line)-1]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			if n != want {
				return fmt.Errorf("it has %d lines, not %d", n, want)
			}
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// each gives the rows that are left in their order; parsing takes all cores.
func (r *Rows) each(take func(line int, row *dataset.Row) error) error {
	type parsed struct {
		at   []int
		rows []dataset.Row
	}
	ctx := experiment.Current().Context()
	var read error
	blocks := func(yield func(*block) bool) {
		read = r.blocks(func(b *block) error {
			if !yield(b) {
				return errStopped
			}
			return ctx.Err()
		})
	}
	err := inOrder(blocks, func(b *block) (*parsed, error) {
		p := &parsed{at: b.at, rows: make([]dataset.Row, len(b.lines))}
		for i, line := range b.lines {
			var err error
			if p.rows[i], err = dataset.ParseRow(line); err != nil {
				return nil, fmt.Errorf("line %d: %w", b.at[i]+1, err)
			}
		}
		return p, nil
	}, func(p *parsed) error {
		for i := range p.rows {
			if err := take(p.at[i], &p.rows[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = read
	}
	return err
}

var errStopped = errors.New("stopped")

// MustWrite writes the rows with source, tokens, language and, where they were
// scored, quality; the name says how: .parquet, .jsonl, also with .gz or .zst. It
// reports the funnel. An error ends the run.
func (r *Rows) MustWrite(path string) {
	if err := r.Write(path); err != nil {
		experiment.Stop(err)
	}
}

// Write is MustWrite with its error.
func (r *Rows) Write(path string) error {
	x := experiment.Current()
	columns := r.columns
	if r.scores != nil {
		columns.Merge(columnsOf(&dataset.Row{Extra: map[string]any{"quality": 1.0}}))
	}
	bar := x.Progress("write "+filepath.Base(path), "rows", r.kept)
	err := dataset.WriteStream(path, &columns, func(put func(*dataset.Row) error) error {
		return r.each(func(line int, row *dataset.Row) error {
			if r.scores != nil && r.scores[line] > 0 {
				row.Extra["quality"] = float64(r.scores[line])
			}
			bar.Add(1)
			return put(row)
		})
	})
	bar.Done()
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	x.Artefact(filepath.Base(path), "dataset", path)
	r.report()
	return nil
}

func columnsOf(r *dataset.Row) (c dataset.Columns) {
	c.Add(r)
	return c
}
