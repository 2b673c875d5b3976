package blas

import (
	"fmt"
	"unsafe"

	"cogumi/kernels"
	"cogumi/kernels/cuda/driver"
)

// Shape is a product of row-major matrices, C[M,N] = Alpha·op(A)·op(B) +
// Beta·C: op(A) is [M,K], stored as [K,M] with TransA; op(B) is [K,N], stored
// as [N,K] with TransB. LdA, LdB, LdC are the distances of stored rows, in
// elements. A and B are bf16, C is bf16 or f32, sums are f32.
type Shape struct {
	M, N, K        int
	LdA, LdB, LdC  int
	TransA, TransB bool
	F32            bool // C
	FP8            bool // A and B are E4M3 with a scale for each row of A and each column of op(B); TransB alone
	Align          int  // bytes that all addresses are multiples of
}

func (s Shape) String() string {
	t := func(b bool) string {
		if b {
			return "ᵀ"
		}
		return ""
	}
	c := "bf16"
	if s.F32 {
		c = "f32"
	}
	if s.FP8 {
		c += ", in 8-bit floats"
	}
	return fmt.Sprintf("product [%d,%d] of A%s, B%s over %d, to %s", s.M, s.N, t(s.TransA), t(s.TransB), s.K, c)
}

// Plan is a shape with the algorithm that it is computed with.
type Plan struct {
	l             *Library
	shape         Shape
	desc, a, b, c uintptr
	algo          [64]byte // cublasLtMatmulAlgo_t
	Workspace     uint64
	Waves         float32
}

// constants of cublasLt.h, library_types.h and cublas_api.h.
const (
	cudaR32F, cudaR16BF    = 0, 14
	cudaR8FE4M3            = 28
	compute32F             = 68
	descTransA, descTransB = 3, 4
	descScaleA, descScaleB = 17, 18 // addresses
	descFastSums           = 25
	descModeA, descModeB   = 31, 32
	scaleByRow             = 3 // CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F
	preferMaxWorkspace     = 1
	preferReductionMask    = 3
	preferAlign            = 5 // of A; B, C and D follow
	reductionCompute       = 2 // sums of parts in a fixed order, in the type of the computation
	reductionOutput        = 4
	heuristicResultBytes   = 96
	heuristicAlgo          = 0
	heuristicWorkspace     = 64
	heuristicState         = 72
	heuristicWaves         = 76
)

// Plan pins the algorithm for a shape: the first that the library proposes,
// among those that sum in a fixed order.
func (l *Library) Plan(s Shape) (*Plan, error) {
	if p := l.made[s]; p != nil {
		return p, nil
	}
	p := &Plan{l: l, shape: s}
	if err := p.prepare(); err != nil {
		return nil, fmt.Errorf("%s: %w", s, err)
	}
	l.made[s] = p
	return p, nil
}

// prepare makes the descriptors. The library thinks in columns: the product is
// computed as Cᵀ = op(B)ᵀ·op(A)ᵀ, so that its first matrix is B.
func (p *Plan) prepare() error {
	l, s := p.l, p.shape
	if err := l.do("cublasLtMatmulDescCreate", uintptr(unsafe.Pointer(&p.desc)), compute32F, cudaR32F); err != nil {
		return err
	}
	for _, t := range []struct {
		attribute uintptr
		on        bool
	}{{descTransA, s.TransB}, {descTransB, s.TransA}} {
		var op int32
		if t.on {
			op = 1
		}
		if err := l.do("cublasLtMatmulDescSetAttribute", p.desc, t.attribute, uintptr(unsafe.Pointer(&op)), 4); err != nil {
			return err
		}
	}
	typeAB, typeC := uintptr(cudaR16BF), uintptr(cudaR16BF)
	if s.F32 {
		typeC = cudaR32F
	}
	if s.FP8 {
		typeAB = cudaR8FE4M3
		if err := p.scaled(); err != nil {
			return err
		}
	}
	aRows, aCols := s.K, s.M
	if s.TransA {
		aRows, aCols = s.M, s.K
	}
	bRows, bCols := s.N, s.K
	if s.TransB {
		bRows, bCols = s.K, s.N
	}
	for _, m := range []struct {
		to              *uintptr
		kind            uintptr
		rows, cols, gap int
	}{{&p.b, typeAB, bRows, bCols, s.LdB}, {&p.a, typeAB, aRows, aCols, s.LdA}, {&p.c, typeC, s.N, s.M, s.LdC}} {
		if err := l.do("cublasLtMatrixLayoutCreate", uintptr(unsafe.Pointer(m.to)), m.kind, uintptr(m.rows), uintptr(m.cols), uintptr(m.gap)); err != nil {
			return err
		}
	}
	return p.choose()
}

