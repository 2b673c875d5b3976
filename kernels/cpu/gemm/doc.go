// Package gemm multiplies float32 matrices on all cores.
//
// C = A·B, with B in panels: groups of NR columns stored row after row, so that
// the inner kernel reads it as one stream. A kernel keeps a tile of C (a few rows
// of A times one panel) in registers; there is one for every number of rows, so
// small A waste nothing. K is cut into blocks that the caches hold (the scheme
// of Goto and van de Geijn, doi:10.1145/1356052.1356053).
//
// Every element of C is summed the same way whatever else is in the batch: within
// a block of K one chain of fused multiply-adds in order of k, the blocks added
// in order, and blocks depend on K alone. So results are bitwise the same for any
// number of rows and of threads. AVX2 and AVX-512 give the same bits too; plain
// Go rounds the products.
package gemm
