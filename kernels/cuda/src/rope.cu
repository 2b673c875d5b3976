// Rotation of heads by position, in place.
//
//   nvcc -ptx -arch=compute_90a src/rope.cu     (make kernels)
//
// (x1, x2) → (x1·cos − x2·sin, x2·cos + x1·sin), halves split; inverse turns
// the other way. One rounding at the end (PyTorch in bf16 rounds cos, sin and each
// product as well, and is further from f32 by that). Overwrites x for rows below
// *rows; the others stay. rope_append also puts keys and values into the cache.
#include "common.cuh"

#include "attention.cuh"

#define HEADS 2 // a thread: cos and sin are read once for them

// a·c + b·s, as one fused sum wherever it is used: the same bits.
static __device__ __forceinline__ float turn(float a, float c, float b, float s) { return __fmaf_rn(a, c, __fmul_rn(b, s)); }

struct Angles {
    float cosine[8], sine[8];
    __device__ __forceinline__ Angles(const float *c, const float *s) {
        ((float4 *)cosine)[0] = ((const float4 *)c)[0], ((float4 *)cosine)[1] = ((const float4 *)c)[1];
        ((float4 *)sine)[0] = ((const float4 *)s)[0], ((float4 *)sine)[1] = ((const float4 *)s)[1];
    }
};

// Eight pairs of a head.
static __device__ __forceinline__ void turn8(bf16x8 &a, bf16x8 &b, const Angles &by, bool inverse) {
    float p[8], q[8];
    unpack(a, p);
    unpack(b, q);
#pragma unroll
    for (int k = 0; k < 8; k++) {
        float c = by.cosine[k], s = inverse ? -by.sine[k] : by.sine[k], x = p[k];
        p[k] = turn(x, c, -q[k], s);
        q[k] = turn(q[k], c, x, s);
    }
    a = pack(p);
    b = pack(q);
}

// half % 8 == 0. One thread: eight pairs of up to HEADS heads of one row.
extern "C" __global__ void __launch_bounds__(256, 4)
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
    size_t angle = (size_t)positions[row] * half + lane * 8;
    Angles by(cosine + angle, sine + angle);
#pragma unroll
    for (int h = 0; h < HEADS; h++)
        if (h < count) {
            turn8(a[h], b[h], by, inverse);
            at[h * 2 * lanes] = a[h];
            at[h * 2 * lanes + lanes] = b[h];
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
    float c = cosine[angle], s = inverse ? -sine[angle] : sine[angle], a = to_float(*p), b = to_float(*q);
    *p = to_bf16(turn(a, c, -b, s));
    *q = to_bf16(turn(b, c, a, s));
}

// half % 8 == 0. What rope of q, rope of k and attention_append (attention_decode.cu)
// do, with their bits, in one launch: three of few rows take three times as long.
// grid (rows of the budget, parts of a row); a thread has eight pairs of a head of
// q or k, or eight values of v.
extern "C" __global__ void __launch_bounds__(128)
    rope_append(bf16x8 *q, bf16x8 *k, const bf16x8 *v, bf16x8 *k_cache, bf16x8 *v_cache, bf16x8 *o, const int *positions,
                const float *cosine, const float *sine, const int *rows, const int *seqs, const int *cu, const int *pages,
                const int *starts, int most_pages, int length, int heads, int kv_heads, int half) {
    int lanes = half >> 3, row = blockIdx.x, i = blockIdx.y * 128 + threadIdx.x, n = seqs[0];
    int queries = heads * lanes, keys = kv_heads * lanes, vectors = 2 * keys; // of k's row
    if (i >= queries + keys + vectors) return;
    bool used = row < cu[n], turns = row < *rows && i < queries + keys;
    int head = i < queries ? i / lanes : (i - queries) / lanes, lane = i % lanes; // not of v
    bf16x8 *at = i < queries ? q + (size_t)row * 2 * queries : k + (size_t)row * vectors;
    at += head * 2 * lanes + lane;
    bf16x8 a, b;
    if (i < queries + keys && (turns || used)) a = at[0], b = at[lanes];
    if (turns) {
        size_t angle = (size_t)positions[row] * half + lane * 8;
        turn8(a, b, Angles(cosine + angle, sine + angle), false);
        at[0] = a, at[lanes] = b;
    }
    if (i < queries) {
        if (used) return;
        at = o + (size_t)row * 2 * queries + head * 2 * lanes + lane;
        at[0] = at[lanes] = bf16x8{};
        return;
    }
    if (!used) return;
    int s = sequence_of(cu, n, row);
    size_t to = (size_t)key_row(pages, length, s * most_pages, starts[s] + row - cu[s]) * vectors;
    if (i < queries + keys) {
        at = k_cache + to + head * 2 * lanes + lane;
        at[0] = a, at[lanes] = b;
    } else {
        i -= queries + keys;
        v_cache[to + i] = v[(size_t)row * vectors + i];
    }
}
