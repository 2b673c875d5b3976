// 8-bit floats (E4M3: 4 bits of exponent, 3 of mantissa, up to 448; arXiv:2209.05433)
// of activations and frozen weights, with one f32 scale a row: the largest value
// of a row becomes 448.
//
// nvcc -ptx -O3 -std=c++17 -arch=compute_90a fp8.cu
//
// All overwrite. Values are rounded to nearest even. A row that holds a NaN or an
// infinity becomes NaN as a whole, so that what is wrong stays visible.
// Kernels are empty below sm_89, which has no such numbers.
#include "fp8.cuh"

#define THREADS 256

// Largest absolute value of the block, as bf16 bits; NaN is the largest of all.
static __device__ __forceinline__ uint32_t block_top(uint32_t top, uint32_t *scratch) {
#pragma unroll
    for (int i = 16; i; i >>= 1) top = max(top, __shfl_xor_sync(0xffffffffu, top, i));
    if ((threadIdx.x & 31) == 0) scratch[threadIdx.x / 32] = top;
    __syncthreads();
#pragma unroll
    for (int i = 0; i < THREADS / 32; i++) top = max(top, scratch[i]);
    return top;
}

// One row a block, at most C·8·256 values that stay in registers: those of up to
// three matrices side by side (n0, n1, n2 multiples of 8; null with 0), rows
// ld0, ld1, ld2 apart. out is [rows, n0+n1+n2].
template <int C>
static __device__ __forceinline__ void
rows8(uint2 *out, float *scales, const uint16_t *x0, int n0, int ld0, const uint16_t *x1, int n1, int ld1,
      const uint16_t *x2, int n2, int ld2) {
    __shared__ uint32_t scratch[THREADS / 32];
    int64_t row = blockIdx.x;
    int total = (n0 + n1 + n2) / 8;
    uint4 x[C];
    uint32_t top = 0;
#pragma unroll
    for (int i = 0; i < C; i++) {
        int c = (i * THREADS + threadIdx.x) * 8;
        x[i] = make_uint4(0, 0, 0, 0);
        if (c < n0)
            x[i] = *(const uint4 *)(x0 + row * ld0 + c);
        else if (c < n0 + n1)
            x[i] = *(const uint4 *)(x1 + row * ld1 + c - n0);
        else if (c < n0 + n1 + n2)
            x[i] = *(const uint4 *)(x2 + row * ld2 + c - n0 - n1);
    }
#pragma unroll
    for (int i = 0; i < C; i++) top = max(top, max(max(top_of(x[i].x), top_of(x[i].y)), max(top_of(x[i].z), top_of(x[i].w))));
    float scale = scale8(block_top(top, scratch)), times = 1.f / scale;
    if (threadIdx.x == 0) scales[row] = scale;
#pragma unroll
    for (int i = 0; i < C; i++) {
        int c = i * THREADS + threadIdx.x;
        if (c < total) out[row * total + c] = make_uint2(four8(x[i].x, x[i].y, times), four8(x[i].z, x[i].w, times));
    }
}

#define ROWS(C)                                                                                                           \
    extern "C" __global__ void __launch_bounds__(THREADS)                                                                 \
    fp8_rows_##C(uint2 *out, float *scales, const uint16_t *x0, int n0, int ld0, const uint16_t *x1, int n1, int ld1,     \
                 const uint16_t *x2, int n2, int ld2) {                                                                   \
        rows8<C>(out, scales, x0, n0, ld0, x1, n1, ld1, x2, n2, ld2);                                                     \
    }

ROWS(2)
ROWS(4)
ROWS(7)
ROWS(14)
ROWS(24)

// The largest absolute value of each column of w [n, k], as bits of an f32, into
// top, which holds what came before (0 at the start). grid (k/8/256, n/64).
extern "C" __global__ void __launch_bounds__(THREADS)
fp8_column_top(unsigned *top, const uint16_t *w, int n, int k) {
    int c = (blockIdx.x * THREADS + threadIdx.x) * 8;
    if (c >= k) return;
    uint32_t best[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    for (int row = blockIdx.y * 64; row < min(n, (int)blockIdx.y * 64 + 64); row++) {
        uint4 x = *(const uint4 *)(w + (int64_t)row * k + c);
        const uint32_t xs[4] = {x.x, x.y, x.z, x.w};
#pragma unroll
        for (int i = 0; i < 4; i++) {
            best[2 * i] = max(best[2 * i], xs[i] & 0x7fff);
            best[2 * i + 1] = max(best[2 * i + 1], xs[i] >> 16 & 0x7fff);
        }
    }
#pragma unroll
    for (int i = 0; i < 8; i++) atomicMax(top + c + i, best[i] << 16);
}

// Those become scales, in place.
extern "C" __global__ void __launch_bounds__(THREADS)
fp8_column_scale(unsigned *top, int k) {
    int c = blockIdx.x * THREADS + threadIdx.x;
    if (c < k) ((float *)top)[c] = scale8(top[c] >> 16);
}

// The transposed of w [n, k], columns at … at+n of out [k, ld], by the scales of
// w's columns. grid (k/64, n/64), 64×64 values a block.
extern "C" __global__ void __launch_bounds__(THREADS)
fp8_transpose(uint8_t *out, const uint16_t *w, const float *scales, int n, int k, int ld, int at) {
    __shared__ uint8_t tile[64][68];
    int column = blockIdx.x * 64, row = blockIdx.y * 64;
    for (int i = threadIdx.x; i < 64 * 32; i += THREADS) {
        int r = i / 32, c = i % 32 * 2;
        if (row + r >= n || column + c >= k) continue;
        uint32_t x = *(const uint32_t *)(w + (int64_t)(row + r) * k + column + c);
        uint16_t two = two8(bf16_lo(x) * (1.f / scales[column + c]), bf16_hi(x) * (1.f / scales[column + c + 1]));
        tile[c][r] = two & 255;
        tile[c + 1][r] = two >> 8;
    }
    __syncthreads();
    for (int i = threadIdx.x; i < 64 * 16; i += THREADS) {
        int c = i / 16, r = i % 16 * 4;
        if (row + r >= n || column + c >= k) continue;
        *(uint32_t *)(out + (int64_t)(column + c) * ld + at + row + r) = *(const uint32_t *)&tile[c][r];
    }
}
