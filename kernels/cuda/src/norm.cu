// RMSNorm with the residual addition before it, and its backward.
//
//   nvcc -ptx -arch=compute_90a src/norm.cu     (make kernels)
//
// Forward: sum = round(x + delta), rstd = 1/sqrt(mean(sum²) + eps),
// y = round(sum·rstd·w) (PyTorch in bf16 rounds sum·rstd as well). Without delta sum is
// x and is not written. Backward: with g = dy·w and x̂ = sum·rstd,
// dsum (+)= rstd·(g − x̂·mean(g·x̂)), one rounding; norm_again_* make y again as in the
// forward beside it, where dy lies or elsewhere.
// Everything overwrites, but for dsum with add. Sums are f32 in a fixed order.
// Rows from *rows on become zero (rstd: is left), so that products over the
// whole budget see no rubbish.
//
// norm_*       a block a row at a time, the row in registers (h % 8 == 0, h ≤ 8,192)
// norm_*_wide  the same up to 16,384
// norm_*_small some lanes a row (h % 8 == 0, h ≤ 256)
// norm_*_any   every other h, a block a row
// Rows of y are ld vectors of 8 apart (not in _any).
// The last two take heads of a row for rows: per of them belong to one of *rows.
#include "common.cuh"

static __device__ __forceinline__ void store_zero(bf16x8 *p) { *p = bf16x8{}; }

// add8 is x = round(x + d).
static __device__ __forceinline__ bf16x8 add8(const bf16x8 &a, const bf16x8 &b) {
    float x[8], d[8];
    unpack(a, x);
    unpack(b, d);
#pragma unroll
    for (int k = 0; k < 8; k++) x[k] += d[k];
    return pack(x);
}

static __device__ __forceinline__ float squares8(const bf16x8 &p) {
    float x[8], s = 0.f;
    unpack(p, x);
#pragma unroll
    for (int k = 0; k < 8; k++) s += x[k] * x[k];
    return s;
}

static __device__ __forceinline__ bf16x8 scale8(const bf16x8 &p, float rstd, const float *w) {
    bf16x8 y;
#pragma unroll
    for (int k = 0; k < 4; k++) {
        float2 x = unpack2(p.v[k]);
        y.v[k] = pack2(x.x * rstd * w[2 * k], x.y * rstd * w[2 * k + 1]);
    }
    return y;
}

// Σ dy·w·sum.
static __device__ __forceinline__ float dot8(const bf16x8 &s, const bf16x8 &dy, const float *w) {
    float x[8], d[8], sum = 0.f;
    unpack(s, x);
    unpack(dy, d);
#pragma unroll
    for (int k = 0; k < 8; k++) sum += d[k] * w[k] * x[k];
    return sum;
}

// rstd·(dy·w − sum·c) + old, with c = rstd²·mean(dy·w·sum).
static __device__ __forceinline__ bf16x8 back8(const bf16x8 &s, const bf16x8 &dy, const float *w, float rstd, float c,
                                               const bf16x8 &old) {
    float x[8], d[8], o[8];
    unpack(s, x);
    unpack(dy, d);
    unpack(old, o);
#pragma unroll
    for (int k = 0; k < 8; k++) x[k] = rstd * (d[k] * w[k] - x[k] * c) + o[k];
    return pack(x);
}

static __device__ __forceinline__ void load8(const float *w, float *x) {
    float4 a = ((const float4 *)w)[0], b = ((const float4 *)w)[1];
    x[0] = a.x, x[1] = a.y, x[2] = a.z, x[3] = a.w, x[4] = b.x, x[5] = b.y, x[6] = b.z, x[7] = b.w;
}

// one_sync_sum is block_sum with one barrier; the caller alternates between two
// scratches.
static __device__ __forceinline__ float one_sync_sum(float x, float *scratch) {
    x = warp_sum(x);
    if ((threadIdx.x & 31) == 0) scratch[threadIdx.x >> 5] = x;
    __syncthreads();
    x = 0.f;
    for (int i = 0; i < (int)blockDim.x >> 5; i++) x += scratch[i];
    return x;
}

static __device__ __forceinline__ float root(float squares, int h, float eps) {
    return rsqrtf(__fdividef(squares, (float)h) + eps);
}

