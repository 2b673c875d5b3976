// Norms whose results lie in wider rows, the columns beside weights, dropout and
// the count of values that are no numbers, on the emulated block. Results are
// compared with their formulas; what must not be written is poisoned before.
#include "cuda_bf16.h"

#include "../src/norm.cu"

#include "../src/check.cu"
#include "../src/linear.cu"

static int failures;
static uint64_t state;

static float number() {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (float)((int)(state >> 40 & 0xffff) - 0x8000) / 0x4000;
}

static std::vector<bf16> numbers(size_t n) {
    std::vector<bf16> x(n);
    for (auto &v : x) v = to_bf16(number());
    return x;
}

static void expect(bool good, const char *what, int a, int b) {
    if (!good && failures++ < 20) printf("%s: %d, %d\n", what, a, b);
}

static const uint16_t poison = 0x7fc1;

// One case of the forward norm; wide is the width of a result's row.
static void norm(int total, int used, int h, int wide, bool with_delta) {
    auto x = numbers((size_t)total * h), delta = numbers((size_t)total * h);
    std::vector<float> w(h), rstd(total, NAN);
    for (auto &v : w) v = number();
    std::vector<bf16> y((size_t)total * wide, bf16{poison}), sum((size_t)total * h, bf16{poison});
    bf16x8 *Y = (bf16x8 *)y.data(), *S = with_delta ? (bf16x8 *)sum.data() : nullptr;
    const bf16x8 *X = (bf16x8 *)x.data(), *D = with_delta ? (bf16x8 *)delta.data() : nullptr;
    if (h > 256) {
        int threads = ((h / 8 + 1) / 2 + 31) & ~31;
        emulate::launch({3, 1, 1}, threads, [&] { norm_add(Y, S, rstd.data(), X, D, w.data(), &used, total, h, 1e-5f, wide / 8); });
    } else {
        int lanes = 1;
        while (lanes < h / 8) lanes *= 2;
        int each = GROUPS * 256 / lanes;
        emulate::launch({(total + each - 1) / each, 1, 1}, 256, [&] {
            norm_add_small(Y, S, rstd.data(), X, D, w.data(), &used, 1, total, h, 1e-5f, lanes, wide / 8);
        });
    }
    for (int r = 0; r < total; r++) {
        double squares = 0;
        std::vector<float> s(h);
        for (int c = 0; c < h; c++) {
            s[c] = to_float(x[(size_t)r * h + c]);
            if (with_delta) s[c] = round_bf16(s[c] + to_float(delta[(size_t)r * h + c]));
            squares += (double)s[c] * s[c];
        }
        double root = 1 / std::sqrt(squares / h + 1e-5);
        for (int c = 0; c < wide; c++) {
            bf16 got = y[(size_t)r * wide + c];
            if (c >= h) expect(got.bits == poison, "norm wrote beside its columns", r, c);
            else if (r >= used) expect(got.bits == 0, "norm left a row that is not in use", r, c);
            else expect(std::fabs(to_float(got) - s[c] * root * w[c]) <= 0.02 * std::fabs(s[c] * root * w[c]) + 1e-6, "norm", r, c);
        }
    }
}

// The backward makes the forward's result again, the same bits, where dy lies, and
// its gradient is the same whether it does or not.
static void remake(int total, int used, int h) {
    size_t n = (size_t)total * h;
    auto x = numbers(n), dy = numbers(n), before = numbers(n);
    std::vector<float> w(h), rstd(total, NAN);
    for (auto &v : w) v = number();
    std::vector<bf16> y(n), alone = before, beside = before, again = dy;
    auto V = [](std::vector<bf16> &v) { return (bf16x8 *)v.data(); };
    int threads = ((h / 8 + 1) / 2 + 31) & ~31, lanes = 1;
    while (lanes < h / 8) lanes *= 2;
    int each = GROUPS * 256 / lanes, groups = (total + each - 1) / each;
    auto forward = [&] {
        if (h % 8) norm_add_any(y.data(), nullptr, rstd.data(), x.data(), nullptr, w.data(), &used, 1, h, 1e-5f);
        else if (h > 256) norm_add(V(y), nullptr, rstd.data(), V(x), nullptr, w.data(), &used, total, h, 1e-5f, h / 8);
        else norm_add_small(V(y), nullptr, rstd.data(), V(x), nullptr, w.data(), &used, 1, total, h, 1e-5f, lanes, h / 8);
    };
    auto back = [&] {
        if (h % 8) norm_back_any(alone.data(), x.data(), dy.data(), w.data(), rstd.data(), &used, 1, h, 1);
        else if (h > 256) norm_back(V(alone), V(x), V(dy), w.data(), rstd.data(), &used, total, h, 1);
        else norm_back_small(V(alone), V(x), V(dy), w.data(), rstd.data(), &used, 1, total, h, 1, lanes);
    };
    auto both = [&] {
        if (h % 8) norm_again_any(beside.data(), again.data(), x.data(), again.data(), w.data(), rstd.data(), &used, 1, h, 1);
        else if (h > 256) norm_again(V(beside), V(again), V(x), V(again), w.data(), rstd.data(), &used, total, h, 1);
        else norm_again_small(V(beside), V(again), V(x), V(again), w.data(), rstd.data(), &used, 1, total, h, 1, lanes);
    };
    auto launch = [&](auto f) {
        if (h % 8) emulate::launch({total, 1, 1}, 256, f);
        else if (h > 256) emulate::launch({3, 1, 1}, threads, f);
        else emulate::launch({groups, 1, 1}, 256, f);
    };
    launch(forward);
    launch(back);
    launch(both);
    for (size_t i = 0; i < n; i++) {
        expect(again[i].bits == y[i].bits, "a norm made again", (int)(i / h), (int)(i % h));
        expect(beside[i].bits == alone[i].bits, "a gradient beside it", (int)(i / h), (int)(i % h));
    }
}

