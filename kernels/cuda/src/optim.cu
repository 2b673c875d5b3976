// Clearing, the norm of all gradients, and AdamW over all parameters, each in
// one launch over a list of chunks.
//
//   nvcc -ptx -arch=compute_90a src/optim.cu     (make kernels)
//
// optim_norm: f32 squares, f64 sums in a fixed order; a gradient whose square
// is beyond f32 makes the norm infinite.
//
// optim_adamw: kernels.AdamW. Nothing changes where the norm is not finite.
// 32-bit state: torch's order of operations in IEEE f32. 8-bit state: blocks of
// 256 and dynamic maps as bitsandbytes' CUDA kernel, exact nearest codes, f32
// with its fast division and root (1-2 ulp). Updates parameters and state in
// place, overwrites the parameters' bf16 copies.
#include "common.cuh"

struct __align__(16) Chunk { // part of a tensor
    unsigned char *p;
    long long n; // bytes
};

struct __align__(16) Bytes16 { unsigned v[4]; };

// A block a chunk; p is aligned to 16 bytes.
extern "C" __global__ void __launch_bounds__(256) optim_zero(const Chunk *chunks) {
    Chunk c = chunks[blockIdx.x];
    for (long long i = threadIdx.x; i < c.n / 16; i += 256) ((Bytes16 *)c.p)[i] = Bytes16{};
    if (threadIdx.x < c.n % 16) c.p[c.n / 16 * 16 + threadIdx.x] = 0;
}

static __device__ __forceinline__ double sum256(double x, double *scratch) {
    scratch[threadIdx.x] = x;
    __syncthreads();
    for (int i = 128; i; i >>= 1) {
        if ((int)threadIdx.x < i) scratch[threadIdx.x] += scratch[threadIdx.x + i];
        __syncthreads();
    }
    return scratch[0];
}

static __device__ __forceinline__ float squares(float4 x) { return x.x * x.x + x.y * x.y + x.z * x.z + x.w * x.w; }

// Σ g² of every chunk. A block a chunk of f32.
extern "C" __global__ void __launch_bounds__(256) optim_norm(double *sums, const Chunk *chunks) {
    __shared__ double scratch[256];
    Chunk c = chunks[blockIdx.x];
    const float4 *g = (const float4 *)c.p;
    int vectors = (int)(c.n / 16);
    double s = 0;
#pragma unroll 2
    for (int i = threadIdx.x; i < vectors; i += 1024) {
        float4 x[4];
#pragma unroll
        for (int k = 0; k < 4; k++) x[k] = i + k * 256 < vectors ? g[i + k * 256] : make_float4(0.f, 0.f, 0.f, 0.f);
        s += (squares(x[0]) + squares(x[1])) + (squares(x[2]) + squares(x[3]));
    }
    if ((int)threadIdx.x < (int)(c.n % 16 / 4)) {
        float x = ((const float *)c.p)[vectors * 4 + threadIdx.x];
        s += x * x;
    }
    s = sum256(s, scratch);
    if (threadIdx.x == 0) sums[blockIdx.x] = s;
}

// norm = √Σ sums. One block.
extern "C" __global__ void __launch_bounds__(256) optim_norm_sum(float *norm, const double *sums, int n) {
    __shared__ double scratch[256];
    double s = 0;
    for (int i = threadIdx.x; i < n; i += 256) s += sums[i];
    s = sum256(s, scratch);
    if (threadIdx.x == 0) *norm = (float)sqrt(s);
}

struct __align__(16) Slot {
    float *p;
    const float *g;
    void *m, *v;            // f32, or codes
    float *m_top, *v_top;   // absmax of blocks; null: 32-bit state
    bf16 *copy;             // p in bf16; may be null
    long long n;
};

#define PART 8192

struct __align__(8) Part { // part number of a slot, of PART elements or what is left
    int slot, number;
};

#define MAP 256
#define SIGNED_STARTS 3088
#define UNSIGNED_STARTS 2960

// The maps with what finds the nearest code: bounds[c] is the largest value whose
// code is c or less; starts holds the lowest code of each bucket of values.
struct __align__(16) Maps {
    float signed_map[MAP], unsigned_map[MAP], signed_bounds[MAP], unsigned_bounds[MAP];
    uint8_t signed_starts[SIGNED_STARTS], unsigned_starts[UNSIGNED_STARTS];
};

// What all elements of one update share.
struct Update {
    float clip;
    float keep32, size32, c2; // 32-bit state
    float keep8, size8, eps8; // 8-bit state
    float b1, b2, rest1, rest2, one_minus_b1, one_minus_b2, eps;
};

static __device__ double power(double x, int n) {
    double r = 1;
    for (; n; n >>= 1, x *= x)
        if (n & 1) r *= x;
    return r;
}

