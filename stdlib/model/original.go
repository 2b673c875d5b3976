package model

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"cogumi/stdlib/experiment"
)

// LoadOriginal is Load with the weights as the files hold them, mostly in 16
// bits: nothing is quantised.
func LoadOriginal(name string) (*Model, error) {
	m, err := Load(name)
	if err != nil || !m.base.nf4 {
		return m, err
	}
	m.base.nf4 = false
	sum := sha256.Sum256([]byte("original\n" + m.Hash))
	m.Hash = hex.EncodeToString(sum[:])
	return m, nil
}

// MustLoadOriginal is LoadOriginal; an error ends the run.
func MustLoadOriginal(name string) *Model {
	m, err := LoadOriginal(name)
	if err != nil {
		experiment.Stop(experiment.WithCode(err, 3))
	}
	return m
}

// FindAdapter is OpenAdapter for a folder, or for the name of an adapter that
// cogumi download put into the hub's cache.
func FindAdapter(name string) (*Adapter, error) {
	folder := name
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		if folder, err = inCache(name); err != nil {
			return nil, experiment.Hint(fmt.Errorf("load adapter: %w", err), givenAdapter)
		}
	}
	a, err := OpenAdapter(folder)
	if errors.Is(err, fs.ErrNotExist) {
		err = experiment.Hint(err, givenAdapter)
	}
	return a, err
}

const givenAdapter = "give a folder with adapter_config.json and adapter_model.safetensors, or a name like org/name after cogumi download org/name"
