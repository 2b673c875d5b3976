// What the kernel families share: bf16 loads and stores, warp and block sums,
// the counter random numbers of kernels.Dropout.
#pragma once
#include <cuda_bf16.h>
#include <stdint.h>

typedef __nv_bfloat16 bf16;

static __device__ __forceinline__ float to_float(bf16 x) { return __bfloat162float(x); }
static __device__ __forceinline__ float to_float(float x) { return x; }
static __device__ __forceinline__ bf16 to_bf16(float x) { return __float2bfloat16_rn(x); }
static __device__ __forceinline__ float round_bf16(float x) { return __bfloat162float(__float2bfloat16_rn(x)); }

// Two bf16 values of a word as floats, and back with one rounding each.
static __device__ __forceinline__ float2 unpack2(unsigned w) {
    return make_float2(__uint_as_float(w << 16), __uint_as_float(w & 0xffff0000u));
}

static __device__ __forceinline__ unsigned pack2(float a, float b) {
    __nv_bfloat162 p = __floats2bfloat162_rn(a, b);
    return *reinterpret_cast<unsigned *>(&p);
}

// Eight bf16 values. Words, not __nv_bfloat162: those would be loaded and stored
// four bytes at a time.
struct __align__(16) bf16x8 { unsigned v[4]; };

static __device__ __forceinline__ void unpack(bf16x8 p, float *x) {
#pragma unroll
    for (int i = 0; i < 4; i++) {
        float2 f = unpack2(p.v[i]);
        x[2 * i] = f.x;
        x[2 * i + 1] = f.y;
    }
}

static __device__ __forceinline__ bf16x8 pack(const float *x) {
    bf16x8 p;
#pragma unroll
    for (int i = 0; i < 4; i++) p.v[i] = pack2(x[2 * i], x[2 * i + 1]);
    return p;
}

// Sum over a warp, the same in all lanes.
static __device__ __forceinline__ float warp_sum(float x) {
#pragma unroll
    for (int i = 16; i; i >>= 1) x += __shfl_xor_sync(0xffffffffu, x, i);
    return x;
}

static __device__ __forceinline__ float warp_max(float x) {
#pragma unroll
    for (int i = 16; i; i >>= 1) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, i));
    return x;
}

// Sum over a block of up to 1,024 threads in a fixed order, the same in all
// threads; scratch holds 32 floats and may be used again right away.
static __device__ __forceinline__ float block_sum(float x, float *scratch) {
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) scratch[threadIdx.x >> 5] = x;
    __syncthreads();
    x = (threadIdx.x & 31) < (blockDim.x + 31) / 32 ? scratch[threadIdx.x & 31] : 0.f;
    x = warp_sum(x);
    __syncthreads();
    return x;
}

// kernels.Dropout.Keep: splitmix64 of seed, salt and index against the rate.
static __device__ __forceinline__ bool keep(uint64_t seed, uint64_t salt, uint64_t i, float rate) {
    uint64_t z = (seed ^ (salt * 0x9e3779b97f4a7c15ull)) + i * 0xd1342543de82ef95ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    z ^= z >> 31;
    return (float)(z >> 40) * (1.0f / (1 << 24)) >= rate;
}