static void beside(int rows, int cols, int r) {
    int ld = cols + r + 8;
    std::vector<bf16> x((size_t)rows * ld, bf16{poison});
    auto u = numbers((size_t)rows * r);
    emulate::launch({(rows * r + 2047) / 2048, 1, 1}, 256, [&] { linear_beside(x.data() + cols, u.data(), rows, r, ld); });
    for (int i = 0; i < rows; i++)
        for (int c = 0; c < ld; c++) {
            uint16_t want = c >= cols && c < cols + r ? u[(size_t)i * r + c - cols].bits : poison;
            expect(x[(size_t)i * ld + c].bits == want, "columns beside an input", i, c);
        }
}

static void ride(int out, int pad, int r, int in) {
    int ld = in + pad + r + 8;
    std::vector<bf16> w((size_t)out * ld, bf16{poison});
    std::vector<float> b((size_t)out * r);
    for (auto &v : b) v = number();
    emulate::launch({(out * (pad + r) + 255) / 256, 1, 1}, 256, [&] { linear_ride(w.data() + in, b.data(), 0.5f, out, pad, r, ld); });
    for (int i = 0; i < out; i++)
        for (int c = 0; c < ld; c++) {
            uint16_t want = poison;
            if (c >= in && c < in + pad) want = 0;
            if (c >= in + pad && c < in + pad + r) want = to_bf16(0.5f * b[(size_t)i * r + c - in - pad]).bits;
            expect(w[(size_t)i * ld + c].bits == want, "columns beside a weight", i, c);
        }
}

static void drop(int total, int used, int cols) {
    auto x = numbers((size_t)total * cols);
    std::vector<bf16> out(x.size(), bf16{poison});
    uint64_t seed = 0x123456789abcdefull;
    emulate::launch({(int)(x.size() + 2047) / 2048, 1, 1}, 256, [&] { linear_drop(out.data(), x.data(), &seed, 5, 0.25f, &used, total, cols); });
    for (size_t i = 0; i < x.size(); i++) {
        float want = (int)(i / cols) < used && keep(seed, 5, i, 0.25f) ? to_float(x[i]) / 0.75f : 0.f;
        expect(out[i].bits == to_bf16(want).bits, "dropout", (int)(i / cols), (int)(i % cols));
    }
}

static void nonfinite(int rows, int cols, int ld) {
    std::vector<bf16> x((size_t)rows * ld, bf16{poison});
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) x[(size_t)r * ld + c] = to_bf16(number());
    x[(size_t)(rows - 1) * ld + cols - 1].bits = 0x7f80;
    x[0].bits = 0xff80;
    int total = 1;
    emulate::launch({2, 1, 1}, 256, [&] { check_nonfinite(&total, x.data(), (long long)rows * cols, cols, ld); });
    expect(total == 3, "count of values that are no numbers", total, cols);
}

int main(int argc, char **argv) {
    state = argc > 1 ? atoll(argv[1]) : 1;
    for (bool delta : {false, true}) {
        norm(5, 3, 264, 264 + 24, delta);
        norm(4, 4, 1088, 1088, delta);
        norm(7, 6, 4096, 4096 + 192, delta);
        norm(40, 33, 64, 64 + 32, delta);
        norm(9, 9, 256, 256 + 8, delta);
        norm(9, 0, 256, 256, delta);
    }
    for (int h : {37, 64, 256, 264, 1088, 4096}) remake(7, 5, h);
    beside(37, 64, 24);
    beside(300, 16, 8);
    ride(37, 0, 8, 16);
    ride(37, 16, 24, 64);
    drop(9, 7, 24);
    nonfinite(17, 40, 72);
    nonfinite(3, 8, 8);
    return failures != 0;
}
