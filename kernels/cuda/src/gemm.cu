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

#define DEPTH 32 // of a tile: two steps of mma
#define STAGES 4

// One operand's tiles of R rows (of m or n) by DEPTH, loaded by THREADS threads.
// With K_MAJOR its memory is [rows, k], otherwise [k, rows].
template <int R, bool K_MAJOR, int THREADS> struct Operand {
    static const int bytes = R * DEPTH * 2;
    static const int per = K_MAJOR ? DEPTH / 8 : R / 8;           // chunks of eight values a line
    static const int step = THREADS / per;                        // lines that are loaded at a time
    static const int count = (K_MAJOR ? R : DEPTH) / step;        // times
    static const int pitch = (K_MAJOR ? DEPTH : R) * 2;           // bytes of a line in shared memory
    static_assert(step % 8 == 0 && count * step == (K_MAJOR ? R : DEPTH), "a thread's chunks are swizzled alike");

    const bf16 *p; // this thread's first chunk of the next tile
    int lines, length; // of the operand, from there on
    int ld, aligned;
    uint32_t to;

    // offset of chunk c of line l in a tile.
    static __device__ __forceinline__ uint32_t place(int l, int c) {
        return l * pitch + ((c ^ (K_MAJOR ? l >> 1 & 3 : l & 7)) << 4);
    }

    __device__ __forceinline__ Operand(const bf16 *from, int ld, int rows, int k, int aligned, int row, int depth)
        : ld(ld), aligned(aligned) {
        int l = threadIdx.x / per, c = threadIdx.x % per;
        int line = (K_MAJOR ? row : depth) + l, at = (K_MAJOR ? depth : row) + c * 8;
        p = from + (size_t)line * ld + at;
        lines = (K_MAJOR ? rows : k) - line, length = (K_MAJOR ? k : rows) - at;
        to = place(l, c);
    }

    // load puts the next tile into shared memory, zeros where there is nothing.
    __device__ __forceinline__ void load(unsigned char *tile) {
        if (aligned) {
            uint32_t base = shared_address(tile) + to;
#pragma unroll
            for (int i = 0; i < count; i++)
                cp_async16(base + i * step * pitch, p + (size_t)i * step * ld, i * step < lines && length > 0);
        } else {
#pragma unroll 1
            for (int i = 0; i < count * 8; i++)
                ((bf16 *)(tile + to + i / 8 * step * pitch))[i % 8] =
                    i / 8 * step < lines && i % 8 < length ? p[(size_t)(i / 8) * step * ld + i % 8] : to_bf16(0.f);
        }
        if (K_MAJOR) p += DEPTH, length -= DEPTH;
        else p += (size_t)DEPTH * ld, lines -= DEPTH;
    }

    // Fragments reads 16 rows by 16 k at a time, from row on: as the left factor
    // of mma, or as two right factors of 8 columns each. Where a lane's 16 bytes
    // lie is worked out once.
    template <int COUNT, bool LEFT> struct Fragments {
        uint32_t offset[K_MAJOR ? DEPTH / 16 : COUNT];
        __device__ __forceinline__ explicit Fragments(int row) {
            int lane = threadIdx.x & 31, low = lane & 7, a = lane >> 3 & 1, b = lane >> 4;
            int by_row = LEFT ? a : b, by_k = LEFT ? b : a; // which half a group of lanes addresses
#pragma unroll
            for (int i = 0; i < (K_MAJOR ? DEPTH / 16 : COUNT); i++)
                offset[i] = K_MAJOR ? place(row + by_row * 8 + low, i * 2 + by_k) : place(by_k * 8 + low, row / 8 + i * 2 + by_row);
        }
        __device__ __forceinline__ void load(uint32_t (&r)[COUNT][4], uint32_t tile, int depth) const {
#pragma unroll
            for (int i = 0; i < COUNT; i++) {
                if (K_MAJOR) ldmatrix(r[i], tile + offset[depth] + i * (16 * DEPTH * 2));
                else ldmatrix_transposed(r[i], tile + offset[i] + depth * (16 * R * 2));
            }
        }
    };
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
    typedef Operand<BM, !TA, THREADS> A;
    typedef Operand<BN, TB, THREADS> B;
    DYNAMIC_SHARED(memory);
    unsigned char *tiles_a = memory, *tiles_b = memory + STAGES * A::bytes;
    int tile_m, tile_n, warp = threadIdx.x >> 5, lane = threadIdx.x & 31;
    tile_of(blockIdx.x, (m + BM - 1) / BM, (n + BN - 1) / BN, tile_m, tile_n);
    int from = blockIdx.y * part, to = min(from + part, k), steps = (to - from + DEPTH - 1) / DEPTH;
    A left(a, lda, m, to, aligned_a, tile_m * BM, from);
    B right(b, ldb, n, to, aligned_b, tile_n * BN, from);
    int row = warp % WARPS_M * WM, col = warp / WARPS_M * WN;
    float sum[WM / 16][WN / 8][4] = {};
    auto fetch = [&](int step) {
        if (step < steps) {
            left.load(tiles_a + step % STAGES * A::bytes);
            right.load(tiles_b + step % STAGES * B::bytes);
        }
        cp_async_commit();
    };
    typename A::template Fragments<WM / 16, true> places_a(row);
    typename B::template Fragments<WN / 16, false> places_b(col);
    uint32_t x[2][WM / 16][4], y[2][WN / 16][4]; // one pair is multiplied while the next is read
    auto read = [&](int step, int depth) {
        places_a.load(x[depth], shared_address(tiles_a + step % STAGES * A::bytes), depth);
        places_b.load(y[depth], shared_address(tiles_b + step % STAGES * B::bytes), depth);
    };
    auto multiply = [&](int depth) {
#pragma unroll
        for (int i = 0; i < WM / 16; i++)
#pragma unroll
            for (int j = 0; j < WN / 8; j++)
                mma(sum[i][j], x[depth][i], y[depth][j / 2][j % 2 * 2], y[depth][j / 2][j % 2 * 2 + 1]);
    };
    for (int s = 0; s < STAGES - 1; s++) fetch(s);
    cp_async_wait<STAGES - 2>();
    __syncthreads();
    read(0, 0);
    for (int s = 0; s < steps; s++) {
        read(s, 1);
        fetch(s + STAGES - 1); // over the tile that was done with before the last barrier
        multiply(0);
        cp_async_wait<STAGES - 2>();
        __syncthreads(); // the next tile is there for all, and all have read this one
        read(s + 1, 0);
        multiply(1);
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
