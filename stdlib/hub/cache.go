package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/reports/run/durable"
	"cogumi/stdlib/experiment"
)

// Snapshot is a revision in the cache, whole or not.
type Snapshot struct {
	ID      ID
	Commit  string
	Dir     string   // holds the model's files
	Missing []string // of what a model needs to be loaded
}

// Cached looks a model up without the network. ErrNotExist is in the error's
// chain where there is nothing of it.
func (c *Client) Cached(id ID) (*Snapshot, error) {
	root := filepath.Join(c.Cache, id.folder())
	at := id.Revision
	if !id.pinned() {
		b, err := os.ReadFile(filepath.Join(root, "refs", filepath.FromSlash(id.Revision)))
		if err != nil {
			return nil, fmt.Errorf("%s is not in %s: %w", id, c.Cache, notThere(err))
		}
		at = strings.TrimSpace(string(b))
	}
	if !commit.MatchString(at) {
		return nil, fmt.Errorf("%s: the cache names %q as its commit, which is none", id, at)
	}
	s := &Snapshot{ID: id, Commit: at, Dir: filepath.Join(root, "snapshots", at)}
	if _, err := os.Stat(s.Dir); err != nil {
		return nil, fmt.Errorf("%s is not in %s: %w", id, c.Cache, notThere(err))
	}
	var err error
	s.Missing, err = missing(s.Dir)
	return s, err
}

// notThere keeps the kind of the error without its path.
func notThere(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fs.ErrNotExist
	}
	return err
}

// Find is the folder of a model or adapter in the cache, for those who load it:
// the name is org/name or org/name@revision.
func Find(name string) (string, error) {
	id, err := Parse(name)
	if err != nil {
		return "", err
	}
	c, err := FromEnvironment()
	if err != nil {
		return "", err
	}
	get := "get it with: cogumi download " + name
	s, err := c.Cached(id)
	if errors.Is(err, fs.ErrNotExist) {
		return "", experiment.Hint(err, get)
	}
	if err == nil && len(s.Missing) > 0 {
		err = experiment.Hint(fmt.Errorf("%s is in the cache without %s", id, strings.Join(s.Missing, ", ")), get)
	}
	if err != nil {
		return "", err
	}
	return s.Dir, nil
}

// missing lists what a folder lacks to be loaded: as a model, or as an adapter.
// A link to a blob that is gone counts as missing.
func missing(dir string) ([]string, error) {
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return err == nil
	}
	if has("adapter_config.json") {
		if !has("adapter_model.safetensors") {
			return []string{"adapter_model.safetensors"}, nil
		}
		return nil, nil
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*.gguf")); err == nil && len(found) > 0 {
		return nil, nil // one file that holds all
	}
	var lack []string
	for _, name := range []string{"config.json", "tokenizer.json"} {
		if !has(name) {
			lack = append(lack, name)
		}
	}
	if has("model.safetensors") {
		return lack, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, "model.safetensors.index.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return append(lack, "model.safetensors"), nil
	}
	var index struct {
		Where map[string]string `json:"weight_map"`
	}
	if err == nil {
		err = json.Unmarshal(b, &index)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", filepath.Join(dir, "model.safetensors.index.json"), err)
	}
	for _, shard := range slices.Compact(slices.Sorted(maps.Values(index.Where))) {
		if !has(shard) {
			lack = append(lack, shard)
		}
	}
	return lack, nil
}

// link gives a blob its name in the snapshot. File systems without symbolic
// links get a second hard link.
func link(blob, pointer string) error {
	if err := os.MkdirAll(filepath.Dir(pointer), 0o755); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(pointer), blob)
	if err != nil {
		return err
	}
	if old, err := os.Readlink(pointer); err == nil && old == target {
		return nil
	}
	tmp := fmt.Sprintf("%s.%d.tmp", pointer, os.Getpid())
	if err := os.Symlink(target, tmp); err != nil {
		if err := os.Link(blob, tmp); err != nil {
			return err
		}
	}
	return durable.Rename(tmp, pointer)
}

// remember notes which commit a branch or tag is.
func (c *Client) remember(id ID, at string) error {
	if id.pinned() {
		return nil
	}
	path := filepath.Join(c.Cache, id.folder(), "refs", filepath.FromSlash(id.Revision))
	if b, err := os.ReadFile(path); err == nil && string(b) == at {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return durable.WriteBytes(path, []byte(at))
}
