package run

import (
	"crypto/rand"
	"encoding/base32"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"cogumi/reports/run/durable"
)

// Names inside a run folder.
const (
	infoFile      = "run.json"
	eventsFile    = "events.jsonl"
	heartbeatFile = "heartbeat"
	lockFile      = ".lock"
	moduleFile    = "go.mod"
	SourceDir     = "source"
	ArtefactDir   = "artefacts"
	SampleDir     = "samples"
)

// moduleText keeps a run's copies of Go files out of the ./... of the module
// that its folder lies in.
const moduleText = "// The Go files below are what a run was made from, no part of another module.\nmodule run\n"

// Create makes a new run folder under root and writes its run.json. It fills in
// Version, ID, State, Started and Attempt where they are empty. The id sorts by
// time: UTC time, script, four random characters.
func Create(root string, info Info) (*Writer, error) {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if info.Started.IsZero() {
		info.Started = time.Now().UTC()
	}
	dir, err := makeFolder(root, info)
	if err != nil {
		return nil, err
	}
	info.Version, info.ID = Version, filepath.Base(dir)
	if info.State == "" {
		info.State = Running
	}
	info.Attempt = max(info.Attempt, 1)
	for _, sub := range []string{SourceDir, ArtefactDir, SampleDir} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, fmt.Errorf("create run: %w", err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, moduleFile), []byte(moduleText), 0o644); err != nil {
		return nil, fmt.Errorf("create run: %w", err)
	}
	if err := writeInfo(dir, &info); err != nil {
		return nil, err
	}
	if err := durable.SyncDir(root); err != nil {
		return nil, err
	}
	return OpenWriter(dir)
}

func makeFolder(root string, info Info) (string, error) {
	for try := 0; ; try++ {
		dir := filepath.Join(root, newID(info.Started, info.Script))
		err := os.Mkdir(dir, 0o755)
		if err == nil {
			return dir, nil
		}
		if !errors.Is(err, fs.ErrExist) || try == 100 {
			return "", fmt.Errorf("create run: %w", err)
		}
	}
}

var idLetters = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

func newID(started time.Time, script string) string {
	var b [3]byte
	rand.Read(b[:])
	return fmt.Sprintf("%s-%s-%s", started.UTC().Format("20060102-150405"), idName(script), idLetters.EncodeToString(b[:])[:4])
}

// idName is a script's name as a part of a folder name.
func idName(script string) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '_', r == '-':
			return r
		}
		return '_'
	}, strings.TrimSuffix(filepath.Base(script), ".go"))
	if name = strings.Trim(name, "_-"); name == "" {
		name = "run"
	}
	return name[:min(len(name), 60)]
}
