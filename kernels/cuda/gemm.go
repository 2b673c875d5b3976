package cuda

import (
	"fmt"

	"cogumi/kernels"
	"cogumi/kernels/cuda/blas"
	"cogumi/kernels/cuda/driver"
)

// gemmTile is a version of the product in gemm.cu.
type gemmTile struct {
	name    string
	m, n    int
	threads int
	blocks  int     // that a multiprocessor runs at a time
	speed   float64 // products of pairs a clock and multiprocessor, in thousands
}

var gemmTiles = []gemmTile{
	{"256", 128, 256, 256, 1, 0.9},
	{"128", 128, 128, 128, 2, 0.8},
	{"64", 64, 64, 128, 4, 0.4},
}

const (
	gemmDepth  = 32 // DEPTH in gemm.cu
	gemmStages = 4
)

func (t gemmTile) shared() int { return gemmStages * gemmDepth * 2 * (t.m + t.n) }

// gemmPlan is a tile and the parts that the sum is taken in.
type gemmPlan struct {
	gemmTile
	parts, part int
}

// planGemm chooses by an estimate of clocks: rounds of tiles, and what writing
// and adding up the parts costs.
func planGemm(s blas.Shape, g driver.Device) gemmPlan {
	var best gemmPlan
	least := 0.0
	for _, t := range gemmTiles {
		if t.shared() > g.SharedMemory {
			continue
		}
		at := float64(min(t.blocks, (g.SharedMemory+1024)/(t.shared()+1024)))
		tiles := ((s.M + t.m - 1) / t.m) * ((s.N + t.n - 1) / t.n)
		for parts := 1; parts <= 32 && (parts == 1 || s.K/parts >= 8*gemmDepth); parts *= 2 {
			part := ((s.K+parts-1)/parts + gemmDepth - 1) / gemmDepth * gemmDepth
			each := float64((tiles*parts + g.Multiprocessors - 1) / g.Multiprocessors)
			// a multiprocessor with fewer tiles than it could run is slower
			speed := 1000 * t.speed * (0.5 + 0.5*min(1, each/at))
			clocks := each * float64(t.m*t.n) * float64(part+4*gemmDepth) / speed
			if parts > 1 {
				clocks += 3000 + float64(s.M*s.N*(parts+1)*4)/float64(16*g.Multiprocessors)
			}
			if best.part == 0 || clocks < least {
				best, least = gemmPlan{t, (s.K + part - 1) / part, part}, clocks
			}
		}
	}
	return best
}

// ownProduct is the product where there is no cuBLASLt.
func (c *compiler) ownProduct(s blas.Shape, out, a, b matrix, alpha, beta float32) {
	c.gemm(planGemm(s, c.d.context.Device), s, out, a, b, alpha, beta)
}

func (c *compiler) gemm(p gemmPlan, s blas.Shape, out, a, b matrix, alpha, beta float32) {
	layout := map[[2]bool]string{{false, true}: "nt", {false, false}: "nn", {true, false}: "tn"}[[2]bool{s.TransA, s.TransB}]
	if layout == "" {
		c.fail(fmt.Errorf("%s without cuBLASLt: %w", s, kernels.ErrUnsupported))
		return
	}
	partial := driver.Ptr(0)
	if p.parts > 1 {
		partial = c.scratch(4 * int64(p.parts) * int64(s.M) * int64(s.N))
	}
	// pairs of values are stored together where rows begin with one
	pairs := flag(s.LdC%2 == 0 && out.p%8 == 0)
	tiles := ((s.M + p.m - 1) / p.m) * ((s.N + p.n - 1) / p.n)
	c.launch(c.kernel("gemm_"+layout+"_"+p.name), [3]int{tiles, p.parts, 1}, [3]int{p.threads, 1, 1}, p.shared(),
		a.p, b.p, out.p, partial, s.M, s.N, s.K, s.LdA, s.LdB, s.LdC, flag(s.F32), pairs, eights(a), eights(b), p.part, alpha, beta)
	if p.parts > 1 {
		c.launch(c.kernel("gemm_parts"), blocks(s.M*s.N, 256), [3]int{256, 1, 1}, 0,
			out.p, partial, s.M, s.N, s.LdC, flag(s.F32), p.parts, alpha, beta)
	}
}

// eights says whether a matrix can be read eight values at a time.
func eights(m matrix) int { return flag(m.p%16 == 0 && m.ld%8 == 0 && m.cols%8 == 0) }