// One row at a time in registers, V vectors of 8 values a thread; the next row is
// on its way while this one is summed.
template <int V>
static __device__ __forceinline__ void add_rows(bf16x8 *y, bf16x8 *sum, float *rstd, const bf16x8 *x,
                                                const bf16x8 *delta, const float *w, const int *rows, int total, int h,
                                                float eps, int ld) {
    __shared__ float scratch[2][32];
    int n = *rows, vectors = h >> 3, parity = 0;
    float weight[V][8];
    bool mine[V];
#pragma unroll
    for (int v = 0; v < V; v++) {
        int at = threadIdx.x + v * blockDim.x;
        mine[v] = at < vectors;
        if (mine[v]) load8(w + at * 8, weight[v]);
    }
    bf16x8 next[V], more[V];
    auto fetch = [&](int row) {
        size_t base = (size_t)row * vectors + threadIdx.x;
#pragma unroll
        for (int v = 0; v < V; v++)
            if (row < n && mine[v]) {
                next[v] = x[base + v * blockDim.x];
                if (delta) more[v] = delta[base + v * blockDim.x];
            }
    };
    fetch(blockIdx.x);
    for (int row = blockIdx.x; row < total; row += gridDim.x) {
        size_t base = (size_t)row * vectors + threadIdx.x, to = (size_t)row * ld + threadIdx.x;
        if (row >= n) {
#pragma unroll
            for (int v = 0; v < V; v++)
                if (mine[v]) {
                    store_zero(y + to + v * blockDim.x);
                    if (delta) store_zero(sum + base + v * blockDim.x);
                }
            continue;
        }
        bf16x8 s[V];
        float squares = 0.f;
#pragma unroll
        for (int v = 0; v < V; v++)
            if (mine[v]) {
                s[v] = delta ? add8(next[v], more[v]) : next[v];
                squares += squares8(s[v]);
            }
        fetch(row + gridDim.x);
#pragma unroll
        for (int v = 0; v < V; v++)
            if (delta && mine[v]) sum[base + v * blockDim.x] = s[v];
        float r = root(one_sync_sum(squares, scratch[parity]), h, eps);
        parity ^= 1;
        if (threadIdx.x == 0) rstd[row] = r;
#pragma unroll
        for (int v = 0; v < V; v++)
            if (mine[v]) y[to + v * blockDim.x] = scale8(s[v], r, weight[v]);
    }
}

extern "C" __global__ void __launch_bounds__(512)
    norm_add(bf16x8 *__restrict__ y, bf16x8 *__restrict__ sum, float *__restrict__ rstd, const bf16x8 *__restrict__ x,
             const bf16x8 *__restrict__ delta, const float *__restrict__ w, const int *__restrict__ rows, int total, int h,
             float eps, int ld) {
    add_rows<2>(y, sum, rstd, x, delta, w, rows, total, h, eps, ld);
}

extern "C" __global__ void __launch_bounds__(512)
    norm_add_wide(bf16x8 *__restrict__ y, bf16x8 *__restrict__ sum, float *__restrict__ rstd,
                  const bf16x8 *__restrict__ x, const bf16x8 *__restrict__ delta, const float *__restrict__ w,
                  const int *__restrict__ rows, int total, int h, float eps, int ld) {
    add_rows<4>(y, sum, rstd, x, delta, w, rows, total, h, eps, ld);
}

template <int V>
static __device__ __forceinline__ void back_rows(bf16x8 *dsum, bf16x8 *y, const bf16x8 *sum, const bf16x8 *dy,
                                                 const float *w, const float *rstd, const int *rows, int total, int h,
                                                 int add) {
    __shared__ float scratch[2][32];
    int n = *rows, vectors = h >> 3, parity = 0;
    float weight[V][8];
    bool mine[V];
#pragma unroll
    for (int v = 0; v < V; v++) {
        int at = threadIdx.x + v * blockDim.x;
        mine[v] = at < vectors;
        if (mine[v]) load8(w + at * 8, weight[v]);
    }
    for (int row = blockIdx.x; row < total; row += gridDim.x) {
        size_t base = (size_t)row * vectors + threadIdx.x;
        if (row >= n) {
#pragma unroll
            for (int v = 0; v < V; v++)
                if (mine[v]) {
                    store_zero(dsum + base + v * blockDim.x);
                    if (y) store_zero(y + base + v * blockDim.x);
                }
            continue;
        }
        bf16x8 s[V], d[V], old[V];
        float r = rstd[row], dot = 0.f;
#pragma unroll
        for (int v = 0; v < V; v++) {
            store_zero(&old[v]);
            if (mine[v]) {
                s[v] = sum[base + v * blockDim.x];
                d[v] = dy[base + v * blockDim.x];
                if (add) old[v] = dsum[base + v * blockDim.x];
            }
        }
#pragma unroll
        for (int v = 0; v < V; v++)
            if (mine[v]) dot += dot8(s[v], d[v], weight[v]);
        float c = __fdividef(one_sync_sum(dot, scratch[parity]), (float)h) * r * r;
        parity ^= 1;
#pragma unroll
        for (int v = 0; v < V; v++)
            if (mine[v]) {
                dsum[base + v * blockDim.x] = back8(s[v], d[v], weight[v], r, c, old[v]);
                if (y) y[base + v * blockDim.x] = scale8(s[v], r, weight[v]);
            }
    }
}