static __device__ Update make_update(float norm, float max_norm, double lr, int step, double b1, double b2, double eps,
                                     double decay) {
    Update u;
    double c1 = 1 - power(b1, step), c2 = sqrt(1 - power(b2, step));
    u.clip = max_norm > 0 ? fminf(1.f, max_norm / (norm + 1e-6f)) : 1.f;
    u.keep32 = (float)(1 - lr * decay), u.size32 = (float)(lr / c1), u.c2 = (float)c2;
    u.keep8 = 1.f - (float)lr * (float)decay, u.size8 = (float)(-lr * c2 / c1), u.eps8 = (float)c2 * (float)eps;
    u.b1 = (float)b1, u.b2 = (float)b2, u.rest1 = 1.f - u.b1, u.rest2 = 1.f - u.b2;
    u.one_minus_b1 = (float)(1 - b1), u.one_minus_b2 = (float)(1 - b2), u.eps = (float)eps;
    return u;
}

static __device__ __forceinline__ void update32(const Update &u, float &p, float g, float &m, float &v) {
    float d = g * u.clip;
    p *= u.keep32;
    m += (d - m) * u.one_minus_b1;
    v = v * u.b2 + u.one_minus_b2 * d * d;
    p -= u.size32 * (m / (sqrtf(v) / u.c2 + u.eps));
}

static __device__ __forceinline__ void copy4(const Slot &s, long long i, const float *p) {
    if (!s.copy) return;
    *(uint2 *)(s.copy + i) = make_uint2(pack2(p[0], p[1]), pack2(p[2], p[3]));
}

static __device__ __forceinline__ void copy1(const Slot &s, long long i, float p) {
    if (s.copy) s.copy[i] = to_bf16(p);
}

static __device__ void part32(const Update &u, const Slot &s, long long start) {
    float *m = (float *)s.m, *v = (float *)s.v;
    long long end = min(start + PART, s.n);
#pragma unroll 2
    for (long long i = start + threadIdx.x * 4; i < end; i += 1024) {
        if (i + 4 <= end) {
            float4 a = *(float4 *)(s.p + i), b = *(const float4 *)(s.g + i), c = *(float4 *)(m + i), d = *(float4 *)(v + i);
            update32(u, a.x, b.x, c.x, d.x);
            update32(u, a.y, b.y, c.y, d.y);
            update32(u, a.z, b.z, c.z, d.z);
            update32(u, a.w, b.w, c.w, d.w);
            *(float4 *)(s.p + i) = a, *(float4 *)(m + i) = c, *(float4 *)(v + i) = d;
            float p[4] = {a.x, a.y, a.z, a.w};
            copy4(s, i, p);
            continue;
        }
        for (long long k = i; k < end; k++) {
            update32(u, s.p[k], s.g[k], m[k], v[k]);
            copy1(s, k, s.p[k]);
        }
    }
}

// The bucket of a magnitude: exponent and the first bits of the fraction, from
// 2⁻²³ on; below that every value has the code of 0. What is no number in 0…1
// (a square beyond f32) gets the last bucket.
static __device__ __forceinline__ int bucket(float x, int bits) {
    return min(max((int)(__float_as_uint(fabsf(x)) >> (23 - bits)) - (104 << bits), 0), 23 << bits);
}

static __device__ __forceinline__ unsigned code_signed(const Maps &t, float x) {
    int b = bucket(x, 6);
    unsigned c = t.signed_starts[x < 0.f ? SIGNED_STARTS / 2 + b : b];
    return c + (x > t.signed_bounds[c] ? 1 : 0);
}

static __device__ __forceinline__ unsigned code_unsigned(const Maps &t, float x) {
    unsigned c = t.unsigned_starts[bucket(x, 7)];
    return c + (x > t.unsigned_bounds[c] ? 1 : 0);
}

// Eight elements of a block of 256: lane l of a warp holds 4l…4l+3 and 128+4l….
struct Block8 {
    float p[8], g[8], m_top, v_top;
    unsigned m[2], v[2]; // codes
};

static __device__ __forceinline__ Block8 load8(const Slot &s, long long start) {
    Block8 b;
    int lane = threadIdx.x & 31, count = (int)min(256ll, s.n - start);
    const uint8_t *m = (const uint8_t *)s.m + start, *v = (const uint8_t *)s.v + start;
    b.m_top = s.m_top[start / 256], b.v_top = s.v_top[start / 256];
#pragma unroll
    for (int h = 0; h < 2; h++) {
        int i = h * 128 + lane * 4;
        if (count == 256) {
            *(float4 *)(b.p + 4 * h) = *(const float4 *)(s.p + start + i);
            *(float4 *)(b.g + 4 * h) = *(const float4 *)(s.g + start + i);
            b.m[h] = *(const unsigned *)(m + i), b.v[h] = *(const unsigned *)(v + i);
            continue;
        }
        b.m[h] = b.v[h] = 0;
#pragma unroll
        for (int k = 0; k < 4; k++) {
            bool mine = i + k < count;
            b.p[4 * h + k] = mine ? s.p[start + i + k] : 0.f;
            b.g[4 * h + k] = mine ? s.g[start + i + k] : __int_as_float(0x7fffffff); // NaN: has no part
            if (mine) b.m[h] |= (unsigned)m[i + k] << (8 * k), b.v[h] |= (unsigned)v[i + k] << (8 * k);
        }
    }
    return b;
}

