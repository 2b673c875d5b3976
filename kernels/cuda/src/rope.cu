// Rotation of heads by position, in place.
//
//   nvcc -ptx -arch=compute_90a src/rope.cu     (make kernels)
//
// (x1, x2) → (x1·cos − x2·sin, x2·cos + x1·sin), halves split; inverse turns
// the other way. Rounding as PyTorch's: cos and sin, each product, the sum; the
// inverse (the backward) rounds the sum only. Overwrites x for rows below
// *rows; the others stay.
#include "common.cuh"

#define HEADS 4 // a thread: cos and sin are read once for them

static __device__ __forceinline__ float turn(float a, float c, float b, float s, bool inverse) {
    return inverse ? a * c + b * s : round_bf16(a * c) + round_bf16(b * s);
}

// half % 8 == 0. One thread: eight pairs of up to HEADS heads of one row.
extern "C" __global__ void __launch_bounds__(256)
    rope(bf16x8 *x, const int *__restrict__ positions, const float *__restrict__ cosine, const float *__restrict__ sine,
         const int *__restrict__ rows, int total, int heads, int half, int inverse) {
    int lanes = half >> 3, groups = (heads + HEADS - 1) / HEADS;
    int i = blockIdx.x * 256 + threadIdx.x;
    int lane = i % lanes, group = i / lanes % groups, row = i / lanes / groups;
    if (row >= total || row >= *rows) return;
    bf16x8 a[HEADS], b[HEADS];
    bf16x8 *at = x + ((size_t)row * heads + group * HEADS) * 2 * lanes + lane;
    int count = min(HEADS, heads - group * HEADS);
#pragma unroll
    for (int h = 0; h < HEADS; h++)
        if (h < count) a[h] = at[h * 2 * lanes], b[h] = at[h * 2 * lanes + lanes];
    float c[8], s[8];
    size_t angle = (size_t)positions[row] * half + lane * 8;
#pragma unroll
    for (int k = 0; k < 8; k += 4) {
        *(float4 *)(c + k) = *(const float4 *)(cosine + angle + k);
        *(float4 *)(s + k) = *(const float4 *)(sine + angle + k);
    }
#pragma unroll
    for (int k = 0; k < 8; k++) {
        c[k] = round_bf16(c[k]);
        s[k] = inverse ? -round_bf16(s[k]) : round_bf16(s[k]);
    }
#pragma unroll
    for (int h = 0; h < HEADS; h++)
        if (h < count) {
            float p[8], q[8], t[8];
            unpack(a[h], p);
            unpack(b[h], q);
#pragma unroll
            for (int k = 0; k < 8; k++) t[k] = turn(p[k], c[k], -q[k], s[k], inverse);
            at[h * 2 * lanes] = pack(t);
#pragma unroll
            for (int k = 0; k < 8; k++) t[k] = turn(q[k], c[k], p[k], s[k], inverse);
            at[h * 2 * lanes + lanes] = pack(t);
        }
}

// Any half. One thread a pair.
extern "C" __global__ void __launch_bounds__(256)
    rope_any(bf16 *x, const int *positions, const float *cosine, const float *sine, const int *rows, int total, int heads,
             int half, int inverse) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    int k = (int)(i % half), head = (int)(i / half % heads);
    long long row = i / half / heads;
    if (row >= total || row >= *rows) return;
    bf16 *p = x + ((size_t)row * heads + head) * 2 * half + k, *q = p + half;
    size_t angle = (size_t)positions[row] * half + k;
    float c = round_bf16(cosine[angle]), s = round_bf16(sine[angle]), a = to_float(*p), b = to_float(*q);
    if (inverse) s = -s;
    *p = to_bf16(turn(a, c, -b, s, inverse));
    *q = to_bf16(turn(b, c, a, s, inverse));
}
