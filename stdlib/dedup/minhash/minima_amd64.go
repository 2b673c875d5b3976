package minhash

import (
	"os"

	"golang.org/x/sys/cpu"
)

// active is what this process uses: what the processor has, or less if
// COGUMI_ISA says so.
var active = pick(detect(), os.Getenv("COGUMI_ISA"))

func detect() level {
	switch {
	case cpu.X86.HasAVX512F:
		return avx512
	case cpu.X86.HasAVX2 && cpu.X86.HasPOPCNT:
		return avx2
	}
	return plain
}

func pick(have level, name string) level {
	for l := plain; l < have; l++ {
		if l.String() == name {
			return l
		}
	}
	return have
}

//go:noescape
func minimaAVX2(x *uint32, n int, a, b, out *uint32, permutations int)

//go:noescape
func minimaAVX512(x *uint32, n int, a, b, out *uint32, permutations int)

//go:noescape
func alikeAVX2(x, slices *byte, n, least int, out *int32) int

// alike takes at least one slice.
func alike(x, slices []byte, least int, out []int32) int {
	return alikeAVX2(&x[0], &slices[0], len(out), least, &out[0])
}

// minima takes at least one x and a positive multiple of 64 permutations, and
// says whether there is a loop for that.
func minima(x, a, b, out []uint32) bool {
	switch active {
	case avx512:
		minimaAVX512(&x[0], len(x), &a[0], &b[0], &out[0], len(out))
	case avx2:
		minimaAVX2(&x[0], len(x), &a[0], &b[0], &out[0], len(out))
	default:
		return false
	}
	return true
}
