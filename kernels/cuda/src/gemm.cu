// Matrix products where there is no cuBLASLt: bf16 in, f32 sums, bf16 or f32 out.
//
//   nvcc -ptx -arch=compute_90a src/gemm.cu     (make kernels)
//
// C[m,n] = alpha·op(A)·op(B) + beta·C. op(A) is [m,k], stored so or, with t,
// as [k,m]; op(B) is [k,n], stored so or, with t, as [n,k]; rows are lda, ldb,
// ldc values apart. gemm_nt, gemm_nn and gemm_tn by what A and B are, in tiles
// of 128×256, 128×128 and 64×64.
//
// Sums run over k in pieces of 16, in order; with parts > 1 every part of k is
// summed by itself into partial [parts, m, n], and gemm_parts adds those up in
// order. One rounding, of the result. Any m, n, k; an operand whose address,
// distance of rows or length of rows is no multiple of eight values is read one
// by one (aligned 0), which is slow.
//
// Version 1 of mma.sync: tiles of 32 k arrive by cp.async, four on their way,
// swizzled so that ldmatrix meets no bank twice.
#include "common.cuh"
#include "ptx.cuh"

#define DEPTH 32 // of a tile
#define STAGES 4

// One operand's tiles of R rows (of m or n) by DEPTH. With K_MAJOR its memory is
// [rows, k], otherwise [k, rows].
template <int R, bool K_MAJOR> struct Operand {
    static const int bytes = R * DEPTH * 2;
    const bf16 *p;
    int ld, rows, k, aligned;

    // offset of chunk c (8 values) of line l in a tile.
    static __device__ __forceinline__ uint32_t place(int l, int c) {
        if (K_MAJOR) return l * (DEPTH * 2) + ((c ^ (l >> 1 & 3)) << 4);
        return l * (R * 2) + ((c ^ (l & 7)) << 4);
    }

    // load puts the tile at (row, depth) into shared memory, zeros beyond.
    template <int THREADS> __device__ __forceinline__ void load(unsigned char *tile, int row, int depth) const {
        const int chunks = R * DEPTH / 8, per = K_MAJOR ? DEPTH / 8 : R / 8;
        int lines = K_MAJOR ? rows : k, length = K_MAJOR ? k : rows;
        int first_line = K_MAJOR ? row : depth, first = K_MAJOR ? depth : row;
#pragma unroll
        for (int i = threadIdx.x; i < chunks; i += THREADS) {
            int l = i / per, c = i % per, line = first_line + l, at = first + c * 8;
            unsigned char *to = tile + place(l, c);
            const bf16 *from = p + (size_t)line * ld + at;
            if (aligned) {
                bool valid = line < lines && at < length;
                cp_async16(shared_address(to), valid ? from : p, valid);
            } else {
#pragma unroll 1
                for (int k = 0; k < 8; k++)
                    ((bf16 *)to)[k] = line < lines && at + k < length ? from[k] : to_bf16(0.f);
            }
        }
    }

    // fragment reads 16 rows by 16 k: as the left factor of mma, or as two right
    // factors of 8 columns each.
    static __device__ __forceinline__ void fragment(uint32_t (&r)[4], const unsigned char *tile, int row, int depth, bool left) {
        int lane = threadIdx.x & 31, low = lane & 7, a = lane >> 3 & 1, b = lane >> 4;
        int by_row = left ? a : b, by_k = left ? b : a; // which half a group of lanes addresses
        if (K_MAJOR) ldmatrix(r, shared_address(tile + place(row + by_row * 8 + low, depth / 8 + by_k)));
        else ldmatrix_transposed(r, shared_address(tile + place(depth + by_k * 8 + low, row / 8 + by_row)));
    }
};

// Tiles in an order that keeps eight rows of them together in L2.
static __device__ __forceinline__ void tile_of(int id, int tiles_m, int tiles_n, int &m, int &n) {
    int group = id / (8 * tiles_n), first = group * 8, height = min(8, tiles_m - first), in = id - group * 8 * tiles_n;
    m = first + in % height;
    n = in / height;
}

struct Output {
    void *c;
    int m, n, ld, f32, pairs; // pairs: two values are stored together
    float alpha, beta;

    __device__ __forceinline__ void one(size_t at, float x) const {
        if (f32) ((float *)c)[at] = alpha * x + (beta != 0.f ? beta * ((float *)c)[at] : 0.f);
        else ((bf16 *)c)[at] = to_bf16(alpha * x + (beta != 0.f ? beta * to_float(((bf16 *)c)[at]) : 0.f));
    }

    // two values of a row.
    __device__ __forceinline__ void put(int row, int col, float x, float y) const {
        if (row >= m || col >= n) return;
        size_t at = (size_t)row * ld + col;
        if (!pairs || col + 1 >= n) {
            one(at, x);
            if (col + 1 < n) one(at + 1, y);
        } else if (f32) {
            float2 *to = (float2 *)((float *)c + at), old = beta != 0.f ? *to : make_float2(0.f, 0.f);
            *to = make_float2(alpha * x + beta * old.x, alpha * y + beta * old.y);
        } else {
            unsigned *to = (unsigned *)((bf16 *)c + at);
            float2 old = beta != 0.f ? unpack2(*to) : make_float2(0.f, 0.f);
            *to = pack2(alpha * x + beta * old.x, alpha * y + beta * old.y);
        }
    }
};

