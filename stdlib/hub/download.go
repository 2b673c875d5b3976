package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"cogumi/stdlib/experiment"
)

// Result is what Download came to.
type Result struct {
	Snapshot
	Files   int
	Bytes   int64 // of all the files
	Fetched int64 // bytes that came over the network
	Kept    int64 // bytes that an earlier, cut download had left
	Offline error // why the network was not used; nil where it was
}

// job is one download.
type job struct {
	*Client
	id       ID
	commit   string
	root     string // of the model in the cache
	progress *experiment.Progress

	mu            sync.Mutex
	fetched, kept int64
}

// part is a file that the snapshot lacks.
type part struct {
	file
	metadata
}

// Download brings a model into the cache and returns its snapshot. What is there
// is not asked for again; what a cut download left is gone on with. Without
// network the snapshot is what the cache has: look at Missing and Offline.
func (c *Client) Download(ctx context.Context, id ID, o Options) (*Result, error) {
	if s, err := c.Cached(id); err == nil && id.pinned() && len(s.Missing) == 0 && o.Include == nil {
		return c.local(s, nil)
	}
	if c.Offline {
		return c.withoutNetwork(id, errors.New("HF_HUB_OFFLINE is set"))
	}
	l, err := c.list(ctx, id)
	if err != nil {
		if unreachable(err) {
			var u *url.Error // says the whole address and the method
			if errors.As(err, &u) {
				err = u.Err
			}
			return c.withoutNetwork(id, fmt.Errorf("%s: %w", c.Endpoint, err))
		}
		return nil, err
	}
	files, err := o.choose(id, l.Files)
	if err != nil {
		return nil, err
	}
	j := &job{Client: c, id: id, commit: l.Commit, root: filepath.Join(c.Cache, id.folder())}
	if err := j.all(ctx, files); err != nil {
		return nil, err
	}
	if err := c.remember(id, l.Commit); err != nil {
		return nil, fmt.Errorf("%s: note its revision in the cache: %w", id, err)
	}
	s := &Snapshot{ID: id, Commit: l.Commit, Dir: j.snapshot()}
	if s.Missing, err = missing(s.Dir); err != nil {
		return nil, err
	}
	if o.Include != nil || o.Exclude != nil {
		s.Missing = nil // the person chose
	}
	r, err := c.local(s, nil)
	if err == nil {
		r.Fetched, r.Kept = j.fetched, j.kept
	}
	return r, err
}

// withoutNetwork is what the cache has of a model.
func (c *Client) withoutNetwork(id ID, why error) (*Result, error) {
	s, err := c.Cached(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, experiment.Hint(fmt.Errorf("%w (%w), and %s is not in %s", ErrOffline, why, id, c.Cache),
			"with a network, or on another machine: cogumi download "+id.String()+"; the folder "+id.folder()+" can be copied")
	}
	if err != nil {
		return nil, err
	}
	return c.local(s, fmt.Errorf("%w: %w", ErrOffline, why))
}

// local counts what a snapshot holds.
func (c *Client) local(s *Snapshot, offline error) (*Result, error) {
	r := &Result{Snapshot: *s, Offline: offline}
	err := filepath.WalkDir(s.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if info, err := os.Stat(path); err == nil {
			r.Files, r.Bytes = r.Files+1, r.Bytes+info.Size()
		}
		return nil
	})
	return r, err
}

func (j *job) snapshot() string { return filepath.Join(j.root, "snapshots", j.commit) }

func (j *job) pointer(f file) string {
	return filepath.Join(j.snapshot(), filepath.FromSlash(f.Name))
}

func (j *job) blobPath(m metadata) string { return filepath.Join(j.root, "blobs", m.etag) }

// all makes every file of the snapshot.
func (j *job) all(ctx context.Context, files []file) error {
	var lacking []*part
	for _, f := range files {
		if _, err := os.Stat(j.pointer(f)); err != nil {
			lacking = append(lacking, &part{file: f})
		}
	}
	if len(lacking) == 0 {
		return nil
	}
	err := j.together(ctx, lacking, func(ctx context.Context, p *part) (err error) {
		p.metadata, err = j.head(ctx, j.id, j.commit, p.Name)
		return err
	})
	if err != nil {
		return err
	}
	for _, dir := range []string{filepath.Join(j.root, "blobs"), j.snapshot(), j.locks()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("make the cache: %w", err)
		}
	}
	total, need := j.sizes(lacking)
	if err := enough(j.Cache, need); err != nil {
		return fmt.Errorf("%s: %w", j.id, err)
	}
	j.progress = experiment.Current().Progress("download "+j.id.String(), "bytes", int(total))
	defer j.progress.Done()
	return j.together(ctx, lacking, func(ctx context.Context, p *part) error {
		if err := j.get(ctx, p); err != nil {
			return fmt.Errorf("%s %s: %w", j.id, p.Name, err)
		}
		return nil
	})
}

// sizes sums what the parts have in all, and what is not on the disk yet.
func (j *job) sizes(parts []*part) (total, need int64) {
	seen := map[string]bool{}
	for _, p := range parts {
		total += p.size
		if seen[p.etag] {
			continue
		}
		seen[p.etag] = true
		if info, err := os.Stat(j.blobPath(p.metadata)); err == nil && info.Size() == p.size {
			continue
		}
		need += p.size
		if info, err := os.Stat(j.blobPath(p.metadata) + incomplete); err == nil {
			need -= min(info.Size(), p.size)
		}
	}
	return total, need
}

func (j *job) locks() string { return filepath.Join(j.Cache, ".locks", j.id.folder()) }

// together works on several parts at a time; the first error stops the others.
func (j *job) together(ctx context.Context, parts []*part, work func(context.Context, *part) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan *part)
	var wg sync.WaitGroup
	for range max(1, j.Parallel) {
		wg.Go(func() {
			for p := range next {
				if err := work(ctx, p); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, p := range parts {
		select {
		case next <- p:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
