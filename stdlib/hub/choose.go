package hub

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"cogumi/stdlib/experiment"
)

// wanted are the files of a model that cogumi and the field's tools load: its
// configuration, its tokenizer, its weights as safetensors, an adapter's two
// files, and what its authors say about it. Not among them are the same weights
// in other formats (*.bin, *.pth, *.h5, *.msgpack, *.onnx, original/,
// consolidated*).
var wanted = []string{
	"config.json", "generation_config.json", "tokenizer*", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
	"chat_template*", "model.safetensors", "model.safetensors.index.json", "model-*-of-*.safetensors",
	"adapter_config.json", "adapter_model.safetensors", "README*", "LICENSE*", "NOTICE*", "USE_POLICY*",
}

// Options narrow or widen what is downloaded. Patterns are shell patterns on the
// whole name; * also stands for /.
type Options struct {
	Include []string // nil: what a model needs
	Exclude []string
}

// choose picks the files to have. A model whose weights come in no format that
// cogumi reads is refused.
func (o Options) choose(id ID, files []file) ([]file, error) {
	for _, p := range slices.Concat(o.Include, o.Exclude) {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return nil, fmt.Errorf("%q is no pattern for file names", p)
		}
	}
	include := o.Include
	if include == nil {
		include = wanted
	}
	var chosen []file
	for _, f := range files {
		if matches(include, f.Name) && !matches(o.Exclude, f.Name) {
			chosen = append(chosen, f)
		}
	}
	if o.Include == nil {
		return chosen, weightsAmong(id, files)
	}
	if len(chosen) == 0 {
		return nil, experiment.Hint(fmt.Errorf("%s has no file that %s names", id, strings.Join(o.Include, " ")), "its files are "+names(files, ""))
	}
	return chosen, nil
}

// matches looks for a pattern that fits. Without a * a pattern names a file, so
// it never reaches into folders by accident.
func matches(patterns []string, name string) bool {
	// path.Match keeps * within one folder: a character that no pattern has takes
	// the place of the slash where a pattern has none itself.
	flat := strings.ReplaceAll(name, "/", "\x01")
	for _, p := range patterns {
		if ok, _ := path.Match(strings.ReplaceAll(p, "/", "\x01"), flat); ok {
			return true
		}
	}
	return false
}

// weightsAmong refuses what would be downloaded in vain.
func weightsAmong(id ID, files []file) error {
	has := func(suffix string) bool {
		return slices.ContainsFunc(files, func(f file) bool {
			return strings.HasSuffix(f.Name, suffix) && !strings.Contains(f.Name, "/")
		})
	}
	switch {
	case has(".safetensors"):
		return nil
	case has(".gguf"):
		return experiment.Hint(fmt.Errorf("%s holds one model several times, as GGUF: say which", id),
			fmt.Sprintf("cogumi download %s --include %s; there are %s", id, "NAME.gguf", names(files, ".gguf")))
	case has(".bin") || has(".pth") || has(".pt"):
		return experiment.Hint(fmt.Errorf("%s has its weights as a Python pickle only, which can run code when it is read: cogumi reads safetensors", id),
			"look for a revision or a copy with model.safetensors; --include takes any file all the same")
	}
	return experiment.Hint(fmt.Errorf("%s has no weights that cogumi knows (model*.safetensors, *.gguf)", id), "its files are "+names(files, "")+"; --include takes any of them")
}

func names(files []file, suffix string) string {
	var list []string
	for _, f := range files {
		if strings.HasSuffix(f.Name, suffix) {
			list = append(list, f.Name)
		}
	}
	if len(list) > 12 {
		list = append(list[:11], fmt.Sprintf("%d more", len(list)-11))
	}
	return strings.Join(list, ", ")
}
