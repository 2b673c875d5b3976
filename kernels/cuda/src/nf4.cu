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

static __device__ const float values[16] = {
    -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f,
    -0.18477343022823334f, -0.09105003625154495f, 0.0f, 0.07958029955625534f, 0.16093020141124725f,
    0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};

// element k of eight codes in a word, as an index.
static __device__ __forceinline__ int code_of(unsigned w, int k) { return w >> ((k >> 1) * 8 + (k & 1 ? 0 : 4)) & 15; }

struct Nested {
    const uint8_t *codes;
    const float *map, *absmax;
    float offset;
    __device__ __forceinline__ float operator()(long long block) const {
        return __fadd_rn(__fmul_rn(__ldg(map + codes[block]), __ldg(absmax + (block >> 8))), offset);
    }
};

struct Flat {
    const float *absmax;
    __device__ __forceinline__ float operator()(long long block) const { return absmax[block]; }
};

#define UNROLL 4

// One thread eight elements, UNROLL times; blocks stride over the tensor.
template <typename S>
static __device__ __forceinline__ void dequantize(bf16 *out, const uint8_t *codes, S scale, long long n, int cols,
                                                  int ld) {
    __shared__ float table[16];
    if (threadIdx.x < 16) table[threadIdx.x] = values[threadIdx.x];
    __syncthreads();
    long long vectors = n >> 3;
    for (long long first = (long long)blockIdx.x * (256 * UNROLL) + threadIdx.x; first < vectors;
         first += (long long)gridDim.x * (256 * UNROLL)) {
        unsigned word[UNROLL];
        float s[UNROLL];
#pragma unroll
        for (int k = 0; k < UNROLL; k++)
            if (first + k * 256 < vectors) word[k] = ((const unsigned *)codes)[first + k * 256];
#pragma unroll
        for (int k = 0; k < UNROLL; k++)
            if (first + k * 256 < vectors) s[k] = scale((first + k * 256) >> 3);
#pragma unroll
        for (int k = 0; k < UNROLL; k++)
            if (first + k * 256 < vectors) {
                long long at = (first + k * 256) << 3;
                float x[8];
#pragma unroll
                for (int i = 0; i < 8; i++) x[i] = table[code_of(word[k], i)] * s[k];
                if (ld != cols) at = at / cols * ld + at % cols;
                *(bf16x8 *)(out + at) = pack(x);
            }
    }
    if (blockIdx.x == 0 && threadIdx.x < (n & 7)) {
        long long i = (n & ~7ll) + threadIdx.x;
        out[i] = to_bf16(table[codes[i >> 1] >> (i & 1 ? 0 : 4) & 15] * scale(i >> 6));
    }
}

extern "C" __global__ void __launch_bounds__(256)
    nf4_dequantize(bf16 *__restrict__ out, const uint8_t *__restrict__ codes, const uint8_t *__restrict__ absmax,
                   const float *__restrict__ map, const float *__restrict__ nested, const float *__restrict__ offset,
                   long long n, int cols, int ld) {
    dequantize(out, codes, Nested{absmax, map, nested, *offset}, n, cols, ld);
}

extern "C" __global__ void __launch_bounds__(256)
    nf4_dequantize_flat(bf16 *__restrict__ out, const uint8_t *__restrict__ codes, const float *__restrict__ absmax,
                        long long n, int cols, int ld) {
    dequantize(out, codes, Flat{absmax}, n, cols, ld);
}

// The midpoints of neighbouring codes, each as the nearest float (ties to even),
// written out in full: a shorter decimal may round to its neighbour.
static __device__ const float thresholds[15] = {
    -0.8480963706970215f, -0.6106328964233398f, -0.4599952697753906f, -0.33967941999435425f, -0.23460739850997925f,
    -0.13791173696517944f, -0.045525018125772476f, 0.03979014977812767f, 0.120255246758461f, 0.2035212516784668f,
    0.2920137643814087f, 0.3893125355243683f, 0.5016634464263916f, 0.6427869200706482f, 0.8614784479141235f};

// Bucket of a sixteenth: at most one threshold lies in each of the 33 from −1 on.
struct Bucket {
    float threshold;
    int below;
};

static __device__ __forceinline__ void make_buckets(Bucket *b) {
    if (threadIdx.x >= 33) return;
    float lo = ((int)threadIdx.x - 16) / 16.f;
    Bucket mine = {__int_as_float(0x7f800000), 0};
    for (int i = 0; i < 15; i++) {
        if (thresholds[i] < lo) mine.below++;
        else if (thresholds[i] < lo + 1 / 16.f) mine.threshold = thresholds[i];
    }
    b[threadIdx.x] = mine;
}

static __device__ __forceinline__ unsigned nearest4(float v, const Bucket *buckets) {
    // adding 1.5·2²³ + 80 rounded down leaves 80 + ⌊16·v⌋ in the low bits
    int i = (__float_as_int(__fadd_rd(v * 16.f, 12582992.f)) & 127) - 64;
    Bucket b = buckets[min(max(i, 0), 32)];
    return b.below + (v > b.threshold ? 1 : 0);
}

static __device__ __forceinline__ void load8(const bf16 *p, float *x) { unpack(*(const bf16x8 *)p, x); }

static __device__ __forceinline__ void load8(const float *p, float *x) {
    *(float4 *)x = ((const float4 *)p)[0];
    *(float4 *)(x + 4) = ((const float4 *)p)[1];
}

// One thread eight elements, eight threads a block of 64.
template <typename T>
static __device__ __forceinline__ void quantize(uint8_t *codes, float *absmax, const T *in, long long n) {
    __shared__ Bucket buckets[33];
    make_buckets(buckets);
    __syncthreads();
    long long vectors = ((n + 255) >> 8) << 5; // whole warps, so that the lanes of a block stay together
    for (long long v = (long long)blockIdx.x * 256 + threadIdx.x; v < vectors; v += (long long)gridDim.x * 256) {
        long long at = v << 3;
        bool full = ((v >> 3) + 1) << 6 <= n;
        float x[8] = {}, top = 0.f;
        if (full) {
            load8(in + at, x);
        } else {
            for (int k = 0; k < 8; k++)
                if (at + k < n) x[k] = to_float(in[at + k]);
        }
#pragma unroll
        for (int k = 0; k < 8; k++) top = fmaxf(top, fabsf(x[k]));
#pragma unroll
        for (int i = 4; i; i >>= 1) top = fmaxf(top, __shfl_xor_sync(0xffffffffu, top, i));
        float floor = fmaxf(top, 1e-38f), inverse = 1.f / floor;
        if ((threadIdx.x & 7) == 0 && at < n) absmax[v >> 3] = full ? top : floor;
        unsigned w = 0;
#pragma unroll
        for (int k = 0; k < 8; k++) {
            float s = full ? x[k] * inverse : x[k] / floor;
            w |= nearest4(s, buckets) << ((k >> 1) * 8 + (k & 1 ? 0 : 4));
        }
        if (full) {
            ((unsigned *)codes)[v] = w;
        } else {
            for (int k = 0; k < 8; k += 2)
                if (at + k < n) codes[(at + k) >> 1] = w >> (k * 4);
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