static __device__ __forceinline__ void update8(const Update &u, const Maps &t, Block8 &b) {
    float m[8], v[8], m_top = 0.f, v_top = 0.f;
#pragma unroll
    for (int k = 0; k < 8; k++) {
        float d = b.g[k] * u.clip;
        bool finite = fabsf(d) <= 3.4028235e38f; // NaN fails
        m[k] = finite ? t.signed_map[b.m[k >> 2] >> (8 * (k & 3)) & 255] * b.m_top * u.b1 + u.rest1 * d : 0.f;
        v[k] = finite ? t.unsigned_map[b.v[k >> 2] >> (8 * (k & 3)) & 255] * b.v_top * u.b2 + u.rest2 * d * d : 0.f;
        m_top = fmaxf(m_top, fabsf(m[k]));
        v_top = fmaxf(v_top, v[k]);
    }
    b.m_top = m_top = warp_max(m_top), b.v_top = v_top = warp_max(v_top);
    // magnitudes that are denormal have the code of 0
    float m_scale = m_top > 1e-37f ? 1.f / m_top : 0.f, v_scale = v_top > 1e-37f ? 1.f / v_top : 0.f;
    b.m[0] = b.m[1] = b.v[0] = b.v[1] = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) {
        float root = v[k] > 0.f ? v[k] * rsqrtf(v[k]) : 0.f;
        b.p[k] = (b.p[k] + u.size8 * __fdividef(m[k], root + u.eps8)) * u.keep8;
        unsigned c = code_signed(t, m[k] * m_scale);
        if (m[k] < 0.f && c == 127) c = 126;
        b.m[k >> 2] |= c << (8 * (k & 3));
        b.v[k >> 2] |= code_unsigned(t, v[k] * v_scale) << (8 * (k & 3));
    }
}

static __device__ __forceinline__ void store8(const Slot &s, long long start, const Block8 &b) {
    int lane = threadIdx.x & 31, count = (int)min(256ll, s.n - start);
    uint8_t *m = (uint8_t *)s.m + start, *v = (uint8_t *)s.v + start;
    if (lane == 0) s.m_top[start / 256] = b.m_top, s.v_top[start / 256] = b.v_top;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        int i = h * 128 + lane * 4;
        if (count == 256) {
            *(float4 *)(s.p + start + i) = *(const float4 *)(b.p + 4 * h);
            *(unsigned *)(m + i) = b.m[h], *(unsigned *)(v + i) = b.v[h];
            copy4(s, start + i, b.p + 4 * h);
            continue;
        }
#pragma unroll
        for (int k = 0; k < 4; k++)
            if (i + k < count) {
                s.p[start + i + k] = b.p[4 * h + k];
                m[i + k] = (uint8_t)(b.m[h] >> (8 * k)), v[i + k] = (uint8_t)(b.v[h] >> (8 * k));
                copy1(s, start + i + k, b.p[4 * h + k]);
            }
    }
}

// A warp a block of 256; the next one is on its way while this one is computed.
static __device__ void part8(const Update &u, const Maps &t, const Slot &s, long long start) {
    long long end = min(start + PART, s.n), at = start + (threadIdx.x >> 5) * 256;
    if (at >= end) return;
    Block8 next = load8(s, at);
    for (; at < end; at += 2048) {
        Block8 b = next;
        if (at + 2048 < end) next = load8(s, at + 2048);
        update8(u, t, b);
        store8(s, at, b);
    }
}

// Blocks of 256 threads stride over the parts.
extern "C" __global__ void __launch_bounds__(256, 2)
    optim_adamw(const Slot *slots, const Part *parts, int count, const Maps *maps, const float *norm, float max_norm,
                const float *lr, const int *step, double b1, double b2, double eps, double decay) {
    __shared__ Maps tables;
    __shared__ Update update;
    if (!(fabsf(*norm) <= 3.4028235e38f)) return;
    for (int i = threadIdx.x; i < (int)(sizeof(Maps) / 16); i += 256) ((Bytes16 *)&tables)[i] = ((const Bytes16 *)maps)[i];
    if (threadIdx.x == 0) update = make_update(*norm, max_norm, *lr, *step, b1, b2, eps, decay);
    __syncthreads();
    for (int i = blockIdx.x; i < count; i += gridDim.x) {
        Part part = parts[i];
        Slot s = slots[part.slot];
        long long start = (long long)part.number * PART;
        if (s.m_top) part8(update, tables, s, start);
        else part32(update, s, start);
    }
}
