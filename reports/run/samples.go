package run

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
)

// Open opens a file of the run folder for reading. Neither ".." nor a symbolic
// link leads out of the folder.
func (r *Run) Open(path string) (*os.File, error) {
	if !localPath(path) {
		return nil, fmt.Errorf("open %q: the path leaves the run folder", path)
	}
	root, err := os.OpenRoot(r.Dir)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(path)
}

// Samples reads a sample set. Lines that are no sample (a kill cut the last one)
// are counted in bad.
func (r *Run) Samples(set SampleSet) (samples []Sample, bad int, err error) {
	f, err := r.Open(set.Path)
	if err != nil {
		return nil, 0, fmt.Errorf("samples %s: %w", set.Name, err)
	}
	defer f.Close()
	if samples, bad, err = readSamples(f); err != nil {
		err = fmt.Errorf("samples %s: %w", set.Name, err)
	}
	return samples, bad, err
}

func readSamples(src io.Reader) (samples []Sample, bad int, err error) {
	br := bufio.NewReaderSize(src, 64<<10)
	for {
		line, whole, err := readLine(br)
		if err != nil && err != io.EOF {
			return samples, bad, err
		}
		if len(bytes.TrimSpace(line)) > 0 || !whole {
			var s Sample
			if !whole || json.Unmarshal(line, &s) != nil {
				bad++
			} else {
				samples = append(samples, s)
			}
		}
		if err == io.EOF {
			return samples, bad, nil
		}
	}
}
