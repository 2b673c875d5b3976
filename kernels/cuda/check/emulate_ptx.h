// The instructions of src/ptx.cuh and src/hopper.cuh on the emulated block, as the
// PTX ISA describes them.
#pragma once
#include "emulate.h"

struct alignas(64) CUtensorMap { // row-major [rows, heads, width] of bf16, box [box, 1, 64]
    const uint16_t *base;
    int width, heads, rows, box;
};

namespace emulate {

inline float from_bf16(uint16_t x) {
    uint32_t u = (uint32_t)x << 16;
    float f;
    memcpy(&f, &u, 4);
    return f;
}

inline uint16_t to_bf16(float f) {
    uint32_t u;
    memcpy(&u, &f, 4);
    if (f != f) return 0x7fff;
    return (uint16_t)((u + 0x7fff + (u >> 16 & 1)) >> 16);
}

inline float half_of(uint32_t pair, int i) { return from_bf16((uint16_t)(pair >> (16 * i))); }

inline unsigned char *at(uint32_t address, int bytes) {
    if (address + bytes > shared_bytes) fail("address beyond shared memory");
    return shared + address;
}

} // namespace emulate

inline uint32_t shared_address(const void *p) { return (uint32_t)((unsigned char *)p - emulate::shared); }
inline float exp2_fast(float x) { return exp2f(x); }
inline uint32_t pack_bf16(float lo, float hi) { return emulate::to_bf16(lo) | (uint32_t)emulate::to_bf16(hi) << 16; }

inline float bf16_lo(uint32_t x) { return emulate::half_of(x, 0); }
inline float bf16_hi(uint32_t x) { return emulate::half_of(x, 1); }

inline void copy_async(const emulate::Copy &c) {
    unsigned char *to = emulate::at(c.to, 16);
    memset(to, 0, 16);
    memcpy(to, c.from, c.size);
}

inline void cp_async16(uint32_t to, const void *from, bool valid) {
    if (to % 16 || (valid && (uintptr_t)from % 16)) emulate::fail("cp.async is not aligned");
    emulate::Copy c{to, from, 16, valid ? 16 : 0};
    if (emulate::random32() & 1) return copy_async(c);
    memset(emulate::at(to, 16), 0xff, 16);
    emulate::copies[emulate::current].back().push_back(c);
}

inline void cp_async_commit() { emulate::copies[emulate::current].push_back({}); }

template <int N> void cp_async_wait() {
    auto &groups = emulate::copies[emulate::current];
    while ((int)groups.size() > N + 1) {
        for (auto &c : groups.front()) copy_async(c);
        groups.erase(groups.begin());
    }
}

template <bool Transposed> void ldmatrix_any(uint32_t *r, uint32_t address) {
    using namespace emulate;
    auto &slot = slots[current >> 5];
    slot[lane()][0] = r;
    slot[lane()][1] = at(address, 16);
    if (address % 16) fail("ldmatrix is not aligned");
    meet(warp(), 32, [&] {
        for (int i = 0; i < 4; i++)
            for (int l = 0; l < 32; l++) {
                uint16_t v[2];
                for (int k = 0; k < 2; k++) {
                    int row = Transposed ? 2 * (l % 4) + k : l / 4, col = Transposed ? l / 4 : 2 * (l % 4) + k;
                    v[k] = ((uint16_t *)slot[8 * i + row][1])[col];
                }
                ((uint32_t *)slot[l][0])[i] = v[0] | (uint32_t)v[1] << 16;
            }
    });
}

inline void ldmatrix(uint32_t (&r)[4], uint32_t address) { ldmatrix_any<false>(r, address); }
inline void ldmatrix_transposed(uint32_t (&r)[4], uint32_t address) { ldmatrix_any<true>(r, address); }

inline uint32_t pack_f16(float lo, float hi) {
    _Float16 h[2] = {(_Float16)lo, (_Float16)hi};
    uint32_t r;
    memcpy(&r, h, 4);
    return r;
}

inline float f16_half(uint32_t pair, int i) {
    _Float16 h[2];
    memcpy(h, &pair, 4);
    return h[i];
}

