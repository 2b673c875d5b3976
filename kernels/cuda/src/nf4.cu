// The NF4 format of package nf4: out of it, and into it.
//
//   nvcc -ptx -arch=compute_90a src/nf4.cu     (make kernels)
//
// Elements are flat and row-major, blocks of 64, the first of a pair in the
// high nibble. Everything overwrites.
//
// Dequantise: bf16(code·absmax), one f32 product and one rounding; nested
// absmax = fl(fl(map[q]·nested) + offset), two roundings. The result may have
// rows of ld > cols values (cols % 8 == 0 then).
//
// Quantise: as nf4.Quantize, bit for bit: a full block scales by the reciprocal
// of its absmax, a shorter last one by division; an all-zero block has code 7.
// The mean of the absmax values is summed in f64 in another order than the
// host's, so that the offset may differ by an ulp.
#include "common.cuh"
#include "nf4.cuh"

// element k of eight codes in a word, as an offset into a table of floats.
static __device__ __forceinline__ unsigned offset_of(unsigned w, int k) {
    int shift = (k >> 1) * 8 + (k & 1 ? 0 : 4);
    return (shift ? w >> (shift - 2) : w << 2) & 60;
}

static __device__ __forceinline__ float look(const float *table, unsigned offset) {
    return *(const float *)((const char *)table + offset);
}

// The scale of a block, in two parts: what comes from memory, and the rest.
struct Nested {
    const uint8_t *codes;
    const float *map, *absmax; // map in shared memory
    float offset;
    struct Raw { uint8_t code; float absmax; };
    __device__ __forceinline__ Raw load(unsigned block) const { return {codes[block], absmax[block >> 8]}; }
    __device__ __forceinline__ float scale(Raw r) const { return __fadd_rn(__fmul_rn(map[r.code], r.absmax), offset); }
};

struct Flat {
    const float *absmax;
    typedef float Raw;
    __device__ __forceinline__ float load(unsigned block) const { return absmax[block]; }
    __device__ __forceinline__ float scale(float r) const { return r; }
};

#define VECTORS 4 // of eight values, a lane: a warp takes 1,024 values, 16 blocks

// Warps stride over the tensor; the codes of the next piece are on their way
// while this one is looked up. The scale of block b is computed by lane b only.
template <typename S>
static __device__ __forceinline__ void dequantize(bf16 *out, const uint8_t *codes, S scales, long long n, int cols,
                                                  int ld, const float *table) {
    unsigned vectors = (unsigned)(n >> 3), count = (unsigned)((n + 63) >> 6), lane = threadIdx.x & 31;
    unsigned step = gridDim.x * 8 * 32 * VECTORS, at = (blockIdx.x * 8 + (threadIdx.x >> 5)) * 32 * VECTORS;
    unsigned next[VECTORS];
    typename S::Raw raw{};
    auto fetch = [&](unsigned from) {
#pragma unroll
        for (int k = 0; k < VECTORS; k++)
            if (from + k * 32 + lane < vectors) next[k] = ((const unsigned *)codes)[from + k * 32 + lane];
        if (lane < 16 && from / 8 + lane < count) raw = scales.load(from / 8 + lane);
    };
    fetch(at);
    for (; at < vectors; at += step) {
        unsigned word[VECTORS];
        float mine = scales.scale(raw);
#pragma unroll
        for (int k = 0; k < VECTORS; k++) word[k] = next[k];
        if (at + step < vectors) fetch(at + step);
#pragma unroll
        for (int k = 0; k < VECTORS; k++) {
            float s = __shfl_sync(0xffffffffu, mine, k * 4 + (lane >> 3)), x[8];
            unsigned v = at + k * 32 + lane;
            if (v >= vectors) continue;
#pragma unroll
            for (int i = 0; i < 8; i++) x[i] = look(table, offset_of(word[k], i)) * s;
            if (ld == cols) ((bf16x8 *)out)[v] = pack(x);
            else *(bf16x8 *)(out + (long long)(v / (cols >> 3)) * ld + v % (cols >> 3) * 8) = pack(x);
        }
    }
    if (blockIdx.x == 0 && threadIdx.x < (n & 7)) {
        long long i = (n & ~7ll) + threadIdx.x;
        float s = scales.scale(scales.load((unsigned)(i >> 6)));
        out[i] = to_bf16(table[codes[i >> 1] >> (i & 1 ? 0 : 4) & 15] * s);
    }
}

extern "C" __global__ void __launch_bounds__(256)
    nf4_dequantize(bf16 *__restrict__ out, const uint8_t *__restrict__ codes, const uint8_t *__restrict__ absmax,
                   const float *__restrict__ map, const float *__restrict__ nested, const float *__restrict__ offset,
                   long long n, int cols, int ld) {
    __shared__ float table[16], shared_map[256];
    if (threadIdx.x < 16) table[threadIdx.x] = values[threadIdx.x];
    shared_map[threadIdx.x] = map[threadIdx.x];
    __syncthreads();
    dequantize(out, codes, Nested{absmax, shared_map, nested, *offset}, n, cols, ld, table);
}

