// Numbers of 8 bits: conversion, and the scale that makes a row's largest value
// the largest number there is.
#pragma once
#include "ptx.cuh"

#define TOP8 448.f

#ifndef COGUMI_EMULATED // ../check/emulate_fp8.h has it on the CPU
// Two E4M3 numbers, the first in the low byte; above 448 becomes 448, NaN stays.
INLINE uint16_t two8(float lo, float hi) {
    uint16_t r = 0;
#if __CUDA_ARCH__ >= 890
    asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(r) : "f"(hi), "f"(lo));
#endif
    return r;
}
#endif

// Four from two words of two bf16 values each.
static __device__ __forceinline__ uint32_t four8(uint32_t a, uint32_t b, float times) {
    return (uint32_t)two8(bf16_lo(a) * times, bf16_hi(a) * times) | (uint32_t)two8(bf16_lo(b) * times, bf16_hi(b) * times) << 16;
}

// The larger absolute value of a word of two bf16 values, as bf16 bits.
static __device__ __forceinline__ uint32_t top_of(uint32_t x) {
    uint32_t lo = x & 0x7fffu, hi = x >> 16 & 0x7fffu;
    return lo > hi ? lo : hi;
}

// The scale of a row whose largest absolute value has these bf16 bits. Where that
// is no number or infinite, everything divided by it is NaN.
static __device__ __forceinline__ float scale8(uint32_t top) {
    float x = bf16_lo(top);
    if (x < 1e-30f) x = 1e-30f;
    return x * (1.f / TOP8);
}
