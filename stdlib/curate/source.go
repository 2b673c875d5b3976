package curate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"cogumi/stdlib/dataset"
	"cogumi/stdlib/experiment"
)

// Source is rows of one origin.
type Source struct {
	Name     string
	Files    []string      // in the order in which rows count
	Fields   dataset.Names // names of the fields, where they are not the usual ones
	Category string        // of rows that have none
	License  string        // SPDX id or name, for the report
}

// Sources reads descriptions of sources: [name=]path[,key=value…]. path is a file, a
// folder with files of any depth, a pattern (data/*.jsonl.gz), or built-in data. Keys
// are fields of a row with the name that they have in the file
// (instruction=question, output=answers.0.text), category and license.
//
// Earlier sources go first: of two rows that say the same the first one's stays.
func Sources(specs []string) ([]Source, error) {
	var list []Source
	for _, spec := range specs {
		s, err := parseSource(spec)
		if err != nil {
			return nil, experiment.WithCode(fmt.Errorf("source %s: %w", spec, err), codeOf(err))
		}
		for _, o := range list {
			if o.Name == s.Name {
				return nil, experiment.WithCode(experiment.Hint(fmt.Errorf("two sources have the name %s", s.Name), "name them: "+s.Name+"2="+spec), 2)
			}
		}
		list = append(list, s)
	}
	if len(list) == 0 {
		return nil, experiment.WithCode(errors.New("no source of rows is named"), 2)
	}
	return list, nil
}

// MustSources is Sources; an error ends the run.
func MustSources(specs []string) []Source {
	s, err := Sources(specs)
	return must(s, err)
}

func codeOf(err error) int {
	if errors.Is(err, fs.ErrNotExist) {
		return 3
	}
	return 2
}

// fields are what a row can be given under another name.
var fields = []string{"instruction", "input", "output", "messages", "conversations", "category", "family", "answer"}

func parseSource(spec string) (s Source, err error) {
	parts := strings.Split(spec, ",")
	path := parts[0]
	if name, rest, ok := strings.Cut(path, "="); ok && !strings.ContainsAny(name, `/\*`) {
		s.Name, path = name, rest
	}
	for _, p := range parts[1:] {
		key, value, ok := strings.Cut(p, "=")
		switch {
		case !ok || value == "":
			return s, fmt.Errorf("%q is not key=value", p)
		case key == "license":
			s.License = value
		case key == "category" && !strings.HasPrefix(value, "."):
			s.Category = value
		case slices.Contains(fields, key):
			if s.Fields == nil {
				s.Fields = dataset.Names{}
			}
			s.Fields[key] = strings.TrimPrefix(value, ".")
		default:
			return s, experiment.Hint(fmt.Errorf("the key %q is not known", key), "Known are "+strings.Join(fields, ", ")+", license. category=math gives all rows that category, category=.topic reads it from the field topic.")
		}
	}
	if s.Files, err = filesOf(path); err != nil {
		return s, err
	}
	if s.Name == "" {
		s.Name = nameOf(path)
	}
	return s, nil
}

// nameOf is a path without its folder and what says how it is packed.
func nameOf(path string) string {
	name := filepath.Base(filepath.Clean(path))
	if name == "*" || strings.HasPrefix(name, "*.") {
		name = filepath.Base(filepath.Dir(path))
	}
	if cut, _, ok := strings.Cut(name, "."); ok && cut != "" {
		name = cut
	}
	return strings.Trim(name, "*-_")
}

// filesOf lists the files of a path, in the order of their names.
func filesOf(path string) ([]string, error) {
	if path == "" {
		return nil, errors.New("it has no path")
	}
	if strings.HasPrefix(path, "tinyworld/") {
		return []string{path}, nil
	}
	if strings.ContainsAny(path, "*?[") {
		list, err := filepath.Glob(path)
		if err == nil && len(list) == 0 {
			err = fmt.Errorf("nothing fits %s: %w", path, fs.ErrNotExist)
		}
		return list, err
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return []string{path}, err
	}
	var list []string
	err = filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if p != path && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.Type().IsRegular() && isRows(p) {
			list = append(list, p)
		}
		return nil
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("the folder %s has no file of rows (.jsonl, .ndjson, .json, .parquet, also .gz and .zst): %w", path, fs.ErrNotExist)
	}
	return list, err
}

func isRows(path string) bool {
	name := strings.ToLower(path)
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson", ".parquet":
		return true
	case ".json": // beside rows lie descriptions of them
		base := filepath.Base(name)
		return base != "dataset_info.json" && base != "dataset_infos.json" && base != "state.json" && base != "package.json"
	}
	return false
}
