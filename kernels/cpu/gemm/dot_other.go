//go:build !amd64

package gemm

func (c *Codes) dotWidth() int                           { return 0 }
func (c *Codes) dot(to, a []float32, k, j int, add bool) {}
func (b *BF16) dotWidth() int                            { return 0 }
func (b *BF16) dot(to, a []float32, k, j int, add bool)  {}
