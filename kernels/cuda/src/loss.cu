// Cross-entropy of a chunk of logits, its gradient in place, and the loss.
//
//   nvcc -ptx -arch=compute_90a src/loss.cu     (make kernels)
//
// nll = logsumexp(l) − l[target], in f32 from the logits as they are stored;
// gradient (softmax − onehot)·scale over the logits, one rounding, in the same
// pass. Rows from *rows on get a zero gradient and no nll. A row is ld values
// apart, ld·size % 16 == 0; columns vocabulary…ld−1 are not read, and become
// zero in the gradient. Overwrites nll and the logits; adds to the loss.
#include "common.cuh"
#include "ptx.cuh"

static const float log2e = 1.4426950408889634f;

static __device__ __forceinline__ void store(bf16 *p, float x) { *p = to_bf16(x); }
static __device__ __forceinline__ void store(float *p, float x) { *p = x; }

struct Half { // bf16 logits, 16 bytes at a time
    typedef bf16x8 vector;
    typedef bf16 scalar;
    static const int width = 8;
    static __device__ __forceinline__ void read(const vector &p, float *x) { unpack(p, x); }
    static __device__ __forceinline__ vector write(const float *x) { return pack(x); }
};

struct Full { // f32 logits
    typedef float4 vector;
    typedef float scalar;
    static const int width = 4;
    static __device__ __forceinline__ void read(const float4 &p, float *x) { x[0] = p.x, x[1] = p.y, x[2] = p.z, x[3] = p.w; }
    static __device__ __forceinline__ float4 write(const float *x) { return make_float4(x[0], x[1], x[2], x[3]); }
};

// Sums is a running Σ exp(x − top), top in units of log₂.
struct Sums {
    float top, sum;
    template <int N> __device__ __forceinline__ void add(const float *x) {
        float t = x[0];
#pragma unroll
        for (int k = 1; k < N; k++) t = fmaxf(t, x[k]);
        if (t * log2e > top) {
            sum *= exp2_fast(top - t * log2e);
            top = t * log2e;
        }
#pragma unroll
        for (int k = 0; k < N; k++) sum += exp2_fast(x[k] * log2e - top);
    }
};

static __device__ __forceinline__ float block_max(float x, float *scratch) {
    x = warp_max(x);
    if ((threadIdx.x & 31) == 0) scratch[threadIdx.x >> 5] = x;
    __syncthreads();
    x = (threadIdx.x & 31) < blockDim.x / 32 ? scratch[threadIdx.x & 31] : scratch[0];
    x = warp_max(x);
    __syncthreads();
    return x;
}

// A block a row. The first cached vectors of it stay in shared memory between
// the two passes; the rest is read again, from L2 where that holds it.
template <typename L>
static __device__ __forceinline__ void cross_entropy(typename L::scalar *logits, float *nll, const int *targets,
                                                     const float *scale, const int *rows, int first, int vocabulary,
                                                     int ld, int cached, int gradient) {
    DYNAMIC_SHARED(memory);
    __shared__ float scratch[32];
    typedef typename L::vector vector;
    vector *tile = (vector *)memory;
    const int W = L::width;
    typename L::scalar *row = logits + (size_t)blockIdx.x * ld;
    vector *line = (vector *)row;
    int at = first + blockIdx.x, whole = vocabulary / W, all = ld / W;
    float x[W];
    if (at >= *rows) {
        for (int k = 0; k < W; k++) x[k] = 0.f;
        for (int i = threadIdx.x; gradient && i < all; i += blockDim.x) line[i] = L::write(x);
        return;
    }
    int target = targets[at];
    float wanted = to_float(row[target]);
    Sums s = {-1e30f, 0.f};
#pragma unroll 2
    for (int i = threadIdx.x; i < whole; i += blockDim.x) {
        vector v = line[i];
        if (i < cached) tile[i] = v;
        L::read(v, x);
        s.add<W>(x);
    }
    int tail = whole * W + threadIdx.x;
    if (tail < vocabulary) {
        x[0] = to_float(row[tail]);
        s.add<1>(x);
    }
    float top = block_max(s.top, scratch);
    float lse = top + log2f(block_sum(s.sum * exp2_fast(s.top - top), scratch)); // in units of log₂
    if (threadIdx.x == 0) nll[at] = lse / log2e - wanted;
    if (!gradient) return;
    float g = *scale;
#pragma unroll 2
    for (int i = threadIdx.x; i < whole; i += blockDim.x) {
        L::read(i < cached ? tile[i] : line[i], x);
#pragma unroll
        for (int k = 0; k < W; k++) x[k] = exp2_fast(x[k] * log2e - lse) * g;
        line[i] = L::write(x);
    }
    tail = whole * W + threadIdx.x;
    if (tail < ld) store(row + tail, tail < vocabulary ? exp2_fast(to_float(row[tail]) * log2e - lse) * g : 0.f);
    __syncthreads(); // the target's place is written by another thread
    if (threadIdx.x == 0) store(row + target, (exp2_fast(wanted * log2e - lse) - 1.f) * g);
}

extern "C" __global__ void __launch_bounds__(1024)
    loss_chunk(bf16 *logits, float *nll, const int *targets, const float *scale, const int *rows, int first,
               int vocabulary, int ld, int cached, int gradient) {
    cross_entropy<Half>(logits, nll, targets, scale, rows, first, vocabulary, ld, cached, gradient);
}

extern "C" __global__ void __launch_bounds__(1024)
    loss_chunk_f32(float *logits, float *nll, const int *targets, const float *scale, const int *rows, int first,
                   int vocabulary, int ld, int cached, int gradient) {
    cross_entropy<Full>(logits, nll, targets, scale, rows, first, vocabulary, ld, cached, gradient);
}

// loss += Σ nll over the rows in use, in f64 and a fixed order. One block.
extern "C" __global__ void __launch_bounds__(1024) loss_sum(float *loss, const float *nll, const int *rows) {
    __shared__ double scratch[1024];
    double s = 0;
    for (int i = threadIdx.x; i < *rows; i += 1024) s += nll[i];
    scratch[threadIdx.x] = s;
    __syncthreads();
    for (int i = 512; i; i >>= 1) {
        if (threadIdx.x < i) scratch[threadIdx.x] += scratch[threadIdx.x + i];
        __syncthreads();
    }
    if (threadIdx.x == 0) *loss += (float)scratch[0];
}