extern "C" __global__ void __launch_bounds__(512)
    norm_back(bf16x8 *dsum, const bf16x8 *__restrict__ sum, const bf16x8 *__restrict__ dy, const float *__restrict__ w,
              const float *__restrict__ rstd, const int *__restrict__ rows, int total, int h, int add) {
    back_rows<2>(dsum, nullptr, sum, dy, w, rstd, rows, total, h, add);
}

extern "C" __global__ void __launch_bounds__(512)
    norm_back_wide(bf16x8 *dsum, const bf16x8 *__restrict__ sum, const bf16x8 *__restrict__ dy,
                   const float *__restrict__ w, const float *__restrict__ rstd, const int *__restrict__ rows, int total,
                   int h, int add) {
    back_rows<4>(dsum, nullptr, sum, dy, w, rstd, rows, total, h, add);
}

extern "C" __global__ void __launch_bounds__(512)
    norm_again(bf16x8 *dsum, bf16x8 *y, const bf16x8 *__restrict__ sum, const bf16x8 *dy, const float *__restrict__ w,
               const float *__restrict__ rstd, const int *__restrict__ rows, int total, int h, int add) {
    back_rows<2>(dsum, y, sum, dy, w, rstd, rows, total, h, add);
}

extern "C" __global__ void __launch_bounds__(512)
    norm_again_wide(bf16x8 *dsum, bf16x8 *y, const bf16x8 *__restrict__ sum, const bf16x8 *dy, const float *__restrict__ w,
                    const float *__restrict__ rstd, const int *__restrict__ rows, int total, int h, int add) {
    back_rows<4>(dsum, y, sum, dy, w, rstd, rows, total, h, add);
}

// lanes_sum adds over groups of lanes, a power of two ≤ 32.
static __device__ __forceinline__ float lanes_sum(float x, int lanes) {
    for (int i = lanes >> 1; i; i >>= 1) x += __shfl_xor_sync(0xffffffffu, x, i);
    return x;
}

#define GROUPS 4 // of rows, that a thread has on their way together

// 256 threads; lanes is the power of two ≥ h/8.
extern "C" __global__ void __launch_bounds__(256)
    norm_add_small(bf16x8 *__restrict__ y, bf16x8 *__restrict__ sum, float *__restrict__ rstd,
                   const bf16x8 *__restrict__ x, const bf16x8 *__restrict__ delta, const float *__restrict__ w,
                   const int *__restrict__ rows, int per, int total, int h, float eps, int lanes, int ld) {
    int lane = threadIdx.x & (lanes - 1), vectors = h >> 3, step = 256 / lanes, used = *rows * per;
    int first = blockIdx.x * step * GROUPS + threadIdx.x / lanes;
    bf16x8 s[GROUPS], d[GROUPS];
    float weight[8];
    if (lane < vectors) load8(w + lane * 8, weight);
#pragma unroll
    for (int k = 0; k < GROUPS; k++) {
        size_t at = (size_t)(first + k * step) * vectors + lane;
        if (first + k * step < used && lane < vectors) {
            s[k] = x[at];
            if (delta) d[k] = delta[at];
        }
    }
#pragma unroll
    for (int k = 0; k < GROUPS; k++) {
        int row = first + k * step;
        bool mine = row < total && lane < vectors;
        size_t at = (size_t)row * vectors + lane, to = (size_t)row * ld + lane;
        float squares = 0.f;
        if (mine && row < used) {
            if (delta) sum[at] = s[k] = add8(s[k], d[k]);
            squares = squares8(s[k]);
        }
        float r = root(lanes_sum(squares, lanes), h, eps);
        if (mine && row < used) {
            y[to] = scale8(s[k], r, weight);
            if (lane == 0) rstd[row] = r;
        } else if (mine) {
            store_zero(y + to);
            if (delta) store_zero(sum + at);
        }
    }
}

