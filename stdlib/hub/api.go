package hub

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// listing is a revision as the hub tells about it.
type listing struct {
	Commit string `json:"sha"`
	Files  []file `json:"siblings"`
}

// file is one of a revision's files.
type file struct {
	Name   string `json:"rfilename"` // with slashes
	Size   int64  `json:"size"`      // 0: the hub did not say
	BlobID string `json:"blobId"`    // git's hash of a file kept in git
	LFS    *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"`
}

// list asks for the commit that the revision stands for, and its files.
func (c *Client) list(ctx context.Context, id ID) (*listing, error) {
	address := fmt.Sprintf("%s/api/models/%s/revision/%s?blobs=true", c.Endpoint, id.Repo, url.PathEscape(id.Revision))
	var l listing
	err := c.patiently(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, 2*c.stall)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return err
		}
		resp, err := c.http.Do(c.request(r))
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if err := c.status(resp, id, ""); err != nil {
			return err
		}
		return json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&l)
	})
	if err != nil {
		return nil, err
	}
	if !commit.MatchString(l.Commit) {
		return nil, fmt.Errorf("%s: %s answered without a commit: it does not speak the hub's protocol", id, c.Endpoint)
	}
	for _, f := range l.Files {
		// A name must not lead out of the snapshot's folder.
		if !filepath.IsLocal(filepath.FromSlash(f.Name)) || strings.ContainsAny(f.Name, "\\\x00") {
			return nil, fmt.Errorf("%s: %q is not a file name", id, f.Name)
		}
	}
	return &l, nil
}

// metadata is what HEAD says about one file.
type metadata struct {
	etag   string // the blob's name
	linked bool   // etag is the SHA-256
	size   int64
}

var blobName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$`)

// head asks what a file of a commit is.
func (c *Client) head(ctx context.Context, id ID, at, name string) (metadata, error) {
	var m metadata
	err := c.patiently(ctx, func() error {
		ctx, cancel := context.WithTimeout(ctx, 2*c.stall)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodHead, c.address(id, at, name), nil)
		if err != nil {
			return err
		}
		resp, err := c.http.Do(c.request(r))
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode/100 != 3 {
			if err := c.status(resp, id, name); err != nil {
				return err
			}
		}
		m, err = readMetadata(resp.Header)
		if err != nil {
			return &permanent{fmt.Errorf("%s: %s: %w", id, name, err)}
		}
		return nil
	})
	return m, err
}

func (c *Client) address(id ID, at, name string) string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return fmt.Sprintf("%s/%s/resolve/%s/%s", c.Endpoint, id.Repo, at, strings.Join(parts, "/"))
}

func readMetadata(h http.Header) (metadata, error) {
	m := metadata{etag: cleanTag(h.Get("X-Linked-Etag"))}
	size := h.Get("X-Linked-Size")
	m.linked = sha256Name.MatchString(m.etag)
	if m.etag == "" {
		m.etag = cleanTag(h.Get("ETag"))
	}
	if size == "" {
		size = h.Get("Content-Length")
	}
	if !blobName.MatchString(m.etag) || strings.HasSuffix(m.etag, incomplete) {
		return m, fmt.Errorf("the answer has the ETag %q: it does not speak the hub's protocol", m.etag)
	}
	var err error
	if m.size, err = strconv.ParseInt(size, 10, 64); err != nil || m.size < 0 {
		return m, fmt.Errorf("the answer does not tell the size of the file (%q)", size)
	}
	return m, nil
}

var (
	sha256Name = regexp.MustCompile(`^[0-9a-f]{64}$`)
	sha1Name   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// cleanTag takes the weak mark and the quotes off an entity tag (RFC 9110, 8.8.3).
func cleanTag(tag string) string {
	return strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
}
