// What the kernels use of CUDA's cuda_bf16.h and of its arithmetic, for the
// emulated block.
#pragma once
#include "emulate_ptx.h"

#undef __shared__
#define __shared__ static

struct __nv_bfloat16 {
    uint16_t bits;
};
struct alignas(4) __nv_bfloat162 {
    __nv_bfloat16 x, y;
};

inline float __bfloat162float(__nv_bfloat16 b) { return emulate::from_bf16(b.bits); }
inline __nv_bfloat16 __float2bfloat16_rn(float f) { return {emulate::to_bf16(f)}; }
inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) { return {__float2bfloat16_rn(a), __float2bfloat16_rn(b)}; }

inline float __uint_as_float(unsigned u) {
    float f;
    memcpy(&f, &u, 4);
    return f;
}
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __fdividef(float a, float b) { return a / b; }
inline float rsqrtf(float x) { return 1.f / sqrtf(x); }
using std::isfinite;

inline int __reduce_add_sync(unsigned mask, int x) {
    for (int i = 16; i; i >>= 1) x += __shfl_xor_sync(mask, x, i);
    return x;
}