// BM×BN tiles of the result, WARPS_M·WARPS_N warps.
template <int BM, int BN, int WARPS_M, int WARPS_N, bool TA, bool TB>
static __device__ __forceinline__ void product(const bf16 *a, const bf16 *b, void *c, float *partial, int m, int n, int k,
                                               int lda, int ldb, int ldc, int f32, int pairs, int aligned_a,
                                               int aligned_b, int part, float alpha, float beta) {
    const int THREADS = WARPS_M * WARPS_N * 32, WM = BM / WARPS_M, WN = BN / WARPS_N;
    typedef Operand<BM, !TA> A;
    typedef Operand<BN, TB> B;
    DYNAMIC_SHARED(memory);
    unsigned char *tiles_a = memory, *tiles_b = memory + STAGES * A::bytes;
    int tile_m, tile_n, warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    tile_of(blockIdx.x, (m + BM - 1) / BM, (n + BN - 1) / BN, tile_m, tile_n);
    int from = blockIdx.y * part, to = min(from + part, k), steps = (to - from + DEPTH - 1) / DEPTH;
    A left = {a, lda, m, to, aligned_a};
    B right = {b, ldb, n, to, aligned_b};
    int row = warp % WARPS_M * WM, col = warp / WARPS_M * WN;
    float sum[WM / 16][WN / 8][4] = {};
    auto fetch = [&](int step) {
        if (step < steps) {
            left.template load<THREADS>(tiles_a + step % STAGES * A::bytes, tile_m * BM, from + step * DEPTH);
            right.template load<THREADS>(tiles_b + step % STAGES * B::bytes, tile_n * BN, from + step * DEPTH);
        }
        cp_async_commit();
    };
    for (int s = 0; s < STAGES - 1; s++) fetch(s);
    for (int s = 0; s < steps; s++) {
        cp_async_wait<STAGES - 2>();
        __syncthreads(); // the tile is there for all, and all are done with the one before it
        fetch(s + STAGES - 1);
        const unsigned char *ta = tiles_a + s % STAGES * A::bytes, *tb = tiles_b + s % STAGES * B::bytes;
#pragma unroll
        for (int d = 0; d < DEPTH; d += 16) {
            uint32_t x[WM / 16][4], y[WN / 16][4];
#pragma unroll
            for (int i = 0; i < WM / 16; i++) A::fragment(x[i], ta, row + i * 16, d, true);
#pragma unroll
            for (int j = 0; j < WN / 16; j++) B::fragment(y[j], tb, col + j * 16, d, false);
#pragma unroll
            for (int i = 0; i < WM / 16; i++)
#pragma unroll
                for (int j = 0; j < WN / 8; j++) mma(sum[i][j], x[i], y[j / 2][j % 2 * 2], y[j / 2][j % 2 * 2 + 1]);
        }
    }
    Output out = {c, m, n, ldc, f32, pairs, alpha, beta};
    if (gridDim.y > 1) out = {partial + (size_t)blockIdx.y * m * n, m, n, n, 1, n % 2 == 0, 1.f, 0.f};
#pragma unroll
    for (int i = 0; i < WM / 16; i++)
#pragma unroll
        for (int j = 0; j < WN / 8; j++) {
            int r = tile_m * BM + row + i * 16 + lane / 4, q = tile_n * BN + col + j * 8 + lane % 4 * 2;
            out.put(r, q, sum[i][j][0], sum[i][j][1]);
            out.put(r + 8, q, sum[i][j][2], sum[i][j][3]);
        }
}

#define KERNEL(name, BM, BN, WARPS_M, WARPS_N, TA, TB)                                                                 \
    extern "C" __global__ void __launch_bounds__(WARPS_M *WARPS_N * 32)                                                \
        name(const bf16 *a, const bf16 *b, void *c, float *partial, int m, int n, int k, int lda, int ldb, int ldc,    \
             int f32, int pairs, int aligned_a, int aligned_b, int part, float alpha, float beta) {                    \
        product<BM, BN, WARPS_M, WARPS_N, TA, TB>(a, b, c, partial, m, n, k, lda, ldb, ldc, f32, pairs, aligned_a,     \
                                                  aligned_b, part, alpha, beta);                                       \
    }

KERNEL(gemm_nt_256, 128, 256, 2, 4, false, true)
KERNEL(gemm_nn_256, 128, 256, 2, 4, false, false)
KERNEL(gemm_tn_256, 128, 256, 2, 4, true, false)
KERNEL(gemm_nt_128, 128, 128, 2, 2, false, true)
KERNEL(gemm_nn_128, 128, 128, 2, 2, false, false)
KERNEL(gemm_tn_128, 128, 128, 2, 2, true, false)
KERNEL(gemm_nt_64, 64, 64, 2, 2, false, true)
KERNEL(gemm_nn_64, 64, 64, 2, 2, false, false)
KERNEL(gemm_tn_64, 64, 64, 2, 2, true, false)

// c = alpha·Σ partial + beta·c. One thread a value.
extern "C" __global__ void __launch_bounds__(256)
    gemm_parts(void *c, const float *partial, int m, int n, int ldc, int f32, int parts, float alpha, float beta) {
    size_t i = (size_t)blockIdx.x * 256 + threadIdx.x, all = (size_t)m * n;
    if (i >= all) return;
    float s = 0.f;
    for (int p = 0; p < parts; p++) s += partial[p * all + i];
    Output out = {c, m, n, ldc, f32, 0, alpha, beta};
    out.one(i / n * ldc + i % n, s);
}
