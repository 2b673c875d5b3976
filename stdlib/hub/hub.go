// Package hub downloads models from Hugging Face, or from what speaks its
// protocol, into the cache that the field's tools share.
//
// The protocol: GET /api/models/ID/revision/REV names the commit and its files;
// HEAD and GET /ID/resolve/COMMIT/FILE give X-Repo-Commit, ETag or X-Linked-Etag
// (the SHA-256 of a file that is kept outside git) and, for large files, a
// redirect to another host whose signed address lasts for minutes. Credentials
// go to the first host only.
//
// The cache (huggingface.co/docs/huggingface_hub, "Understand caching"):
//
//	models--ORG--NAME/blobs/ETAG                 a file's content
//	models--ORG--NAME/snapshots/COMMIT/FILE      a symbolic link to its blob
//	models--ORG--NAME/refs/REV                   the commit that REV was last time
//	.locks/models--ORG--NAME/ETAG.lock           held while the blob is made
//
// A blob grows as ETAG.incomplete and gets its name when it is whole and its
// checksum right; what a kill leaves is gone on with.
package hub

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"cogumi/stdlib/broker"
	"cogumi/stdlib/experiment"
	"cogumi/stdlib/experiment/machine"
)

// Client downloads. The zero value is of no use: take FromEnvironment's.
type Client struct {
	Endpoint string // of the hub: scheme and host
	Token    string // "": anonymous
	Cache    string // folder of models--…
	Offline  bool   // the network is not asked
	Parallel int    // files at once

	tries int           // in a row without a byte
	pause time.Duration // before the second try; doubles
	stall time.Duration // a connection that brings nothing for so long is cut
	http  *http.Client
}

const publicHub = "https://huggingface.co"

// FromEnvironment reads what the field's tools read: HF_ENDPOINT, HF_TOKEN (or
// the file HF_TOKEN_PATH, $HF_HOME/token), HF_HUB_CACHE, HF_HOME,
// XDG_CACHE_HOME, HF_HUB_OFFLINE, and their older names.
func FromEnvironment() (*Client, error) {
	home, err := hfHome()
	if err != nil {
		return nil, err
	}
	c := &Client{
		Endpoint: strings.TrimRight(cmp.Or(os.Getenv("HF_ENDPOINT"), publicHub), "/"),
		Cache:    cmp.Or(expand(os.Getenv("HF_HUB_CACHE")), expand(os.Getenv("HUGGINGFACE_HUB_CACHE")), filepath.Join(home, "hub")),
		Offline:  truth(cmp.Or(os.Getenv("HF_HUB_OFFLINE"), os.Getenv("TRANSFORMERS_OFFLINE"))),
		Parallel: 4, tries: 6, pause: time.Second, stall: 30 * time.Second,
	}
	if !strings.HasPrefix(c.Endpoint, "https://") && !strings.HasPrefix(c.Endpoint, "http://") {
		return nil, fmt.Errorf("HF_ENDPOINT=%s does not start with https://", c.Endpoint)
	}
	if c.Token, err = readToken(home, c.Endpoint); err != nil {
		return nil, err
	}
	c.http = newHTTP()
	return c, nil
}

func hfHome() (string, error) {
	if home := expand(os.Getenv("HF_HOME")); home != "" {
		return home, nil
	}
	if cache := expand(os.Getenv("XDG_CACHE_HOME")); cache != "" {
		return filepath.Join(cache, "huggingface"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("find the folder for models: %w; set HF_HOME", err)
	}
	return filepath.Join(home, ".cache", "huggingface"), nil
}

// expand replaces ~ and $VARIABLES, as the field's tools do in these settings.
func expand(path string) string {
	path = os.ExpandEnv(path)
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

func truth(text string) bool {
	return slices.Contains([]string{"1", "ON", "YES", "TRUE"}, strings.ToUpper(text))
}

// TokenName is the variable of the environment with the token.
const TokenName = "HF_TOKEN"

// readToken takes the variable before the file that a login left. A process that
// is restricted gets either from its parent.
func readToken(home, endpoint string) (string, error) {
	for _, name := range []string{TokenName, "HUGGING_FACE_HUB_TOKEN"} {
		t, err := broker.Secret(name, endpoint)
		if t = strings.TrimSpace(t); err != nil || t != "" {
			return t, err
		}
	}
	if broker.Parent() != nil {
		return "", nil
	}
	path := cmp.Or(expand(os.Getenv("HF_TOKEN_PATH")), filepath.Join(home, "token"))
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return strings.TrimSpace(string(b)), nil
}

// newHTTP follows redirects; the credentials stay with the host that they are for.
func newHTTP() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = 30 * time.Second
	transport.DisableCompression = true // sizes and ranges are of the file itself
	return &http.Client{
		Transport: experiment.Recorded(transport),
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			away := r.URL.Host != via[0].URL.Host || r.URL.Scheme != via[0].URL.Scheme
			switch {
			case len(via) >= 10:
				return fmt.Errorf("%d redirects", len(via))
			case away && r.Method == http.MethodHead:
				return http.ErrUseLastResponse // the first host's answer says what the file is
			case away:
				r.Header.Del("Authorization")
			}
			return nil
		},
	}
}

func (c *Client) request(r *http.Request) *http.Request {
	r.Header.Set("User-Agent", "cogumi/"+machine.Version())
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return r
}
