// What linear layers need beside matrix products.
//
//   nvcc -ptx -arch=compute_90a src/linear.cu     (make kernels)
//
// Rounding: values are f32 in registers, one rounding where bf16 is stored.
#include "common.cuh"

// Adapter input with dropout: out = keep ? x/(1-rate) : 0, for rows below
// *rows; rows beyond become zero. Element numbers are those of the whole input
// [*, cols]. Overwrites out. One thread, eight elements; cols is a multiple of 8.
extern "C" __global__ void __launch_bounds__(256)
    linear_drop(bf16 *__restrict__ out, const bf16 *__restrict__ x, const uint64_t *__restrict__ seed, uint64_t salt,
                float rate, const int *__restrict__ rows, int total, int cols) {
    long long i = ((long long)blockIdx.x * 256 + threadIdx.x) * 8;
    if (i >= (long long)total * cols) return;
    float v[8];
    if (i / cols >= *rows) {
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] = 0.f;
    } else {
        unpack(*(const bf16x8 *)(x + i), v);
        uint64_t s = *seed;
        float inv = 1.f - rate;
#pragma unroll
        for (int k = 0; k < 8; k++) v[k] = keep(s, salt, i + k, rate) ? v[k] / inv : 0.f;
    }
    *(bf16x8 *)(out + i) = pack(v);
}

// Input gradient through dropout: dx += keep ? add/(1-rate) : 0.
extern "C" __global__ void __launch_bounds__(256)
    linear_drop_add(bf16 *__restrict__ dx, const bf16 *__restrict__ add, const uint64_t *__restrict__ seed, uint64_t salt,
                    float rate, const int *__restrict__ rows, int total, int cols) {
    long long i = ((long long)blockIdx.x * 256 + threadIdx.x) * 8;
    if (i >= (long long)total * cols || i / cols >= *rows) return;
    float v[8], d[8];
    unpack(*(const bf16x8 *)(add + i), v);
    unpack(*(const bf16x8 *)(dx + i), d);
    uint64_t s = *seed;
    float inv = 1.f - rate;
#pragma unroll
    for (int k = 0; k < 8; k++) d[k] += keep(s, salt, i + k, rate) ? v[k] / inv : 0.f;
    *(bf16x8 *)(dx + i) = pack(d);
}

// y[row, :] += bias, bf16 or f32 y. One thread a value.
extern "C" __global__ void linear_bias(bf16 *y, const float *bias, const int *rows, int total, int cols) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    if (i < (long long)total * cols && i / cols < *rows) y[i] = to_bf16(to_float(y[i]) + bias[i % cols]);
}

extern "C" __global__ void linear_bias_f32(float *y, const float *bias, const int *rows, int total, int cols) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    if (i < (long long)total * cols && i / cols < *rows) y[i] += bias[i % cols];
}

// dst += src, f32. One thread a value.
extern "C" __global__ void linear_accumulate(float *__restrict__ dst, const float *__restrict__ src, int n) {
    int i = blockIdx.x * 256 + threadIdx.x;
    if (i < n) dst[i] += src[i];
}

// dst = src rounded to bf16. One thread a value.
extern "C" __global__ void linear_round(bf16 *__restrict__ dst, const float *__restrict__ src, long long n) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    if (i < n) dst[i] = to_bf16(src[i]);
}

// Columns beside an input: x, rows ld apart, is the first of r of them, r % 8 == 0.
// Overwrites. One thread, eight values.
extern "C" __global__ void __launch_bounds__(256)
    linear_beside(bf16 *__restrict__ x, const bf16 *__restrict__ u, int rows, int r, int ld) {
    int i = blockIdx.x * 256 + threadIdx.x, vectors = r >> 3;
    if (i >= rows * vectors) return;
    *(bf16x8 *)(x + (long long)(i / vectors) * ld + i % vectors * 8) = ((const bf16x8 *)u)[i];
}

// Columns beside a weight: pad zeros, then scale·b of r values, one rounding.
// w is the first of these columns, rows ld apart. Overwrites. One thread a value.
extern "C" __global__ void linear_ride(bf16 *__restrict__ w, const float *__restrict__ b, float scale, int out, int pad, int r,
                                       int ld) {
    int i = blockIdx.x * 256 + threadIdx.x, width = pad + r;
    if (i >= out * width) return;
    int row = i / width, c = i % width;
    w[(long long)row * ld + c] = to_bf16(c < pad ? 0.f : scale * b[(long long)row * r + c - pad]);
}
