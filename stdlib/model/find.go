package model

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"cogumi/stdlib/experiment"
	"cogumi/stdlib/hub"
)

// locate is the folder or file of a model that is not built in, and what to call
// it: a folder or a GGUF file as it is, or a name of the Hugging Face hub in its
// cache.
func locate(name string) (path, called string, err error) {
	if info, err := os.Stat(name); err == nil && (info.IsDir() || filepath.Ext(name) == ".gguf") {
		return name, filepath.Base(filepath.Clean(name)), nil
	}
	var folder string
	folder, err = inCache(name)
	if err != nil {
		return "", "", fmt.Errorf("load model: %w", err)
	}
	id, err := hub.Parse(name)
	return folder, id.String(), err
}

// inCache looks a name up in the hub's cache. What cannot be such a name is
// treated as the folder that is not there.
func inCache(name string) (string, error) {
	if _, err := hub.Parse(name); err != nil {
		return "", experiment.Hint(fmt.Errorf("%s is no folder", name), givenModel)
	}
	folder, err := hub.Find(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", experiment.Hint(fmt.Errorf("%s is no folder, and not in the cache of models", name), "cogumi download "+name+"; or "+givenModel)
	}
	return folder, err
}

const givenModel = `give a folder with config.json, tokenizer.json and model.safetensors, a .gguf file, a name like org/name, or "tiny" for the built-in model`
