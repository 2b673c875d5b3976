// Package stage knows what an experiment script says about itself: the header
// (its first comment), the flags that it defines, and how the scripts of a
// pipeline hang together by what they read and write.
//
//	//go:build ignore
//
//	// PURPOSE: Train on what the model gets wrong.
//	// WHEN TO USE: the benchmark names a weak category
//	// INPUT: --pool F (default tinyworld/pool) | problems | rows>=100
//	//        data/judged | judged records | from=phase1b_benchmark.go
//	// OUTPUT: --out DIR (default data/train) | training rows | rows>=1
//	// PIPELINE STAGE: 1B.3 targeted training
//	// TIME: 15-20 min for 73 rows on an A100
//	// COST: $0.50-1
//
//	package main
//
// The header is strict so that it can be trusted: an unknown key, a flag that
// does not exist, an input that nobody makes are errors with their line. A
// program without a header is plain Go and none of this package's business.
package stage

import (
	"os"
	"path/filepath"
	"strings"
)

// Script is one program with what is known of it without running it.
type Script struct {
	Name   string // file name without folder and ".go"
	Path   string // as a person would write it; what diagnostics name
	Source []byte
	Header *Header // nil: plain Go without a header
	Flags  []Flag  // what the program defines, in source order

	// DynamicFlags: some flag names are computed, so Flags may be incomplete.
	DynamicFlags bool
}

// Read reads the script at path and parses it.
func Read(path string) (*Script, []Problem, error) {
	src, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	s, problems := Parse(path, src)
	return s, problems, nil
}

// Parse parses a script's header and flags and compares them. path names the
// script in problems; the script is never nil.
func Parse(path string, src []byte) (*Script, []Problem) {
	s := &Script{
		Name:   strings.TrimSuffix(filepath.Base(path), ".go"),
		Path:   path,
		Source: src,
	}
	header, problems := parseHeader(path, src)
	s.Header = header
	flags, more := scanFlags(path, src)
	s.Flags, s.DynamicFlags = flags.list, flags.dynamic
	if header != nil {
		problems = append(problems, more...)
		problems = append(problems, compareFlags(s)...)
	}
	SortProblems(problems)
	return s, problems
}

// Flag returns the flag that the program defines under name, or nil.
func (s *Script) Flag(name string) *Flag {
	for i := range s.Flags {
		if s.Flags[i].Name == name {
			return &s.Flags[i]
		}
	}
	return nil
}