extern "C" __global__ void __launch_bounds__(256)
    nf4_dequantize_flat(bf16 *__restrict__ out, const uint8_t *__restrict__ codes, const float *__restrict__ absmax,
                        long long n, int cols, int ld) {
    __shared__ float table[16];
    if (threadIdx.x < 16) table[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    dequantize(out, codes, Flat{absmax}, n, cols, ld, table);
}

// The midpoints of neighbouring codes, each as the nearest float (ties to even),
// written out in full: a shorter decimal may round to its neighbour.
static __device__ const float thresholds[15] = {
    -0.8480963706970215f, -0.6106328964233398f, -0.4599952697753906f, -0.33967941999435425f, -0.23460739850997925f,
    -0.13791173696517944f, -0.045525018125772476f, 0.03979014977812767f, 0.120255246758461f, 0.2035212516784668f,
    0.2920137643814087f, 0.3893125355243683f, 0.5016634464263916f, 0.6427869200706482f, 0.8614784479141235f};

// Buckets of a sixteenth: at most one threshold lies in each. Number i begins at
// i/16 − 2. Those of −1…1 lie in 32 banks of shared memory each: lanes meet in a
// bank only where they want the same bucket, which one access gives to all.
#define BUCKETS 64

struct __align__(8 * BUCKETS) Buckets { // so that an offset is one "or" away from an address
    float threshold[BUCKETS];           // infinity: none
    int below[BUCKETS];                 // the code up to it
};

static __device__ __forceinline__ void make_buckets(Buckets *b) {
    if (threadIdx.x >= BUCKETS) return;
    float lo = ((int)threadIdx.x - 32) / 16.f, hi = lo + 1 / 16.f, threshold = __int_as_float(0x7f800000);
    int below = 0;
#pragma unroll
    for (int i = 0; i < 15; i++) { // no branches: every block waits for this
        float t = thresholds[i];
        below += t < lo ? 1 : 0;
        threshold = (t >= lo) & (t < hi) ? t : threshold;
    }
    b->threshold[threadIdx.x] = threshold;
    b->below[threadIdx.x] = below;
}

// word | code of v << shift. buckets is an address in shared memory.
static __device__ __forceinline__ unsigned with_code(unsigned word, float v, int shift, unsigned buckets) {
    // 16·v + 32 above 1.5·2²¹ has two bits of fraction; rounded down, the bits
    // before them are the bucket's number, and with them cleared its offset
    unsigned at = __float_as_uint(__fmaf_rd(v, 16.f, 3145728.f + 32.f)) & (BUCKETS - 1) * 4 | buckets, below;
    float threshold;
    asm("ld.shared.f32 %0, [%1];" : "=f"(threshold) : "r"(at));
    asm("ld.shared.u32 %0, [%1 + %2];" : "=r"(below) : "r"(at), "n"(4 * BUCKETS));
    word += below << shift;
    // one predicated addition; the compiler would take two and a choice
    asm("{\n.reg .pred p;\nsetp.gt.f32 p, %1, %2;\n@p add.u32 %0, %0, %3;\n}"
        : "+r"(word) : "f"(v), "f"(threshold), "r"(1u << shift));
    return word;
}

static __device__ __forceinline__ void load8(const bf16 *p, float *x) { unpack(*(const bf16x8 *)p, x); }

static __device__ __forceinline__ void load8(const float *p, float *x) {
    *(float4 *)x = ((const float4 *)p)[0];
    *(float4 *)(x + 4) = ((const float4 *)p)[1];
}

static __device__ __forceinline__ float top8(const float *x) {
    float top = fabsf(x[0]);
#pragma unroll
    for (int k = 1; k < 8; k++) top = fmaxf(top, fabsf(x[k]));
#pragma unroll
    for (int i = 4; i; i >>= 1) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, i));
    return top;
}

// Eight elements of a whole block, one thread of eight.
static __device__ __forceinline__ void whole_block(uint8_t *codes, float *absmax, const float *x, unsigned v,
                                                   unsigned buckets) {
    float top = top8(x), inverse = __frcp_rn(fmaxf(top, 1e-38f));
    if ((threadIdx.x & 7) == 0) absmax[v >> 3] = top;
    unsigned w = 0;
#pragma unroll
    for (int k = 0; k < 8; k++) w = with_code(w, x[k] * inverse, (k >> 1) * 8 + (k & 1 ? 0 : 4), buckets);
    ((unsigned *)codes)[v] = w;
}