static __device__ __forceinline__ void back_groups(bf16x8 *dsum, bf16x8 *y, const bf16x8 *sum, const bf16x8 *dy,
                                                   const float *w, const float *rstd, const int *rows, int per,
                                                   int total, int h, int add, int lanes) {
    int lane = threadIdx.x & (lanes - 1), vectors = h >> 3, step = 256 / lanes, used = *rows * per;
    int first = blockIdx.x * step * GROUPS + threadIdx.x / lanes;
    bf16x8 s[GROUPS], d[GROUPS];
    float weight[8];
    if (lane < vectors) load8(w + lane * 8, weight);
#pragma unroll
    for (int k = 0; k < GROUPS; k++) {
        size_t at = (size_t)(first + k * step) * vectors + lane;
        if (first + k * step < used && lane < vectors) s[k] = sum[at], d[k] = dy[at];
    }
#pragma unroll
    for (int k = 0; k < GROUPS; k++) {
        int row = first + k * step;
        bool mine = row < total && lane < vectors, live = mine && row < used;
        size_t at = (size_t)row * vectors + lane;
        bf16x8 old;
        store_zero(&old);
        if (live && add) old = dsum[at];
        float r = live ? rstd[row] : 0.f;
        float c = __fdividef(lanes_sum(live ? dot8(s[k], d[k], weight) : 0.f, lanes), (float)h) * r * r;
        if (live) dsum[at] = back8(s[k], d[k], weight, r, c, old);
        else if (mine) store_zero(dsum + at);
        if (live && y) y[at] = scale8(s[k], r, weight);
        else if (mine && y) store_zero(y + at);
    }
}

extern "C" __global__ void __launch_bounds__(256)
    norm_back_small(bf16x8 *dsum, const bf16x8 *__restrict__ sum, const bf16x8 *__restrict__ dy,
                    const float *__restrict__ w, const float *__restrict__ rstd, const int *__restrict__ rows, int per,
                    int total, int h, int add, int lanes) {
    back_groups(dsum, nullptr, sum, dy, w, rstd, rows, per, total, h, add, lanes);
}

extern "C" __global__ void __launch_bounds__(256)
    norm_again_small(bf16x8 *dsum, bf16x8 *y, const bf16x8 *__restrict__ sum, const bf16x8 *dy,
                     const float *__restrict__ w, const float *__restrict__ rstd, const int *__restrict__ rows, int per,
                     int total, int h, int add, int lanes) {
    back_groups(dsum, y, sum, dy, w, rstd, rows, per, total, h, add, lanes);
}

extern "C" __global__ void __launch_bounds__(256)
    norm_add_any(bf16 *y, bf16 *sum, float *rstd, const bf16 *x, const bf16 *delta, const float *w, const int *rows,
                 int per, int h, float eps) {
    __shared__ float scratch[32];
    size_t base = (size_t)blockIdx.x * h;
    bool used = (int)blockIdx.x < *rows * per;
    float squares = 0.f;
    for (int c = threadIdx.x; used && c < h; c += blockDim.x) {
        float s = to_float(x[base + c]);
        if (delta) {
            sum[base + c] = to_bf16(s + to_float(delta[base + c]));
            s = to_float(sum[base + c]);
        }
        squares += s * s;
    }
    float r = root(block_sum(squares, scratch), h, eps);
    if (used && threadIdx.x == 0) rstd[blockIdx.x] = r;
    const bf16 *from = delta ? sum : x;
    for (int c = threadIdx.x; c < h; c += blockDim.x) {
        y[base + c] = used ? to_bf16(to_float(from[base + c]) * r * w[c]) : to_bf16(0.f);
        if (!used && delta) sum[base + c] = to_bf16(0.f);
    }
}

static __device__ __forceinline__ void back_any(bf16 *dsum, bf16 *y, const bf16 *sum, const bf16 *dy, const float *w,
                                                const float *rstd, const int *rows, int per, int h, int add) {
    __shared__ float scratch[32];
    size_t base = (size_t)blockIdx.x * h;
    bool used = (int)blockIdx.x < *rows * per;
    float dot = 0.f;
    for (int c = threadIdx.x; used && c < h; c += blockDim.x)
        dot += to_float(dy[base + c]) * w[c] * to_float(sum[base + c]);
    float r = used ? rstd[blockIdx.x] : 0.f;
    float m = block_sum(dot, scratch) / (float)h * r * r;
    for (int c = threadIdx.x; c < h; c += blockDim.x) {
        float d = 0.f;
        if (used) {
            d = r * (to_float(dy[base + c]) * w[c] - to_float(sum[base + c]) * m);
            if (add) d += to_float(dsum[base + c]);
        }
        dsum[base + c] = to_bf16(d);
        if (y) y[base + c] = used ? to_bf16(to_float(sum[base + c]) * r * w[c]) : to_bf16(0.f);
    }
}

extern "C" __global__ void __launch_bounds__(256)
    norm_back_any(bf16 *dsum, const bf16 *sum, const bf16 *dy, const float *w, const float *rstd, const int *rows, int per,
                  int h, int add) {
    back_any(dsum, nullptr, sum, dy, w, rstd, rows, per, h, add);
}

extern "C" __global__ void __launch_bounds__(256)
    norm_again_any(bf16 *dsum, bf16 *y, const bf16 *sum, const bf16 *dy, const float *w, const float *rstd,
                   const int *rows, int per, int h, int add) {
    back_any(dsum, y, sum, dy, w, rstd, rows, per, h, add);
}
