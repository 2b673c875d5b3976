package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"cogumi/runtime/toolchain"
)

//go:embed template.go.txt
var template string

func (a *app) newCommand() *cobra.Command {
	from, dir := "", ""
	c := &cobra.Command{
		Use:   "new NAME [--from NAME|FILE] [--dir DIR]",
		Short: "Start a script: from nothing, or from another one",
		Long: `Writes NAME.go, into ./experiments where there is such a folder. It runs as it is:
change it from there. An existing file is never overwritten.

--dir makes a folder of its own that editors understand: its go.mod leads to
cogumi's source, which the binary carries, so that gopls, go vet and go run know
every package. After an update of cogumi the same command leads it to the new one.`,
		Example: `  cogumi new my
  cogumi new my --from phase1b_scaleup
  cogumi new my --dir scripts`,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("cogumi new my", "new needs one name")
			}
			return a.newScript(args[0], from, dir)
		},
	}
	c.Flags().StringVar(&from, "from", "", "the script to start from")
	c.Flags().StringVar(&dir, "dir", "", "a folder with a go.mod for editors and the go command")
	_ = c.RegisterFlagCompletionFunc("from", completeScripts)
	return c
}

var scriptName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

func (a *app) newScript(arg, from, dir string) error {
	folder, base := filepath.Split(arg)
	name := strings.TrimSuffix(base, ".go")
	if !scriptName.MatchString(name) || strings.HasSuffix(name, "_test") {
		return usage("use letters, digits and _", "%q cannot be the name of a script", name)
	}
	if dir != "" {
		folder = filepath.Join(dir, folder)
		if err := a.makeModule(dir); err != nil {
			return err
		}
	}
	if folder == "" {
		if fi, err := os.Stat(scriptFolder); err == nil && fi.IsDir() {
			folder = scriptFolder
		}
	}
	source := []byte(strings.ReplaceAll(template, "NAME", name))
	if from != "" {
		f, _, err := findScript(from)
		if err != nil {
			return err
		}
		source = f.Source
	}
	path := filepath.Join(folder, name+".go")
	if err := writeNew(path, source); err != nil {
		if dir != "" && errors.Is(err, fs.ErrExist) {
			a.tell("%s is kept as it is; the folder leads to this version of cogumi", path)
			return nil
		}
		if errors.Is(err, fs.ErrExist) {
			return usage("choose another name, or remove it first", "%s exists already", path)
		}
		return failed("", "write the script: %v", err)
	}
	fmt.Fprintln(a.out, path)
	a.tell("run it: cogumi run %s", path)
	return nil
}

// makeModule makes dir a module that leads to cogumi's source.
func (a *app) makeModule(dir string) error {
	source, err := toolchain.ReadSource(a.source)
	if err == nil {
		err = source.MakeModule(dir)
	}
	if err != nil {
		return failed("choose a folder without a go.mod of its own", "make a folder for scripts: %v", err)
	}
	return nil
}

// writeNew writes a file that must not exist yet.
func writeNew(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.Write(b); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
