// E4M3 on the CPU: two8 as cvt.rn.satfinite.e4m3x2.f32 does it.
#pragma once
#include "emulate_ptx.h"

struct alignas(8) uint2 { uint32_t x, y; };
inline uint2 make_uint2(uint32_t x, uint32_t y) { return {x, y}; }
inline void atomicMax(unsigned *to, unsigned x) { *to = std::max(*to, x); }
using std::max;
using std::min;

inline float from8(uint8_t b) {
    int e = b >> 3 & 15, m = b & 7;
    if (e == 15 && m == 7) return NAN;
    float x = e ? std::ldexp(1.f + m / 8.f, e - 7) : std::ldexp(m / 8.f, -6);
    return b & 128 ? -x : x;
}

// Nearest of all 127, ties to the even one.
inline uint8_t one8(float x) {
    if (std::isnan(x)) return 127;
    uint8_t sign = std::signbit(x) ? 128 : 0;
    x = std::fabs(x);
    if (x >= 448) return sign | 126;
    uint8_t low = 0, high = 126;
    while (high - low > 1) {
        uint8_t middle = (low + high) / 2;
        (from8(middle) <= x ? low : high) = middle;
    }
    double below = (double)x - from8(low), above = (double)from8(high) - x;
    return sign | (below < above || (below == above && low % 2 == 0) ? low : high);
}

inline uint16_t two8(float lo, float hi) { return one8(lo) | one8(hi) << 8; }
