// The next token of each row of f32 logits: the largest, or one drawn.
//
//   nvcc -ptx -arch=compute_90a src/sample.cu     (make kernels)
//
// Everything overwrites; rows from *rows on stay. A block of 1,024 a row.
//
// Drawing, without sorting: an element's distance from the largest logit, over
// the temperature, becomes a whole number q (2²⁶ a nat, at most 64 nats), its
// mass exp(−q) another one (2⁴⁰ at q = 0). The order is by q, then by index, as
// kernels.Sample's. Counts and masses of buckets of q are whole numbers, so that
// they do not depend on the order of additions; the element at which a running
// count or mass passes a bound is found in three steps of 10, 11 and 11 bits.
// Three such searches: the end of the TopK, of TopP's set, and the draw itself.
#include "common.cuh"

#define THREADS 1024
#define BITS0 10
#define BITS1 11

// each calls f(i, x[i]) for the elements of this thread, in order, and has
// sixteen of them on their way together.
template <typename F> static __device__ __forceinline__ void each(const float *x, int n, F f) {
    int i = threadIdx.x * 4;
    if (n % 4 == 0) // then every row begins at 16 bytes
        for (; i + 12 * THREADS < n; i += 16 * THREADS) {
            float4 v[4];
#pragma unroll
            for (int k = 0; k < 4; k++) v[k] = *(const float4 *)(x + i + 4 * k * THREADS);
#pragma unroll
            for (int k = 0; k < 4; k++) {
                int at = i + 4 * k * THREADS;
                f(at, v[k].x), f(at + 1, v[k].y), f(at + 2, v[k].z), f(at + 3, v[k].w);
            }
        }
    for (; i < n; i += 4 * THREADS)
        for (int k = i; k < min(i + 4, n); k++) f(k, x[k]);
}

struct Best {
    float value, second;
    int index;
};

// better merges two parts of a row.
static __device__ __forceinline__ Best better(const Best &a, const Best &b) {
    bool first = a.value > b.value || (a.value == b.value && a.index < b.index);
    const Best &w = first ? a : b, &l = first ? b : a;
    return {w.value, fmaxf(w.second, l.value), w.index};
}

static __device__ __forceinline__ Best best_of(const float *row, int n, Best *scratch) {
    Best b = {__int_as_float(0xff800000), __int_as_float(0xff800000), 0x7fffffff};
    each(row, n, [&](int i, float x) {
        if (x > b.value || b.index == 0x7fffffff) b.second = b.value, b.value = x, b.index = i;
        else if (x > b.second) b.second = x;
    });
#pragma unroll
    for (int k = 16; k; k >>= 1) {
        Best o = {__shfl_xor_sync(0xffffffffu, b.value, k), __shfl_xor_sync(0xffffffffu, b.second, k),
                  __shfl_xor_sync(0xffffffffu, b.index, k)};
        b = better(b, o);
    }
    if ((threadIdx.x & 31) == 0) scratch[threadIdx.x >> 5] = b;
    __syncthreads();
    b = scratch[0];
    for (int w = 1; w < THREADS / 32; w++) b = better(b, scratch[w]);
    __syncthreads();
    return b;
}

// margin may be null.
extern "C" __global__ void __launch_bounds__(THREADS)
    sample_argmax(int *ids, float *margin, const float *logits, const int *rows, int n) {
    __shared__ Best scratch[THREADS / 32];
    if ((int)blockIdx.x >= *rows) return;
    Best b = best_of(logits + (size_t)blockIdx.x * n, n, scratch);
    if (threadIdx.x != 0) return;
    ids[blockIdx.x] = b.index;
    if (margin) margin[blockIdx.x] = b.value - b.second;
}

typedef unsigned long long u64;

// A histogram over buckets of q. Masses are kept in two halves: shared memory
// adds 32 bits at once.
template <int N> struct Histogram {
    unsigned count[N], low[N], high[N];
    __device__ __forceinline__ void clear() {
        for (int i = threadIdx.x; i < N; i += THREADS) count[i] = low[i] = high[i] = 0;
        __syncthreads();
    }
    __device__ __forceinline__ void add(int i, u64 mass) {
        atomicAdd(&count[i], 1u);
        if (mass == 0) return;
        unsigned part = (unsigned)mass, old = atomicAdd(&low[i], part), carry = old + part < old;
        if (mass >> 32 || carry) atomicAdd(&high[i], (unsigned)(mass >> 32) + carry);
    }
    __device__ __forceinline__ u64 mass(int i) const { return (u64)high[i] << 32 | low[i]; }
};

struct Found {
    unsigned q;
    unsigned count; // elements before q
    u64 mass;       // of the elements before q
};

struct Row {
    const float *logits;
    int n;
    float top, inverse; // largest logit, 1/temperature
    __device__ __forceinline__ unsigned q(float x) const {
        float t = (top - x) * inverse;
        return t < 64.f ? (unsigned)(t * 67108864.f) : 0xffffffffu; // NaN, too, goes to the end
    }
};

static __device__ __forceinline__ u64 mass_of(unsigned q) {
    return q >= 0x80000000u ? 0 : (u64)(exp2f((float)q * (-1.4426950408889634f / 67108864.f)) * 1099511627776.f);
}

struct Shared {
    Histogram<1 << BITS0> coarse; // of all elements
    Histogram<1 << BITS1> fine;
    u64 masses[32];
    unsigned counts[32];
    int bucket;
    Found before;
    Best best[32];
    int totals[32];
};

