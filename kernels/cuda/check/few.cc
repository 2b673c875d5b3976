// Products of a few rows with NF4 weights, on the emulated block.
#include "emulate_ptx.h"

struct alignas(8) uint2 { uint32_t x, y; };
inline uint2 make_uint2(uint32_t x, uint32_t y) { return {x, y}; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __uint_as_float(uint32_t u) { float f; memcpy(&f, &u, 4); return f; }
using std::max;
using std::min;

#include "../src/few.cu"

static int failures;

static float number() { return ((int)(emulate::random32() & 0xffff) - 0x8000) / 32768.f; }

struct Matrix {
    int out;
    std::vector<uint8_t> codes, absmax;
    std::vector<float> map, nested;
    float offset;
    std::vector<uint16_t> y, before;

    Matrix(int out, int cols, int rows, bool twice) : out(out), codes((size_t)out * cols / 2), nested(twice ? out * cols / 64 / 256 + 1 : out * cols / 64), offset(number()) {
        for (auto &b : codes) b = emulate::random32();
        for (auto &v : nested) v = number();
        if (twice) {
            absmax.resize((size_t)out * cols / 64), map.resize(256);
            for (auto &b : absmax) b = emulate::random32();
            for (auto &v : map) v = number();
        }
        y.resize((size_t)rows * (out + 8));
        for (auto &v : y) v = emulate::to_bf16(number());
        before = y;
    }
    float weight(int row, int c, int cols) const {
        size_t i = (size_t)row * cols + c, block = i / 64;
        float scale = absmax.empty() ? nested[block] : map[absmax[block]] * nested[block >> 8] + offset;
        return values[i % 2 ? codes[i / 2] & 15 : codes[i / 2] >> 4] * scale;
    }
};

static void product(int rows, int cols, std::vector<int> outs, bool twice, int add, int grid) {
    std::vector<uint16_t> x((size_t)rows * (cols + 16));
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols + 16; c++) x[(size_t)r * (cols + 16) + c] = emulate::to_bf16(number() * (r % 3 == 1 ? 3e5f : 1.f) * (c % 7 ? 1.f : 1e-3f));
    if (rows > 2) std::fill_n(x.begin() + 2 * (cols + 16), cols, 0); // a row of zeros
    std::vector<Matrix> ms;
    for (int n : outs) ms.emplace_back(n, cols, rows, twice);
    while (ms.size() < 3) ms.emplace_back(0, cols, 0, false);
    auto a = [&](int i) { return ms[i].absmax.empty() ? nullptr : ms[i].absmax.data(); };
    auto m = [&](int i) { return ms[i].map.empty() ? nullptr : ms[i].map.data(); };
    emulate::launch({grid, 1, 1}, 256, [&] {
        (rows > 4 ? few_product_8 : few_product_4)(x.data(), rows, cols, cols + 16,
            ms[0].codes.data(), a(0), m(0), ms[0].nested.data(), &ms[0].offset, ms[0].y.data(), ms[0].out, ms[0].out + 8, add,
            ms[1].codes.data(), a(1), m(1), ms[1].nested.data(), &ms[1].offset, ms[1].y.data(), ms[1].out, ms[1].out + 8, add,
            ms[2].codes.data(), a(2), m(2), ms[2].nested.data(), &ms[2].offset, ms[2].y.data(), ms[2].out, ms[2].out + 8, add);
    });
    for (auto &w : ms)
        for (int r = 0; r < rows; r++)
            for (int n = 0; n < w.out + 8 && w.out; n++) {
                size_t at = (size_t)r * (w.out + 8) + n;
                if (n >= w.out) {
                    if (w.y[at] != w.before[at] && failures++ < 20) printf("wrote beside its columns\n");
                    continue;
                }
                double want = add ? emulate::from_bf16(w.before[at]) : 0, size = std::fabs(want);
                for (int c = 0; c < cols; c++) {
                    double p = (double)w.weight(n, c, cols) * emulate::from_bf16(x[(size_t)r * (cols + 16) + c]);
                    want += p, size += std::fabs(p);
                }
                double got = emulate::from_bf16(w.y[at]);
                if (!(std::fabs(got - want) <= 0.005 * std::fabs(want) + 3e-4 * size + 1e-6) && failures++ < 20)
                    printf("%d rows of %d, output %d of row %d: %g, want %g\n", rows, cols, n, r, got, want);
            }
}

int main(int argc, char **argv) {
    emulate::state = argc > 1 ? atoll(argv[1]) : 1;
    product(1, 256, {32}, true, 0, 1);
    product(1, 4096, {16, 16, 32}, true, 1, 3);
    product(3, 640, {64, 48}, true, 0, 2);
    product(8, 2176, {16, 16, 16}, true, 1, 2);
    product(5, 128, {16}, false, 0, 1);
    product(8, 384, {48, 16}, false, 1, 8);
    return failures != 0;
}
