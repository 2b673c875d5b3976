// Rotation of heads by position, in place.
//
//   nvcc -ptx -arch=compute_90a src/rope.cu     (make kernels)
//
// (x1, x2) → (x1·cos − x2·sin, x2·cos + x1·sin), halves split; inverse turns
// the other way. Rounding as PyTorch's: cos and sin, each product, the sum; the
// inverse (the backward) rounds the sum only. Overwrites x for rows below
// *rows; the others stay. rope_append also puts keys and values into the cache.
#include "common.cuh"

#include "attention.cuh"

#define HEADS 2 // a thread: cos and sin are read once for them

// a·c + b·s.
static __device__ __forceinline__ float turn(float a, float c, float b, float s, bool inverse) {
    return inverse ? a * c + b * s : round_bf16(a * c) + round_bf16(b * s);
}

static __device__ __forceinline__ unsigned turn2(float2 a, float2 c, float2 b, float2 s, bool inverse) {
    if (inverse) return pack2(a.x * c.x + b.x * s.x, a.y * c.y + b.y * s.y);
    float2 p = unpack2(pack2(a.x * c.x, a.y * c.y)), q = unpack2(pack2(b.x * s.x, b.y * s.y));
    return pack2(p.x + q.x, p.y + q.y);
}

static __device__ __forceinline__ float2 minus(float2 a) { return make_float2(-a.x, -a.y); }

static __device__ __forceinline__ bf16x8 load8(const float *p) {
    float x[8];
    *(float4 *)x = ((const float4 *)p)[0];
    *(float4 *)(x + 4) = ((const float4 *)p)[1];
    return pack(x);
}

// Eight pairs of a head.
static __device__ __forceinline__ void turn8(bf16x8 &a, bf16x8 &b, const bf16x8 &cosines, const bf16x8 &sines, bool inverse) {
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float2 p = unpack2(a.v[k]), q = unpack2(b.v[k]), c = unpack2(cosines.v[k]), s = unpack2(sines.v[k]);
        if (inverse) s = minus(s);
        a.v[k] = turn2(p, c, minus(q), s, inverse);
        b.v[k] = turn2(q, c, p, s, inverse);
    }
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
    bf16x8 cosines = load8(cosine + angle), sines = load8(sine + angle); // rounded
#pragma unroll
    for (int h = 0; h < HEADS; h++)
        if (h < count) {
            turn8(a[h], b[h], cosines, sines, inverse);
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
    float c = round_bf16(cosine[angle]), s = round_bf16(sine[angle]), a = to_float(*p), b = to_float(*q);
    if (inverse) s = -s;
    *p = to_bf16(turn(a, c, -b, s, inverse));
    *q = to_bf16(turn(b, c, a, s, inverse));
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
        turn8(a, b, load8(cosine + angle), load8(sine + angle), false);
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