template <float (*half_of)(uint32_t, int)> void mma_any(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
    using namespace emulate;
    uint32_t b[2] = {b0, b1};
    auto &slot = slots[current >> 5];
    slot[lane()][0] = d;
    slot[lane()][1] = (void *)a;
    slot[lane()][2] = b;
    meet(warp(), 32, [&] {
        float A[16][16], B[16][8];
        for (int l = 0; l < 32; l++)
            for (int k = 0; k < 2; k++) {
                for (int i = 0; i < 4; i++)
                    A[l / 4 + 8 * (i & 1)][2 * (l % 4) + k + 8 * (i >> 1)] = half_of(((uint32_t *)slot[l][1])[i], k);
                for (int i = 0; i < 2; i++) B[2 * (l % 4) + k + 8 * i][l / 4] = half_of(((uint32_t *)slot[l][2])[i], k);
            }
        for (int l = 0; l < 32; l++)
            for (int i = 0; i < 4; i++) {
                float s = 0;
                for (int k = 0; k < 16; k++) s += A[l / 4 + 8 * (i >> 1)][k] * B[k][2 * (l % 4) + (i & 1)];
                ((float *)slot[l][0])[i] += s;
            }
    });
}

inline void mma(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) { mma_any<emulate::half_of>(d, a, b0, b1); }
inline void mma_f16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) { mma_any<f16_half>(d, a, b0, b1); }

// Hopper.

inline void barrier_complete(emulate::Barrier &b) {
    if (b.pending == 0 && b.bytes == 0) {
        b.pending = b.count;
        b.generation++;
    }
}

inline emulate::Barrier &barrier_at(uint32_t address) {
    auto &b = emulate::barriers[address / 8];
    if (!b.alive) emulate::fail("barrier was not initialised");
    return b;
}

inline void barrier_init(uint32_t address, int count) {
    emulate::barriers[address / 8] = emulate::Barrier{0, count, count, 0, true};
}

inline void barrier_arrive(uint32_t address) {
    auto &b = barrier_at(address);
    if (--b.pending < 0) emulate::fail("more arrivals at a barrier than it expects");
    barrier_complete(b);
}

inline void barrier_expect(uint32_t address, int bytes) {
    auto &b = barrier_at(address);
    b.bytes += bytes;
    barrier_arrive(address);
}

inline void barrier_wait(uint32_t address, int parity) {
    auto &b = barrier_at(address);
    while ((b.generation & 1) == parity) emulate::wait_for(b.generation, b.generation);
}

inline void barrier_init_fence() {}
inline void proxy_fence() {}

inline void named_sync(int id, int n) { emulate::meet(emulate::named[id], n, [] {}); }
inline void named_arrive(int id, int n) { emulate::arrive(emulate::named[id], n); }
template <int N> void registers_decrease() {}
template <int N> void registers_increase() {}
inline void prefetch_map(const CUtensorMap *) {}

inline uint32_t swizzle128(uint32_t address) { return address ^ ((address >> 7 & 7) << 4); }

inline void tensor_load(uint32_t to, const CUtensorMap *m, uint32_t barrier, int column, int head, int row) {
    using namespace emulate;
    if (to % 1024) fail("a swizzled copy must be aligned to 1,024 bytes");
    memset(at(to, m->box * 128), 0xff, m->box * 128);
    flying.push_back([=, map = *m] {
        const CUtensorMap *m = &map;
        for (int r = 0; r < m->box; r++)
            for (int c = 0; c < 64; c++) {
                bool inside = row + r >= 0 && row + r < m->rows && column + c < m->width;
                uint16_t x = inside ? m->base[((int64_t)(row + r) * m->heads + head) * m->width + column + c] : 0;
                memcpy(at(swizzle128(to + r * 128 + c * 2), 2), &x, 2);
            }
        auto &b = barrier_at(barrier);
        b.bytes -= m->box * 128;
        barrier_complete(b);
    });
}