// The same where the tensor may end within: the last block divides.
template <typename T>
static __device__ void last_blocks(uint8_t *codes, float *absmax, const T *in, long long n, unsigned v, unsigned buckets) {
    long long at = (long long)v << 3;
    bool full = ((at >> 6) + 1) << 6 <= n;
    float x[8];
    for (int k = 0; k < 8; k++) x[k] = at + k < n ? to_float(in[at + k]) : 0.f;
    float top = top8(x), floor = fmaxf(top, 1e-38f), inverse = __frcp_rn(floor);
    if ((threadIdx.x & 7) == 0 && at < n) absmax[v >> 3] = full ? top : floor;
    for (int k = 0; k < 8; k += 2) {
        unsigned hi = with_code(0, full ? x[k] * inverse : x[k] / floor, 4, buckets);
        unsigned pair = with_code(hi, full ? x[k + 1] * inverse : x[k + 1] / floor, 0, buckets);
        if (at + k < n) codes[(at + k) >> 1] = (uint8_t)pair;
    }
}

// One thread eight elements, eight threads a block of 64; two such pieces of a
// warp are on their way together.
template <typename T>
static __device__ __forceinline__ void quantize(uint8_t *codes, float *absmax, const T *in, long long n) {
    __shared__ Buckets table;
    make_buckets(&table);
    __syncthreads();
    unsigned buckets = (unsigned)__cvta_generic_to_shared(&table);
    asm("" : "+r"(buckets)); // known now, not worked out for each piece
    unsigned lane = threadIdx.x & 31, warps = (unsigned)((n + 255) >> 8), whole = (unsigned)(n >> 8); // pieces of 256
    for (unsigned piece = (blockIdx.x * 8 + (threadIdx.x >> 5)) * 2; piece < warps; piece += gridDim.x * 16) {
        unsigned v = piece * 32 + lane;
        if (piece + 2 <= whole) {
            float a[8], b[8];
            load8(in + (size_t)v * 8, a);
            load8(in + (size_t)v * 8 + 256, b);
            whole_block(codes, absmax, a, v, buckets);
            whole_block(codes, absmax, b, v + 32, buckets);
        } else {
            last_blocks(codes, absmax, in, n, v, buckets);
            if (piece + 1 < warps) last_blocks(codes, absmax, in, n, v + 32, buckets);
        }
    }
}

extern "C" __global__ void __launch_bounds__(256)
    nf4_quantize(uint8_t *__restrict__ codes, float *__restrict__ absmax, const bf16 *__restrict__ x, long long n) {
    quantize(codes, absmax, x, n);
}

extern "C" __global__ void __launch_bounds__(256)
    nf4_quantize_f32(uint8_t *__restrict__ codes, float *__restrict__ absmax, const float *__restrict__ x, long long n) {
    quantize(codes, absmax, x, n);
}

static __device__ __forceinline__ double sum256(double x, double *scratch) {
    scratch[threadIdx.x] = x;
    __syncthreads();
    for (int i = 128; i; i >>= 1) {
        if (threadIdx.x < i) scratch[threadIdx.x] += scratch[threadIdx.x + i];
        __syncthreads();
    }
    return scratch[0];
}

// Sums of the absmax values; at most 256 blocks of 256 threads.
extern "C" __global__ void __launch_bounds__(256) nf4_sums(double *sums, const float *absmax, int n) {
    __shared__ double scratch[256];
    double s = 0;
    for (int i = blockIdx.x * 256 + threadIdx.x; i < n; i += gridDim.x * 256) s += absmax[i];
    s = sum256(s, scratch);
    if (threadIdx.x == 0) sums[blockIdx.x] = s;
}

// The second level: offset = mean, codes of absmax − offset into the ascending
// map of 256 in blocks of 256 (a block here), the exact nearest, the lower of
// two equally near.
extern "C" __global__ void __launch_bounds__(256)
    nf4_nest(uint8_t *codes, float *nested, float *offset, const float *absmax, const float *map, const double *sums,
             int parts, int n) {
    __shared__ double scratch[256];
    __shared__ float table[256], tops[8];
    table[threadIdx.x] = map[threadIdx.x];
    float mean = (float)(sum256(threadIdx.x < parts ? sums[threadIdx.x] : 0., scratch) / n);
    int i = blockIdx.x * 256 + threadIdx.x;
    float x = i < n ? __fsub_rn(absmax[i], mean) : 0.f, top = warp_max(fabsf(x));
    if ((threadIdx.x & 31) == 0) tops[threadIdx.x >> 5] = top;
    __syncthreads();
    for (int k = 0; k < 8; k++) top = fmaxf(top, tops[k]);
    float v = x * (1.f / fmaxf(top, 1e-38f));
    int lo = 0, hi = 255;
    while (hi - lo > 1) {
        int mid = (lo + hi) / 2;
        if (table[mid] <= v) lo = mid;
        else hi = mid;
    }
    if (i < n) codes[i] = (double)v - table[lo] <= (double)table[hi] - v ? lo : hi;
    if (threadIdx.x == 0) {
        nested[blockIdx.x] = top;
        if (blockIdx.x == 0) *offset = mean;
    }
}