// The bucket of h in which the running count (or mass) of all elements passes
// bound; s.before is advanced by the buckets before it.
template <int N>
static __device__ void pass(Shared &s, const Histogram<N> &h, bool by_count, u64 bound) {
    const int EACH = N / THREADS;
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    unsigned count = 0;
    u64 mass = 0;
    for (int k = 0; k < EACH; k++) count += h.count[threadIdx.x * EACH + k], mass += h.mass(threadIdx.x * EACH + k);
    unsigned c = count;
    u64 m = mass;
    for (int k = 1; k < 32; k <<= 1) {
        unsigned a = __shfl_up_sync(0xffffffffu, c, k);
        u64 b = __shfl_up_sync(0xffffffffu, m, k);
        if (lane >= k) c += a, m += b;
    }
    if (lane == 31) s.counts[warp] = c, s.masses[warp] = m;
    __syncthreads();
    c -= count, m -= mass; // of the warp's elements before this thread's
    c += s.before.count, m += s.before.mass;
    for (int w = 0; w < warp; w++) c += s.counts[w], m += s.masses[w];
    __syncthreads();
    for (int k = 0; k < EACH; k++) {
        int i = threadIdx.x * EACH + k;
        unsigned nc = c + h.count[i];
        u64 nm = m + h.mass(i);
        if (by_count ? c <= bound && bound < nc : m <= bound && bound < nm) {
            s.bucket = i;
            s.before.count = c, s.before.mass = m;
        }
        c = nc, m = nm;
    }
    __syncthreads();
}

// search finds the q of the element at which the running count (or mass) over
// the elements in order passes bound, which lies below the total.
static __device__ Found search(Shared &s, const Row &row, bool by_count, u64 bound) {
    if (threadIdx.x == 0) s.before = Found{0, 0, 0};
    __syncthreads();
    pass(s, s.coarse, by_count, bound);
    unsigned prefix = s.bucket;
    for (int level = 0; level < 2; level++) {
        int shift = level == 0 ? 2 * BITS1 : BITS1, below = shift - BITS1;
        s.fine.clear();
        each(row.logits, row.n, [&](int, float x) {
            unsigned q = row.q(x);
            if (q >> shift == prefix) s.fine.add(q >> below & ((1 << BITS1) - 1), mass_of(q));
        });
        __syncthreads();
        pass(s, s.fine, by_count, bound);
        prefix = prefix << BITS1 | s.bucket;
    }
    Found f = s.before;
    f.q = prefix;
    __syncthreads();
    return f;
}

// The index of element number rank of those with this q, in order of index. Each
// warp has a part of the row of its own.
static __device__ int pick(Shared &s, const Row &row, unsigned q, unsigned rank) {
    int lane = threadIdx.x & 31, warp = threadIdx.x >> 5;
    int part = (row.n + THREADS - 1) / THREADS * 32, lo = min(warp * part, row.n), hi = min(lo + part, row.n);
    int mine = 0;
#pragma unroll 8
    for (int i = lo + lane; i < hi; i += 32) mine += row.q(row.logits[i]) == q;
    for (int k = 16; k; k >>= 1) mine += __shfl_xor_sync(0xffffffffu, mine, k);
    if (lane == 0) s.totals[warp] = mine;
    __syncthreads();
    int before = 0;
    for (int w = 0; w < warp; w++) before += s.totals[w];
    if ((int)rank >= before && (int)rank < before + mine)
        for (int i = lo; i < hi; i += 32) {
            bool hit = i + lane < hi && row.q(row.logits[i + lane]) == q;
            unsigned votes = __ballot_sync(0xffffffffu, hit);
            if (hit && before + __popc(votes & ((1u << lane) - 1)) == (int)rank) s.bucket = i + lane;
            before += __popc(votes);
        }
    __syncthreads();
    return s.bucket;
}

extern "C" __global__ void __launch_bounds__(THREADS)
    sample_draw(int *ids, const float *logits, const float *temperature, const float *top_p, const int *top_k,
                const float *uniform, const int *rows, int n) {
    __shared__ Shared s;
    int r = blockIdx.x;
    if (r >= *rows) return;
    Row row = {logits + (size_t)r * n, n, 0.f, 0.f};
    Best b = best_of(row.logits, n, s.best);
    if (!(temperature[r] > 0.f) || !(b.value > __int_as_float(0xff800000))) { // or nothing but −∞
        if (threadIdx.x == 0) ids[r] = b.index;
        return;
    }
    row.top = b.value, row.inverse = 1.f / temperature[r];
    s.coarse.clear();
    each(row.logits, n, [&](int, float x) {
        unsigned q = row.q(x);
        s.coarse.add(q >> (2 * BITS1), mass_of(q));
    });
    __syncthreads();
    u64 kept = 0; // mass of the set that is drawn from
    if (top_k[r] > 0 && top_k[r] < n) {
        Found f = search(s, row, true, top_k[r] - 1);
        kept = f.mass + (top_k[r] - f.count) * mass_of(f.q);
    } else {
        for (int i = 0; i < 1 << BITS0; i++) kept += s.coarse.mass(i);
    }
    if (top_p[r] < 1.f) {
        u64 need = max((u64)ceil((double)top_p[r] * (double)kept), 1ull);
        Found f = search(s, row, false, need - 1);
        u64 each = mass_of(f.q);
        kept = f.mass + ((need - 1 - f.mass) / each + 1) * each;
    }
    u64 target = min((u64)((double)uniform[r] * (double)kept), kept - 1);
    Found f = search(s, row, false, target);
    int id = pick(s, row, f.q, (unsigned)((target - f.mass) / mass_of(f.q)));
    if (threadIdx.x == 0) ids[r] = id;
}