// scaled asks for a scale for each row, and for sums on the tensor cores'
// shorter accumulators.
func (p *Plan) scaled() error {
	for _, a := range []struct {
		attribute uintptr
		value     int32
		bytes     uintptr
	}{{descModeA, scaleByRow, 4}, {descModeB, scaleByRow, 4}, {descFastSums, 1, 1}} {
		if err := p.l.do("cublasLtMatmulDescSetAttribute", p.desc, a.attribute, uintptr(unsafe.Pointer(&a.value)), a.bytes); err != nil {
			return err
		}
	}
	return p.scales(p.l.workspace, p.l.workspace) // any address, to choose an algorithm by
}

// scales sets where the scales are: of A's rows and of B's.
func (p *Plan) scales(a, b driver.Ptr) error {
	if err := p.l.do("cublasLtMatmulDescSetAttribute", p.desc, descScaleB, uintptr(unsafe.Pointer(&a)), 8); err != nil {
		return err
	}
	return p.l.do("cublasLtMatmulDescSetAttribute", p.desc, descScaleA, uintptr(unsafe.Pointer(&b)), 8)
}

// RunScaled computes a product of 8-bit floats: a's row i times scaleA[i], b's
// stored row j times scaleB[j].
func (p *Plan) RunScaled(s *driver.Stream, a, b, c, scaleA, scaleB driver.Ptr, alpha, beta float32) error {
	if err := p.scales(scaleA, scaleB); err != nil {
		return err
	}
	return p.Run(s, a, b, c, alpha, beta)
}

func (p *Plan) choose() error {
	found, err := p.candidates(1)
	if err != nil {
		return err
	}
	p.take(found[0])
	return nil
}

// candidate is an algorithm that the library proposes.
type candidate [heuristicResultBytes]byte

func (p *Plan) take(c candidate) {
	copy(p.algo[:], c[heuristicAlgo:])
	p.Workspace = *(*uint64)(unsafe.Pointer(&c[heuristicWorkspace]))
	p.Waves = *(*float32)(unsafe.Pointer(&c[heuristicWaves]))
}

// candidates are up to n algorithms, the most promising first.
func (p *Plan) candidates(n int) ([]candidate, error) {
	l := p.l
	var preference uintptr
	if err := l.do("cublasLtMatmulPreferenceCreate", uintptr(unsafe.Pointer(&preference))); err != nil {
		return nil, err
	}
	defer l.do("cublasLtMatmulPreferenceDestroy", preference)
	set := func(attribute uintptr, value unsafe.Pointer, bytes uintptr) error {
		return l.do("cublasLtMatmulPreferenceSetAttribute", preference, attribute, uintptr(value), bytes)
	}
	bytes, mask, align := uint64(WorkspaceBytes), uint32(reductionCompute|reductionOutput), uint32(p.shape.Align)
	err := set(preferMaxWorkspace, unsafe.Pointer(&bytes), 8)
	if err == nil {
		err = set(preferReductionMask, unsafe.Pointer(&mask), 4)
	}
	for i := range uintptr(4) {
		if err == nil {
			err = set(preferAlign+i, unsafe.Pointer(&align), 4)
		}
	}
	if err != nil {
		return nil, err
	}
	var found int32
	results := make([]candidate, n)
	if err := l.do("cublasLtMatmulAlgoGetHeuristic", l.handle, p.desc, p.b, p.a, p.c, p.c, preference, uintptr(n),
		uintptr(unsafe.Pointer(&results[0])), uintptr(unsafe.Pointer(&found))); err != nil {
		return nil, err
	}
	var good []candidate
	for _, r := range results[:found] {
		if *(*int32)(unsafe.Pointer(&r[heuristicState])) == 0 {
			good = append(good, r)
		}
	}
	if len(good) == 0 {
		return nil, fmt.Errorf("cuBLASLt has no algorithm: %w", kernels.ErrUnsupported)
	}
	return good, nil
}

// Run computes the product in a stream.
func (p *Plan) Run(s *driver.Stream, a, b, c driver.Ptr, alpha, beta float32) error {
	l := p.l
	err := l.do("cublasLtMatmul", l.handle, p.desc, uintptr(unsafe.Pointer(&alpha)), uintptr(b), p.b, uintptr(a), p.a,
		uintptr(unsafe.Pointer(&beta)), uintptr(c), p.c, uintptr(c), p.c, uintptr(unsafe.Pointer(&p.algo[0])),
		uintptr(l.workspace), WorkspaceBytes, s.Handle())
	if e, ok := err.(*driver.Error); ok {
		e.Detail = p.shape.String()
	}
	return err
}
