// Rows and transposed weights in 8-bit floats, on the emulated block.
#include "emulate_fp8.h"

#include "../src/fp8.cu"

static int failures;

static void expect(bool good, const char *what, int a, int b) {
    if (!good && failures++ < 20) printf("%s: %d, %d\n", what, a, b);
}

static std::vector<uint16_t> numbers(size_t n) {
    std::vector<uint16_t> x(n);
    for (auto &v : x) v = emulate::to_bf16(((int)(emulate::random32() & 0xffff) - 0x8000) / 1024.f * (emulate::random32() & 1 ? 1.f : 1e-3f));
    return x;
}

static float scale_of(const std::vector<float> &x) {
    float top = 0;
    for (float v : x) top = std::isnan(v) || std::isnan(top) ? NAN : std::max(top, std::fabs(v));
    return (top < 1e-30f ? 1e-30f : top) * (1.f / 448);
}

// spoil: 1 a NaN in row 1, 2 an infinity, 3 zeros.
template <int C> static void rows(decltype(&fp8_rows_2) kernel, int count, int n0, int n1, int n2, int gap, int spoil) {
    int n[3] = {n0, n1, n2};
    std::vector<uint16_t> x[3];
    for (int i = 0; i < 3; i++) x[i] = numbers((size_t)count * (n[i] + gap));
    if (spoil == 1) x[0][n0 + gap + 3] = 0x7fc0;
    if (spoil == 2) x[0][n0 + gap + 3] = 0xff80;
    if (spoil == 3)
        for (auto &m : x) std::fill(m.begin(), m.end(), 0);
    int total = n0 + n1 + n2;
    std::vector<uint8_t> out((size_t)count * total, 0x55);
    std::vector<float> scales(count, NAN);
    emulate::launch({count, 1, 1}, 256, [&] {
        kernel((uint2 *)out.data(), scales.data(), x[0].data(), n0, n0 + gap, n1 ? x[1].data() : nullptr, n1, n1 + gap, n2 ? x[2].data() : nullptr, n2, n2 + gap);
    });
    for (int r = 0; r < count; r++) {
        std::vector<float> row;
        for (int i = 0; i < 3; i++)
            for (int c = 0; c < n[i]; c++) row.push_back(emulate::from_bf16(x[i][(size_t)r * (n[i] + gap) + c]));
        float scale = scale_of(row), times = 1.f / scale;
        bool whole = std::isfinite(scale);
        expect(whole ? scales[r] == scale : !std::isfinite(scales[r]), "scale", r, spoil);
        for (int c = 0; c < total; c++)
            expect(out[(size_t)r * total + c] == one8(row[c] * times), "value", r, c);
        if (!whole) { // what is multiplied by the row is NaN
            bool nan = false;
            for (int c = 0; c < total; c++) nan = nan || std::isnan(from8(out[(size_t)r * total + c]) * scales[r]);
            expect(nan, "a spoiled row without NaN", r, spoil);
        }
    }
}

static void transpose(std::vector<int> heights, int k) {
    int ld = 0, at = 0;
    for (int n : heights) ld += n;
    std::vector<unsigned> top(k, 0);
    std::vector<std::vector<uint16_t>> ws;
    for (int n : heights) {
        ws.push_back(numbers((size_t)n * k));
        emulate::launch({(k / 8 + 255) / 256, (n + 63) / 64, 1}, 256, [&] { fp8_column_top(top.data(), ws.back().data(), n, k); });
    }
    emulate::launch({(k + 255) / 256, 1, 1}, 256, [&] { fp8_column_scale(top.data(), k); });
    const float *scales = (const float *)top.data();
    std::vector<uint8_t> out((size_t)k * ld, 0x55);
    for (size_t i = 0; i < ws.size(); at += heights[i++])
        emulate::launch({(k + 63) / 64, (heights[i] + 63) / 64, 1}, 256, [&] { fp8_transpose(out.data(), ws[i].data(), scales, heights[i], k, ld, at); });
    for (int c = 0; c < k; c++) {
        std::vector<float> column;
        for (size_t i = 0; i < ws.size(); i++)
            for (int r = 0; r < heights[i]; r++) column.push_back(emulate::from_bf16(ws[i][(size_t)r * k + c]));
        float scale = scale_of(column);
        expect(scales[c] == scale, "column's scale", c, k);
        for (int r = 0; r < ld; r++) expect(out[(size_t)c * ld + r] == one8(column[r] * (1.f / scale)), "transposed", c, r);
    }
}

int main(int argc, char **argv) {
    emulate::state = argc > 1 ? atoll(argv[1]) : 1;
    for (int b = 0; b < 256; b++) // each number is itself, and what lies between goes to the nearer
        if ((b & 127) != 127) expect(one8(from8(b)) == b || from8(b) == 0, "number", b, one8(from8(b)));
    for (int spoil = 0; spoil < 4; spoil++) {
        rows<2>(fp8_rows_2, 3, 64, 0, 0, 0, spoil);
        rows<2>(fp8_rows_2, 2, 2048, 1024, 1024, 8, spoil);
        rows<4>(fp8_rows_4, 2, 4096, 1024, 1024, 0, spoil);
        rows<14>(fp8_rows_14, 2, 14336, 14336, 0, 0, spoil);
    }
    transpose({64}, 64);
    transpose({80, 16, 48}, 272);
    transpose({128}, 2304);
    return failures != 0;
}
