package gguf

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
)

// partName is how llama.cpp (llama-gguf-split, gguf-py) names the parts of a
// model: NAME-00001-of-00003.gguf. The first part has the metadata, the others only
// their number and tensors.
var partName = regexp.MustCompile(`^(.*)-(\d{5})-of-(\d{5})\.gguf$`)

// mostParts bounds how many files one model may open.
const mostParts = 1000

// Parts are the files of the model that path is the first part of, path itself
// among them; only path where it is no part.
func Parts(path string) ([]string, error) {
	m := partName.FindStringSubmatch(filepath.Base(path))
	if m == nil {
		return []string{path}, nil
	}
	number, _ := strconv.Atoi(m[2]) // five digits
	count, _ := strconv.Atoi(m[3])
	if count < 1 || count > mostParts || number < 1 || number > count {
		return nil, fmt.Errorf("gguf: %s is part %d of %d", path, number, count)
	}
	if number != 1 {
		return nil, fmt.Errorf("gguf: %s is part %d of a model: give the first one, %s-00001-of-%s.gguf", path, number, m[1], m[3])
	}
	list := make([]string, count)
	for i := range list {
		list[i] = filepath.Join(filepath.Dir(path), fmt.Sprintf("%s-%05d-of-%05d.gguf", m[1], i+1, count))
	}
	return list, nil
}

// openParts opens a model's parts as one file.
func openParts(paths []string) (f *File, err error) {
	var parts []*File
	defer func() {
		if err != nil {
			for _, p := range parts {
				p.Close()
			}
		}
	}()
	for i, path := range paths {
		p, err := openOne(path)
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
		r := &reader{f: p}
		if no, count := r.size("split.no"), r.size("split.count"); r.err != nil || no != int64(i) || count != int64(len(paths)) {
			return nil, fmt.Errorf("gguf: %s says that it is part %d of %d, its name that it is part %d of %d", path, no+1, count, i+1, len(paths))
		}
	}
	f = parts[0]
	unmaps := []func() error{}
	for i, p := range parts {
		unmaps = append(unmaps, p.unmap)
		if i == 0 {
			continue
		}
		for _, name := range p.names {
			if _, twice := f.tensors[name]; twice {
				return nil, fmt.Errorf("gguf: %s: tensor %q is in another part already", paths[i], name)
			}
			f.names, f.tensors[name] = append(f.names, name), p.tensors[name]
		}
	}
	r := &reader{f: f}
	if want := get(r, "split.tensors.count", "an integer", int64(len(f.names))); r.err == nil && want != int64(len(f.names)) {
		return nil, fmt.Errorf("gguf: the parts of %s hold %d tensors, %d are announced", paths[0], len(f.names), want)
	}
	if r.err != nil {
		return nil, r.err
	}
	f.whole = true
	f.unmap = func() error {
		var all error
		for _, unmap := range unmaps {
			all = errors.Join(all, unmap())
		}
		return all
	}
	return f, nil
}
