// Softmax attention for the very narrow heads of the demo model (4, 8 or 12 channels), forward and backward.
//
// PyTorch's CPU kernel is made for heads of 64 and more: at a width of 4 it took half of a training step.
// Here keys and values lie transposed, one vector holds sixteen keys, four query rows share every load, and the
// probabilities are computed again in the backward pass rather than kept.
//
// Layouts: q, o (batch, queries, heads * width); k, v (batch, keys, heads * width); log_sum (batch, heads, queries).

#include <cstdint>
#include <cstring>
#include <cmath>
#include <new>

namespace {

constexpr int LANES = 16, ROWS = 4;
typedef float Vector __attribute__((vector_size(4 * LANES)));
typedef int32_t Integers __attribute__((vector_size(4 * LANES)));

inline Vector spread(float x) { return x - Vector{}; }

inline float total(Vector x) {
    float sum = 0.0f;
    for (int i = 0; i < LANES; ++i) sum += x[i];
    return sum;
}

inline float largest(Vector x) {
    float high = x[0];
    for (int i = 1; i < LANES; ++i) high = x[i] > high ? x[i] : high;
    return high;
}

// exp(x) for x <= 0, relative error about 2e-7: 2^whole times a polynomial of the rest (after Cephes).
inline Vector exponential(Vector x) {
    const Vector lowest = spread(-87.0f), magic = spread(12582912.0f);  // adding 1.5 * 2^23 rounds
    x = x < lowest ? lowest : x;
    Vector scaled = x * 1.44269504f;
    Vector shifted = scaled + magic;
    Vector f = scaled - (shifted - magic);
    Vector p = f * 1.535336188e-4f + 1.339887440e-3f;
    p = p * f + 9.618437357e-3f;
    p = p * f + 5.550332548e-2f;
    p = p * f + 2.402264791e-1f;
    p = p * f + 6.931472028e-1f;
    p = p * f + 1.0f;
    return (Vector)((Integers)p + ((Integers)shifted << 23));
}

// One head's keys or values as columns of sixteen: at[d * groups + g][lane], zero beyond `count`.
template <int WIDTH>
void gather(const float* rows, Vector* at, int count, int groups, int stride) {
    for (int g = 0; g < groups; ++g)
        for (int d = 0; d < WIDTH; ++d) {
            Vector x{};
            for (int lane = 0; lane < LANES; ++lane) {
                int m = g * LANES + lane;
                if (m < count) x[lane] = rows[static_cast<int64_t>(m) * stride + d];
            }
            at[g * WIDTH + d] = x;
        }
}

template <int WIDTH>
void scatter(const Vector* at, float* rows, int count, int stride) {
    for (int m = 0; m < count; ++m)
        for (int d = 0; d < WIDTH; ++d) rows[static_cast<int64_t>(m) * stride + d] = at[m / LANES * WIDTH + d][m % LANES];
}

struct Scratch {
    explicit Scratch(int vectors) : at(static_cast<Vector*>(::operator new(sizeof(Vector) * vectors, std::align_val_t(64)))) {}
    ~Scratch() { ::operator delete(at, std::align_val_t(64)); }
    Vector* at;
};

// What the lanes beyond the last key add to their scores, so that they take no part.
inline Vector barrier(int g, int count) {
    Vector x{};
    for (int lane = 0; lane < LANES; ++lane) x[lane] = g * LANES + lane < count ? 0.0f : -1e30f;
    return x;
}

template <int WIDTH>
void forward(const float* q, const float* k, const float* v, float* o, float* log_sum, int batch, int heads, int queries,
             int keys, float scale) {
    const int stride = heads * WIDTH, groups = (keys + LANES - 1) / LANES;
#pragma omp parallel
    {
        Scratch scratch((2 * WIDTH + ROWS) * groups);
        Vector *key = scratch.at, *value = key + WIDTH * groups, *row = value + WIDTH * groups;
#pragma omp for schedule(dynamic, 8)
        for (int item = 0; item < batch * heads; ++item) {
            const int b = item / heads, h = item % heads;
            const int64_t start = static_cast<int64_t>(b) * keys * stride + h * WIDTH;
            gather<WIDTH>(k + start, key, keys, groups, stride);
            gather<WIDTH>(v + start, value, keys, groups, stride);
            const Vector last = barrier(groups - 1, keys);
            for (int n = 0; n < queries; n += ROWS) {
                float query[ROWS][WIDTH];
                int64_t at[ROWS];
                for (int r = 0; r < ROWS; ++r) {  // rows beyond the end repeat the last one
                    int line = n + r < queries ? n + r : queries - 1;
                    at[r] = (static_cast<int64_t>(b) * queries + line) * stride + h * WIDTH;
                    for (int d = 0; d < WIDTH; ++d) query[r][d] = q[at[r] + d] * scale;
                }
                Vector high[ROWS];
                for (int r = 0; r < ROWS; ++r) high[r] = spread(-1e30f);
                for (int g = 0; g < groups; ++g)
#pragma GCC unroll 4
                    for (int r = 0; r < ROWS; ++r) {
                        Vector s = g == groups - 1 ? last : Vector{};
#pragma GCC unroll 12
                        for (int d = 0; d < WIDTH; ++d) s += key[g * WIDTH + d] * query[r][d];
                        row[g * ROWS + r] = s;
                        high[r] = s > high[r] ? s : high[r];
                    }
                for (int r = 0; r < ROWS; ++r) {
                    const float highest = largest(high[r]);
                    Vector sum{}, out[WIDTH] = {};
                    for (int g = 0; g < groups; ++g) {
                        Vector p = exponential(row[g * ROWS + r] - highest);
                        sum += p;
#pragma GCC unroll 12
                        for (int d = 0; d < WIDTH; ++d) out[d] += p * value[g * WIDTH + d];
                    }
                    const float all = total(sum);
                    for (int d = 0; d < WIDTH; ++d) o[at[r] + d] = total(out[d]) / all;
                    if (n + r < queries) log_sum[static_cast<int64_t>(item) * queries + n + r] = highest + std::log(all);
                }
            }
        }
    }
}

template <int WIDTH>
void backward(const float* q, const float* k, const float* v, const float* o, const float* log_sum, const float* grad,
              float* grad_q, float* grad_k, float* grad_v, int batch, int heads, int queries, int keys, float scale) {
    const int stride = heads * WIDTH, groups = (keys + LANES - 1) / LANES;
#pragma omp parallel
    {
        Scratch scratch(4 * WIDTH * groups);
        Vector *key = scratch.at, *value = key + WIDTH * groups, *d_key = value + WIDTH * groups,
               *d_value = d_key + WIDTH * groups;
#pragma omp for schedule(dynamic, 8)
        for (int item = 0; item < batch * heads; ++item) {
            const int b = item / heads, h = item % heads;
            const int64_t start = static_cast<int64_t>(b) * keys * stride + h * WIDTH;
            gather<WIDTH>(k + start, key, keys, groups, stride);
            gather<WIDTH>(v + start, value, keys, groups, stride);
            std::memset(d_key, 0, sizeof(Vector) * 2 * WIDTH * groups);
            const Vector last = barrier(groups - 1, keys);
            for (int n = 0; n < queries; ++n) {
                const int64_t at = (static_cast<int64_t>(b) * queries + n) * stride + h * WIDTH;
                const float normal = log_sum[static_cast<int64_t>(item) * queries + n];
                float query[WIDTH], g_out[WIDTH], delta = 0.0f;
                Vector d_query[WIDTH] = {};
                for (int d = 0; d < WIDTH; ++d) {
                    query[d] = q[at + d] * scale;
                    g_out[d] = grad[at + d];
                    delta += g_out[d] * o[at + d];
                }
                for (int g = 0; g < groups; ++g) {
                    Vector s = (g == groups - 1 ? last : Vector{}) - normal, dp = spread(-delta);
#pragma GCC unroll 12
                    for (int d = 0; d < WIDTH; ++d) {
                        s += key[g * WIDTH + d] * query[d];
                        dp += value[g * WIDTH + d] * g_out[d];
                    }
                    Vector p = exponential(s), ds = p * dp;
#pragma GCC unroll 12
                    for (int d = 0; d < WIDTH; ++d) {
                        d_query[d] += ds * key[g * WIDTH + d];
                        d_key[g * WIDTH + d] += ds * query[d];
                        d_value[g * WIDTH + d] += p * g_out[d];
                    }
                }
                for (int d = 0; d < WIDTH; ++d) grad_q[at + d] = total(d_query[d]) * scale;
            }
            scatter<WIDTH>(d_key, grad_k + start, keys, stride);
            scatter<WIDTH>(d_value, grad_v + start, keys, stride);
        }
    }
}

}  // namespace
extern "C" int attention_forward(const float* q, const float* k, const float* v, float* o, float* log_sum, int batch,
                                 int heads, int width, int queries, int keys, float scale) {
    switch (width) {
        case 4: forward<4>(q, k, v, o, log_sum, batch, heads, queries, keys, scale); return 0;
        case 8: forward<8>(q, k, v, o, log_sum, batch, heads, queries, keys, scale); return 0;
        case 12: forward<12>(q, k, v, o, log_sum, batch, heads, queries, keys, scale); return 0;
        default: return 1;
    }
}

extern "C" int attention_backward(const float* q, const float* k, const float* v, const float* o, const float* log_sum,
                                  const float* grad, float* grad_q, float* grad_k, float* grad_v, int batch, int heads,
                                  int width, int queries, int keys, float scale) {
    switch (width) {
        case 4: backward<4>(q, k, v, o, log_sum, grad, grad_q, grad_k, grad_v, batch, heads, queries, keys, scale); return 0;
        case 8: backward<8>(q, k, v, o, log_sum, grad, grad_q, grad_k, grad_v, batch, heads, queries, keys, scale); return 0;
        case 12: backward<12>(q, k, v, o, log_sum, grad, grad_q, grad_k, grad_v, batch, heads, queries, keys, scale); return 0;
        default: return 1;
    }
}
