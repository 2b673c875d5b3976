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

#define PART 4096

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
    struct __align__(8) Pairs { __nv_bfloat162 v[2]; } pairs;
    pairs.v[0] = __floats2bfloat162_rn(p[0], p[1]);
    pairs.v[1] = __floats2bfloat162_rn(p[2], p[3]);
    *(Pairs *)(s.copy + i) = pairs;
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

// A warp a block of 256: lane l holds elements 4l…4l+3 and 128+4l….
static __device__ void block8(const Update &u, const Slot &s, const Maps &t, long long start) {
    int lane = threadIdx.x & 31, count = (int)min(256ll, s.n - start);
    long long block = start / 256;
    float p[8], m[8], v[8], old_m = s.m_top[block], old_v = s.v_top[block], top_m = 0.f, top_v = 0.f;
    uint8_t *m8 = (uint8_t *)s.m + start, *v8 = (uint8_t *)s.v + start;
    unsigned cm[2] = {}, cv[2] = {};
    float g[8] = {};
    bool whole = count == 256;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        int i = h * 128 + lane * 4;
        if (whole) {
            *(float4 *)(p + 4 * h) = *(float4 *)(s.p + start + i);
            *(float4 *)(g + 4 * h) = *(const float4 *)(s.g + start + i);
            cm[h] = *(unsigned *)(m8 + i), cv[h] = *(unsigned *)(v8 + i);
        } else {
#pragma unroll
            for (int k = 0; k < 4; k++)
                if (i + k < count) {
                    p[4 * h + k] = s.p[start + i + k], g[4 * h + k] = s.g[start + i + k];
                    cm[h] |= (unsigned)m8[i + k] << (8 * k), cv[h] |= (unsigned)v8[i + k] << (8 * k);
                }
        }
    }
#pragma unroll
    for (int k = 0; k < 8; k++) {
        bool mine = whole || (k >> 2) * 128 + lane * 4 + (k & 3) < count;
        float d = g[k] * u.clip;
        bool finite = fabsf(d) <= 3.4028235e38f && mine; // NaN fails
        m[k] = finite ? t.signed_map[cm[k >> 2] >> (8 * (k & 3)) & 255] * old_m * u.b1 + u.rest1 * d : 0.f;
        v[k] = finite ? t.unsigned_map[cv[k >> 2] >> (8 * (k & 3)) & 255] * old_v * u.b2 + u.rest2 * d * d : 0.f;
        top_m = fmaxf(top_m, fabsf(m[k]));
        top_v = fmaxf(top_v, v[k]);
    }
    top_m = warp_max(top_m), top_v = warp_max(top_v);
    // magnitudes that are denormal have the code of 0
    float scale_m = top_m > 1e-37f ? 1.f / top_m : 0.f, scale_v = top_v > 1e-37f ? 1.f / top_v : 0.f;
    cm[0] = cm[1] = cv[0] = cv[1] = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) {
        float root = v[k] > 0.f ? v[k] * rsqrtf(v[k]) : 0.f;
        p[k] += u.size8 * __fdividef(m[k], root + u.eps8);
        p[k] *= u.keep8;
        unsigned c = code_signed(t, m[k] * scale_m);
        if (m[k] < 0.f && c == 127) c = 126;
        cm[k >> 2] |= c << (8 * (k & 3));
        cv[k >> 2] |= code_unsigned(t, v[k] * scale_v) << (8 * (k & 3));
    }
    if (lane == 0) s.m_top[block] = top_m, s.v_top[block] = top_v;
#pragma unroll
    for (int h = 0; h < 2; h++) {
        int i = h * 128 + lane * 4;
        if (whole) {
            *(float4 *)(s.p + start + i) = *(float4 *)(p + 4 * h);
            *(unsigned *)(m8 + i) = cm[h], *(unsigned *)(v8 + i) = cv[h];
            copy4(s, start + i, p + 4 * h);
        } else {
#pragma unroll
            for (int k = 0; k < 4; k++)
                if (i + k < count) {
                    s.p[start + i + k] = p[4 * h + k];
                    m8[i + k] = (uint8_t)(cm[h] >> (8 * k)), v8[i + k] = (uint8_t)(cv[h] >> (8 * k));
                    copy1(s, start + i + k, p[4 * h + k]);
                }
        }
    }
}

// Blocks of 256 threads stride over the parts.
extern "C" __global__ void __launch_bounds__(256, 3)
    optim_adamw(const Slot *slots, const Part *parts, int count, const Maps *maps, const float *norm, float max_norm,
                const float *lr, const int *step, double b1, double b2, double eps, double decay) {
    __shared__ Maps tables;
    __shared__ Update update;
    if (!(fabsf(*norm) <= 3.4028235e38f)) return;
    for (int i = threadIdx.x; i < (int)(sizeof(Maps) / 16); i += 256) ((Bytes16 *)&tables)[i] = ((const Bytes16 *)maps)[i];
    if (threadIdx.x == 0) update = make_update(*norm, max_norm, *lr, *step, b1, b2, eps, decay);
    __syncthreads();
    const Update &u = update;
    for (int i = blockIdx.x; i < count; i += gridDim.x) {
        Part part = parts[i];
        Slot s = slots[part.slot];
        long long start = (long long)part.number * PART;
        if (!s.m_top) {
            part32(u, s, start);
            continue;
        }
        for (long long at = start + (threadIdx.x >> 5) * 256; at < min(start + PART, s.n); at += 2048)
            block8(u, s, tables, at);
    }
}
