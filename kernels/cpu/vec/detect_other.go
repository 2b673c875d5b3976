//go:build !amd64

package vec

func detect() level { return plain }
