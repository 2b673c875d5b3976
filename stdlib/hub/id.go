package hub

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
)

// ID names a model on the hub at a revision: "org/name", "org/name@v1.0",
// "org/name@5f0b02c…". Models of the hub's first years have no org.
type ID struct {
	Repo     string // "org/name"
	Revision string // branch, tag or commit; "main" where nothing is said
}

var (
	repoPart = regexp.MustCompile(`^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$`)
	revision = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/+-]{0,199}$`)
	commit   = regexp.MustCompile(`^[0-9a-f]{40}$`)
)

// Parse reads ID or ID@REVISION. A web address of the model's page is fine too.
func Parse(text string) (ID, error) {
	name, isAddress := strings.CutPrefix(text, publicHub+"/")
	if isAddress {
		name = strings.TrimSuffix(name, "/")
	}
	name, rev, pinned := strings.Cut(name, "@")
	id := ID{Repo: name, Revision: "main"}
	if pinned {
		id.Revision = rev
	}
	parts := strings.Split(name, "/")
	for _, p := range parts {
		if len(parts) > 2 || !repoPart.MatchString(p) || len(name) > 96 || strings.Contains(p, "--") || strings.Contains(p, "..") {
			return id, fmt.Errorf("%q is no model's name: it looks like org/name or org/name@revision", text)
		}
	}
	return id, id.check()
}

func (id ID) check() error {
	if !revision.MatchString(id.Revision) || strings.Contains(id.Revision, "..") || strings.Contains(id.Revision, "//") || strings.HasSuffix(id.Revision, "/") {
		return fmt.Errorf("%q is no revision: a branch, a tag or a commit is", id.Revision)
	}
	return nil
}

// At is the same model at another revision.
func (id ID) At(revision string) (ID, error) {
	id.Revision = revision
	return id, id.check()
}

// String leaves out "main".
func (id ID) String() string {
	if id.Revision == "main" {
		return id.Repo
	}
	return id.Repo + "@" + id.Revision
}

// pinned tells whether the revision is a commit, which never changes.
func (id ID) pinned() bool { return commit.MatchString(id.Revision) }

// folder is the model's place below the cache.
func (id ID) folder() string {
	return "models--" + strings.ReplaceAll(filepath.ToSlash(id.Repo), "/", "--")
}
