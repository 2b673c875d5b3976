//go:build !amd64

package minhash

const active = plain

func minima(x, a, b, out []uint32) bool { return false }

func alike(x, slices []byte, least int, out []int32) int { return alikePlain(x, slices, least, out) }
