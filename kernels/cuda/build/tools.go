package main

import (
	"archive/zip"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// wheels are the parts of the compiler; the versions fit each other.
var wheels = []string{
	"nvidia-cuda-nvcc==13.0.88", "nvidia-nvvm==13.0.88", "nvidia-cuda-crt==13.0.88",
	"nvidia-cuda-runtime==13.0.96", "nvidia-cuda-cccl==13.0.85", "nvidia-cuda-nvcc-cu12==12.9.86",
}

// tools are the paths of the two compilers.
type tools struct{ nvcc, ptxas string }

// installed returns the compilers in folder, fetching them first where they are
// not there.
func installed(folder string) (*tools, error) {
	t := &tools{
		nvcc:  filepath.Join(folder, "nvidia/cu13/bin/nvcc"),
		ptxas: filepath.Join(folder, "nvidia/cuda_nvcc/bin/ptxas"),
	}
	done := filepath.Join(folder, "complete")
	if _, err := os.Stat(done); err == nil {
		return t, nil
	}
	download := filepath.Join(folder, "wheels")
	args := []string{"-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", download}
	for _, p := range []string{"manylinux_2_17", "manylinux2014", "manylinux2010"} {
		args = append(args, "--platform", p+"_x86_64")
	}
	cmd := exec.Command("python3", append(args, wheels...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("fetch the compiler (python3 -m pip download): %w", err)
	}
	files, err := filepath.Glob(filepath.Join(download, "*.whl"))
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if err := unpack(f, folder); err != nil {
			return nil, fmt.Errorf("unpack %s: %w", f, err)
		}
	}
	return t, os.WriteFile(done, nil, 0o644)
}

// unpack writes a wheel's files; wheels keep no run bits, so all get one.
func unpack(wheel, folder string) error {
	z, err := zip.OpenReader(wheel)
	if err != nil {
		return err
	}
	defer z.Close()
	for _, f := range z.File {
		if !filepath.IsLocal(f.Name) || f.FileInfo().IsDir() {
			continue
		}
		if err := write(f, filepath.Join(folder, f.Name)); err != nil {
			return err
		}
	}
	return nil
}

func write(f *zip.File, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	from, err := f.Open()
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	return to.Close()
}