inline void bulk_load(uint32_t to, const void *from, int bytes, uint32_t barrier) {
    using namespace emulate;
    if (to % 16 || bytes % 16 || (uintptr_t)from % 16) fail("bulk copy is not aligned");
    memset(at(to, bytes), 0xff, bytes);
    flying.push_back([=] {
        memcpy(at(to, bytes), from, bytes);
        auto &b = barrier_at(barrier);
        b.bytes -= bytes;
        barrier_complete(b);
    });
}

inline float wgmma_operand(uint64_t d, int mn, int k, bool mn_major) {
    uint32_t start = (d & 0x3fff) << 4, leading = (d >> 16 & 0x3fff) << 4, stride = (d >> 32 & 0x3fff) << 4;
    if (d >> 62 != 1) emulate::fail("descriptor without the 128-byte swizzle");
    uint32_t a = mn_major ? start + mn / 64 * leading + mn % 64 * 2 + k / 8 * stride + k % 8 * 128
                          : start + mn / 8 * stride + mn % 8 * 128 + k * 2;
    uint16_t x;
    memcpy(&x, emulate::at(swizzle128(a), 2), 2);
    return emulate::from_bf16(x);
}

inline void wgmma_run(const emulate::Wgmma &w) {
    using namespace emulate;
    static float A[64][16], B[16][256];
    for (int t = 0; t < 128; t++)
        for (int i = 0; i < 4; i++)
            for (int k = 0; k < 2; k++) {
                int row = t / 32 * 16 + t % 32 / 4 + 8 * (i & 1), col = 2 * (t % 4) + k + 8 * (i >> 1);
                A[row][col] = w.a[0] ? half_of(w.a[t][i], k) : wgmma_operand(w.da, row, col, false);
            }
    for (int k = 0; k < 16; k++)
        for (int n = 0; n < w.n; n++) B[k][n] = wgmma_operand(w.db, n, k, w.transpose);
    for (int t = 0; t < 128; t++)
        for (int i = 0; i < w.n / 2; i++) {
            int row = t / 32 * 16 + t % 32 / 4 + 8 * (i >> 1 & 1), col = i / 4 * 8 + 2 * (t % 4) + (i & 1);
            float s = 0;
            for (int k = 0; k < 16; k++) s += A[row][k] * B[k][col];
            w.d[t][i] = w.scale ? w.d[t][i] + s : s;
        }
}

inline emulate::Warpgroup &warpgroup() { return emulate::warpgroups[emulate::current / 128]; }

inline void wgmma_fence() {}

inline void wgmma_issue(int n, int transpose, float *d, const uint32_t *a, uint64_t da, uint64_t db, int scale) {
    auto &g = warpgroup();
    int t = emulate::current % 128;
    g.next.d[t] = d;
    g.next.a[t] = a;
    emulate::meet(g.meeting, 128, [&] {
        g.next.da = da, g.next.db = db, g.next.n = n, g.next.transpose = transpose, g.next.scale = scale;
        g.open.push_back(g.next);
    });
}

// The accumulators count as undefined until the wait.
inline void wgmma_commit() {
    auto &g = warpgroup();
    emulate::meet(g.meeting, 128, [&] {
        g.committed.push_back(std::move(g.open));
        g.open.clear();
        while (!g.committed.empty() && emulate::random32() % 3 == 0) {
            for (auto &w : g.committed.front()) wgmma_run(w);
            g.committed.erase(g.committed.begin());
        }
    });
}

template <int N> void wgmma_wait() {
    auto &g = warpgroup();
    emulate::meet(g.meeting, 128, [&] {
        while ((int)g.committed.size() > N) {
            for (auto &w : g.committed.front()) wgmma_run(w);
            g.committed.erase(g.committed.begin());
        }
    });
}

template <int N> void wgmma_ss(float *d, uint64_t a, uint64_t b, int add) { wgmma_issue(N, 0, d, nullptr, a, b, add); }
template <int N> void wgmma_rs(float *d, const uint32_t *a, uint64_t b, int add) { wgmma_issue(N, 1, d, a, 0, b, add); }
