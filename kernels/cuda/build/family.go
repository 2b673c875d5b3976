package main

import (
	"archive/zip"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"cogumi/kernels/cuda/objects"
)

// architectures that get machine code; what came later gets the PTX.
var architectures = []string{"80", "86", "89", "90a"}

const (
	later      = "90"
	ptxVersion = "8.7" // of CUDA 12.8: drivers from 570 on, which every later GPU needs anyway
)

var (
	version = regexp.MustCompile(`(?m)^\.version \S+`)
	entry   = regexp.MustCompile(`(?m)^\s*(?:\.visible )?\.entry (\w+)`)
)

// recorded is the hash of the source that the family's archive was made from.
func recorded(family string) (string, error) {
	b, err := os.ReadFile(filepath.Join(target, family+".zip"))
	if err != nil {
		return "", err
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return "", err
	}
	f, err := z.Open(objects.SourceEntry)
	if err != nil {
		return "", err
	}
	defer f.Close()
	var hash bytes.Buffer
	_, err = hash.ReadFrom(f)
	return hash.String(), err
}

// family compiles one source for all architectures and writes its archive.
func (t *tools) family(family, hash string, verbose bool) error {
	temp, err := os.MkdirTemp("", "cogumi-kernels-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	add := func(name string, data []byte) error {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(data)
		}
		return err
	}
	if err := add(objects.SourceEntry, []byte(hash)); err != nil {
		return err
	}
	var kernels []string // of any architecture: some have kernels that others lack
	for _, arch := range append([]string{later}, architectures...) {
		name := "sm_" + arch
		data, err := t.ptx(temp, family, arch)
		if err != nil {
			return err
		}
		for _, m := range entry.FindAllSubmatch(data, -1) {
			if !slices.Contains(kernels, string(m[1])) {
				kernels = append(kernels, string(m[1]))
			}
		}
		if arch == later {
			name = "compute_" + arch
		} else if data, err = t.assemble(temp, family, arch, data, verbose); err != nil {
			return err
		}
		if err := add(name, data); err != nil {
			return err
		}
	}
	if err := add(objects.KernelsEntry, []byte(strings.Join(kernels, "\n"))); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	path := filepath.Join(target, family+".zip")
	if err := os.WriteFile(path+".tmp", out.Bytes(), 0o644); err != nil {
		return err
	}
	fmt.Printf("%s.zip %d KiB\n", family, out.Len()/1024)
	return os.Rename(path+".tmp", path)
}

func (t *tools) ptx(temp, family, arch string) ([]byte, error) {
	to := filepath.Join(temp, arch+".ptx")
	cmd := exec.Command(t.nvcc, "-ptx", "-O3", "-std=c++17", "-arch=compute_"+arch,
		"-o", to, filepath.Join(sources, family+".cu"))
	if b, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("nvcc %s.cu for compute_%s: %w\n%s", family, arch, err, b)
	} else if len(b) > 0 {
		fmt.Printf("%s", b)
	}
	b, err := os.ReadFile(to)
	return version.ReplaceAll(b, []byte(".version "+ptxVersion)), err
}

func (t *tools) assemble(temp, family, arch string, ptx []byte, verbose bool) ([]byte, error) {
	from, to := filepath.Join(temp, arch+".ptx"), filepath.Join(temp, arch+".cubin")
	if err := os.WriteFile(from, ptx, 0o644); err != nil {
		return nil, err
	}
	args := []string{"-O3", "-arch=sm_" + arch, "-o", to, from}
	if verbose {
		args = append([]string{"-v"}, args...)
	}
	b, err := exec.Command(t.ptxas, args...).CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("ptxas %s.cu for sm_%s: %w\n%s", family, arch, err, b)
	}
	if text := strings.TrimSpace(string(b)); text != "" {
		fmt.Printf("%s sm_%s:\n%s\n", family, arch, text)
	}
	return os.ReadFile(to)
}
