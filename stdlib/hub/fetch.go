package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
)

// incomplete ends the name of a blob that is still growing.
const incomplete = ".incomplete"

// errChecksum is content that is not what the hub announced.
var errChecksum = errors.New("the content that came has another checksum than the hub announced")

// get makes one file of the snapshot: its content, then its name.
func (j *job) get(ctx context.Context, p *part) error {
	unlock, err := durable.Lock(ctx, filepath.Join(j.locks(), p.etag+".lock"), func() {
		j.progress.Note("waits for another download of " + p.Name)
	})
	if err != nil {
		return err
	}
	defer unlock()
	if err := j.blob(ctx, p); err != nil {
		return err
	}
	if err := link(j.blobPath(p.metadata), j.pointer(p.file)); err != nil {
		return fmt.Errorf("name it in the snapshot: %w", err)
	}
	return nil
}

// blob makes sure that a file's content is in the cache.
func (j *job) blob(ctx context.Context, p *part) error {
	path := j.blobPath(p.metadata)
	if info, err := os.Stat(path); err == nil && info.Size() == p.size {
		j.progress.Skip(int(p.size))
		return nil
	}
	err := j.grow(ctx, p, path+incomplete)
	if errors.Is(err, errChecksum) {
		// What was left of an earlier attempt may be at fault: once more, from the start.
		if err = os.Remove(path + incomplete); err == nil {
			j.progress.Add(-int(p.size))
			err = j.grow(ctx, p, path+incomplete)
		}
	}
	if errors.Is(err, errChecksum) {
		return errors.Join(experiment.Hint(err, "something between here and the hub changes files: try another network, or HF_ENDPOINT"), os.Remove(path+incomplete))
	}
	if err != nil {
		return err
	}
	return durable.Rename(path+incomplete, path)
}

// grow appends to an incomplete blob until it is whole, and checks it.
func (j *job) grow(ctx context.Context, p *part, path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	d := newDigest(p)
	have, err := d.read(f, p.size)
	if err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	j.progress.Skip(int(have))
	j.count(0, have)
	out := &sink{f: f, d: d, job: j}
	for try := 0; have < p.size; {
		n, err := j.piece(ctx, p, have, out)
		have += n
		j.count(n, 0)
		if err == nil {
			continue
		}
		var done *permanent
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.As(err, &done) {
			return done.error
		}
		if try++; n > 0 {
			try = 1
		}
		if try >= j.tries {
			return experiment.Hint(fmt.Errorf("%w, after %s of %s", err, experiment.Bytes(have), experiment.Bytes(p.size)), "run it again: it goes on from there")
		}
		if err := j.wait(ctx, try, err); err != nil {
			return err
		}
	}
	if err := d.check(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

func (j *job) count(fetched, kept int64) {
	j.mu.Lock()
	j.fetched += fetched
	j.kept += kept
	j.mu.Unlock()
}

// piece asks for the file from an offset on and writes what comes.
func (j *job) piece(ctx context.Context, p *part, from int64, out io.Writer) (int64, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, j.address(j.id, j.commit, p.Name), nil)
	if err != nil {
		return 0, err
	}
	if from > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	resp, err := j.http.Do(j.request(r))
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if err := j.answered(resp, p); err != nil {
		return 0, err
	}
	// A connection that brings nothing any more is cut; the next try goes on.
	stalled := time.AfterFunc(j.stall, func() { cancel(fmt.Errorf("nothing came for %v", j.stall)) })
	defer stalled.Stop()
	body := &watched{resp.Body, func() { stalled.Reset(j.stall) }}
	if resp.StatusCode == http.StatusOK && from > 0 { // the host knows no ranges
		if _, err := io.CopyN(io.Discard, body, from); err != nil {
			return 0, err
		}
	} else if start, total := contentRange(resp); from > 0 && (start != from || total != p.size) {
		return 0, &permanent{fmt.Errorf("asked for bytes %d- of %d, the answer is %q", from, p.size, resp.Header.Get("Content-Range"))}
	}
	n, err := io.CopyBuffer(out, io.LimitReader(body, p.size-from), make([]byte, 256<<10))
	if err == nil && n < p.size-from {
		err = io.ErrUnexpectedEOF
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	return n, err
}

// answered looks at the status. Another host than the hub's refuses what its
// signed address no longer allows: the next try gets a new address.
func (j *job) answered(resp *http.Response, p *part) error {
	err := j.status(resp, j.id, p.Name)
	var done *permanent
	if errors.As(err, &done) && !strings.HasPrefix(resp.Request.URL.String(), j.Endpoint+"/") {
		return &busy{fmt.Errorf("%s answered %s", resp.Request.URL.Host, resp.Status), 0}
	}
	return err
}

func contentRange(r *http.Response) (start, total int64) {
	var end int64
	if n, _ := fmt.Sscanf(r.Header.Get("Content-Range"), "bytes %d-%d/%d", &start, &end, &total); n != 3 {
		return -1, -1
	}
	return start, total
}

// watched calls seen whenever something came.
type watched struct {
	io.Reader
	seen func()
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.Reader.Read(b)
	if n > 0 {
		w.seen()
	}
	return n, err
}

// sink writes to the blob, its digest and the progress.
type sink struct {
	f   *os.File
	d   *digest
	job *job
}

func (s *sink) Write(b []byte) (int, error) {
	n, err := s.f.Write(b)
	s.d.Write(b[:n])
	s.job.progress.Add(n)
	if err != nil {
		err = &permanent{err}
	}
	return n, err
}

// digest is the checksum of a file while it grows.
type digest struct {
	hash.Hash        // nil: only the size is known
	want      string // hexadecimal
}

// newDigest: files outside git are known by their SHA-256, files in git by git's
// hash, SHA-1 of "blob SIZE\0" and the content (git-scm.com/book, "Git Objects").
func newDigest(p *part) *digest {
	switch {
	case p.linked, p.LFS != nil && p.LFS.SHA256 == p.etag && sha256Name.MatchString(p.etag):
		return &digest{sha256.New(), p.etag}
	case sha1Name.MatchString(p.etag) && p.BlobID == p.etag:
		h := sha1.New()
		fmt.Fprintf(h, "blob %d\x00", p.size)
		return &digest{h, p.etag}
	}
	return &digest{}
}

func (d *digest) Write(b []byte) (int, error) {
	if d.Hash == nil {
		return len(b), nil
	}
	return d.Hash.Write(b)
}

// read takes in what an earlier attempt left and stays at its end.
func (d *digest) read(f *os.File, size int64) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if info.Size() > size {
		return 0, f.Truncate(0)
	}
	return io.Copy(d, f)
}

func (d *digest) check() error {
	if d.Hash == nil {
		return nil
	}
	if got := hex.EncodeToString(d.Sum(nil)); got != d.want {
		return fmt.Errorf("%w: %s, want %s", errChecksum, got, d.want)
	}
	return nil
}
