package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cogumi/runtime/launch"
)

// config is cogumi.json of a project, or config.json in the user's config
// folder. Flags and COGUMI_* come before both.
type config struct {
	Runs string `json:"runs,omitempty"` // folder of all runs; relative to the file
}

const projectFile = "cogumi.json"

// runsRoot is the folder of all runs, and what decided it: the flag --runs,
// COGUMI_RUNS, the project's cogumi.json (here or above), the user's
// config.json, ./runs.
func (a *app) runsRoot() (dir, why string, err error) {
	if a.runsFlag != "" {
		return a.runsFlag, "--runs", nil
	}
	if env := os.Getenv("COGUMI_RUNS"); env != "" {
		return env, "COGUMI_RUNS", nil
	}
	for _, file := range configFiles() {
		c, err := readConfig(file)
		if err != nil {
			return "", "", &fault{launch.Usage, err, `it may say {"runs": "folder"}`}
		}
		if c.Runs != "" {
			if filepath.IsAbs(c.Runs) {
				return c.Runs, file, nil
			}
			return filepath.Join(filepath.Dir(file), c.Runs), file, nil
		}
	}
	return "runs", "default", nil
}

// configFiles are the files that may exist, the nearest first.
func configFiles() []string {
	var files []string
	if dir, err := os.Getwd(); err == nil {
		for {
			files = append(files, filepath.Join(dir, projectFile))
			up := filepath.Dir(dir)
			if up == dir {
				break
			}
			dir = up
		}
	}
	if dir, err := os.UserConfigDir(); err == nil {
		files = append(files, filepath.Join(dir, "cogumi", "config.json"))
	}
	return files
}

// readConfig reads one file; a missing one is empty.
func readConfig(path string) (config, error) {
	var c config
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("read the configuration: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		return c, fmt.Errorf("read %s: %w", path, err)
	}
	return c, nil
}
