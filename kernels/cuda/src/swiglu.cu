// SwiGLU and its backward.
//
//   nvcc -ptx -arch=compute_90a src/swiglu.cu     (make kernels)
//
// Forward: h = silu(g)·u, one rounding (PyTorch in bf16 rounds silu(g) as well).
// Backward: with s = sigmoid(g), du = dh·g·s, dg = dh·u·s·(1 + g·(1−s)), one
// rounding each; h, where wanted, is made again as in the forward.
// Everything overwrites; du and dg may be dh, g or u. Elements of rows from
// *rows on become zero.
#include "common.cuh"

static __device__ __forceinline__ float sigmoid(float x) { return __fdividef(1.f, 1.f + __expf(-x)); }

static __device__ __forceinline__ float gate(float g, float u) { return g * sigmoid(g) * u; }

static __device__ __forceinline__ void backward(float g, float u, float dh, float &dg, float &du) {
    float s = sigmoid(g);
    du = dh * g * s;
    dg = dh * u * s * (1.f + g * (1.f - s));
}

#define UNROLL 2

// vectors = total·cols/8 of eight values, cols % 8 == 0.
extern "C" __global__ void __launch_bounds__(256)
    swiglu(bf16x8 *h, const bf16x8 *__restrict__ g, const bf16x8 *__restrict__ u, const int *__restrict__ rows,
           long long vectors, int cols) {
    long long first = (long long)blockIdx.x * (256 * UNROLL) + threadIdx.x, used = (long long)*rows * (cols >> 3);
    bf16x8 a[UNROLL], b[UNROLL];
#pragma unroll
    for (int k = 0; k < UNROLL; k++)
        if (first + k * 256 < used) a[k] = g[first + k * 256], b[k] = u[first + k * 256];
#pragma unroll
    for (int k = 0; k < UNROLL; k++) {
        float x[8] = {}, y[8];
        if (first + k * 256 < used) {
            unpack(a[k], x);
            unpack(b[k], y);
#pragma unroll
            for (int i = 0; i < 8; i++) x[i] = gate(x[i], y[i]);
        }
        if (first + k * 256 < vectors) h[first + k * 256] = pack(x);
    }
}

// h may be null.
extern "C" __global__ void __launch_bounds__(256)
    swiglu_back(bf16x8 *dg, bf16x8 *du, bf16x8 *h, const bf16x8 *g, const bf16x8 *u, const bf16x8 *dh,
                const int *__restrict__ rows, long long vectors, int cols) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    if (i >= vectors) return;
    float x[8] = {}, y[8] = {}, d[8], again[8] = {};
    if (i < (long long)*rows * (cols >> 3)) {
        bf16x8 a = g[i], b = u[i], c = dh[i];
        unpack(a, x);
        unpack(b, y);
        unpack(c, d);
#pragma unroll
        for (int k = 0; k < 8; k++) {
            again[k] = gate(x[k], y[k]);
            backward(x[k], y[k], d[k], x[k], y[k]);
        }
    }
    dg[i] = pack(x);
    du[i] = pack(y);
    if (h) h[i] = pack(again);
}

// Any cols; elements = total·cols.
extern "C" __global__ void __launch_bounds__(256)
    swiglu_any(bf16 *h, const bf16 *g, const bf16 *u, const int *rows, long long elements, int cols) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    if (i < elements) h[i] = to_bf16(i < (long long)*rows * cols ? gate(to_float(g[i]), to_float(u[i])) : 0.f);
}

extern "C" __global__ void __launch_bounds__(256)
    swiglu_back_any(bf16 *dg, bf16 *du, bf16 *h, const bf16 *g, const bf16 *u, const bf16 *dh, const int *rows,
                    long long elements, int cols) {
    long long i = (long long)blockIdx.x * 256 + threadIdx.x;
    if (i >= elements) return;
    float x = 0.f, y = 0.f, again = 0.f;
    if (i < (long long)*rows * cols) {
        again = gate(to_float(g[i]), to_float(u[i]));
        backward(to_float(g[i]), to_float(u[i]), to_float(dh[i]), x, y);
    }
    dg[i] = to_bf16(x);
    du[i] = to_bf16(y);
    if (h) h[i] = to_bf16(again);
}
