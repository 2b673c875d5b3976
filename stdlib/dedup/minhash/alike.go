package minhash

// Slice is how many places of a signature Alike compares.
const Slice = 32

// Alike lists which of the slices agree with x in at least the given number of
// places. slices holds one slice of 32 bytes after another, x one; out must have
// room for a number a slice. It returns how many it wrote: their indexes, rising.
func Alike(x, slices []byte, least int, out []int32) int {
	n := len(slices) / Slice
	x, out = x[:Slice], out[:n]
	if n == 0 {
		return 0
	}
	if active == plain {
		return alikePlain(x, slices, least, out)
	}
	return alike(x, slices, least, out)
}

func alikePlain(x, slices []byte, least int, out []int32) (found int) {
	for i := range out {
		out[found] = int32(i)
		if Equal(x, slices[i*Slice:(i+1)*Slice]) >= least {
			found++
		}
	}
	return found
}
