// What is done to a tile's sums before they are stored: one struct a phase, the same code on every backend.
//
// An epilogue is called for one row and four blocks of eight columns at a time; a thread holds two neighbouring columns
// of each: `col`, `col + 1`, `col + 8`, `col + 9`, ... `d0`, `d1` are the tile's sums there (d1 only where the tile has
// two). Rows past the job's are passed, too, and columns from `end` on: they hold nothing, and what is made of them is
// stored nowhere. There are no branches: they would keep loads from overlapping. So vectors by channel are read up to
// `overshoot` past their width. `sums` collects, for
// each of the columns, what statistics need.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>

#include <cuda_fp16.h>

#include "engine/gemm.h"

#ifdef __CUDACC__
#define HENS_HD __host__ __device__ __forceinline__
#define HENS_UNROLL _Pragma("unroll")
#else
#define HENS_HD inline
#define HENS_UNROLL
#endif

namespace hens::engine {

constexpr int column_blocks = 4;
constexpr int overshoot = 256;  // columns of a tile past the last channel, at most

struct Sums {  // of one thread's columns: value and square
  float2 value[column_blocks], square[column_blocks];
};

HENS_HD float2 operator+(float2 a, float2 b) { return {a.x + b.x, a.y + b.y}; }
HENS_HD float2 operator-(float2 a, float2 b) { return {a.x - b.x, a.y - b.y}; }
HENS_HD float2 operator*(float2 a, float2 b) { return {a.x * b.x, a.y * b.y}; }
HENS_HD float2 operator*(float s, float2 a) { return {s * a.x, s * a.y}; }

// x Phi(x) with Phi(x) = (1 + tanh(x (a + b x^2 + c x^4))) / 2, the coefficients fitted to the error function: at most
// 2.5e-5 off the exact GELU, a tenth of what the usual tanh form costs. The argument is cut where tanh is 1.
HENS_HD float gelu(float x) {
  const float s = fminf(x * x, 36.0f);
  const float argument = x * (0.79750788f + s * (0.037005648f - 0.000351517f * s));
#ifdef __CUDA_ARCH__
  float t;
  asm("tanh.approx.f32 %0, %1;" : "=f"(t) : "f"(argument));
#else
  const float t = std::tanh(argument);
#endif
  const float half = 0.5f * x;
  return half + half * t;
}
HENS_HD float2 gelu(float2 v) { return {gelu(v.x), gelu(v.y)}; }

HENS_HD uint32_t packed(float2 v) {
  const __half2 h = __floats2half2_rn(v.x, v.y);
  uint32_t bits;
  memcpy(&bits, &h, sizeof bits);
  return bits;
}

// Of arrays that no kernel writes while it reads them.
HENS_HD float2 pair_of_floats(const float* at) {
#ifdef __CUDA_ARCH__
  return __ldg(reinterpret_cast<const float2*>(at));
#else
  return {at[0], at[1]};
#endif
}

HENS_HD float2 pair_of_halves(uint32_t bits) {
  __half2 h;
  memcpy(static_cast<void*>(&h), &bits, sizeof h);
  return __half22float2(h);
}

#ifdef __CUDACC__
// Four threads that share a row, each with its columns of four blocks, and each with all columns of its block: a 4 x 4
// transposition of words, the way there and the way back.
__device__ __forceinline__ void transpose(uint32_t (&w)[column_blocks]) {
  const int q = threadIdx.x & 3;
#pragma unroll
  for (int i = 0; i < column_blocks; i += 2) {
    const uint32_t other = __shfl_xor_sync(0xffffffffu, (q & 1) ? w[i] : w[i + 1], 1);
    ((q & 1) ? w[i] : w[i + 1]) = other;
  }
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    const uint32_t other = __shfl_xor_sync(0xffffffffu, (q & 2) ? w[i] : w[i + 2], 2);
    ((q & 2) ? w[i] : w[i + 2]) = other;
  }
}
#endif

// Stores four blocks' pairs of columns: row[col + 8 i], row[col + 8 i + 1]. On the device the four threads that share
// a row exchange their words first, so that each stores 16 bytes; all four must call. Stores nothing from column `end`
// (a multiple of 8) on, nor where `row` is null.
HENS_HD void put(__half* row, int col, int end, const float2 (&v)[column_blocks]) {
#ifdef __CUDA_ARCH__
  uint32_t w[column_blocks];
HENS_UNROLL
  for (int i = 0; i < column_blocks; ++i) w[i] = packed(v[i]);
  transpose(w);
  const int first = col + 6 * (threadIdx.x & 3);
  if (row != nullptr && first < end) *reinterpret_cast<uint4*>(row + first) = make_uint4(w[0], w[1], w[2], w[3]);
#else
  for (int i = 0; i < column_blocks; ++i) {
    if (row == nullptr || col + 8 * i >= end) continue;
    *reinterpret_cast<uint32_t*>(row + col + 8 * i) = packed(v[i]);
  }
#endif
}

// Loads what put() stores: v[i] = row[col + 8 i], row[col + 8 i + 1], zeros from `end` on and where `row` is null.
HENS_HD void get(const __half* row, int col, int end, float2 (&v)[column_blocks]) {
#ifdef __CUDA_ARCH__
  const int first = col + 6 * (threadIdx.x & 3);
  uint4 all = make_uint4(0, 0, 0, 0);
  if (row != nullptr && first < end) all = __ldg(reinterpret_cast<const uint4*>(row + first));
  uint32_t w[column_blocks] = {all.x, all.y, all.z, all.w};
  transpose(w);
HENS_UNROLL
  for (int i = 0; i < column_blocks; ++i) v[i] = pair_of_halves(w[i]);
#else
  for (int i = 0; i < column_blocks; ++i) {
    uint32_t bits = 0;
    if (row != nullptr && col + 8 * i < end) memcpy(&bits, row + col + 8 * i, sizeof bits);
    v[i] = pair_of_halves(bits);
  }
#endif
}

// Per-channel affine map of an instance norm: [column] each.
struct Affine {
  const float* scale = nullptr;
  const float* shift = nullptr;
};

// ---- transforms ----

// Fourier sums of two mirrored rows -> their sum and difference, ready for the Legendre functions of either parity.
//   G[sum/difference][northern row][order part][channel]
struct FourierForward {
  static constexpr bool statistics = false;
  __half* out;
  int64_t half_stride, row_stride;  // between sum and difference; between northern rows
  int columns;                      // channels = stride of [order part]
  // job.plane: northern row; job.row: [order part]
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    __half* at = row < job.rows ? out + job.plane * row_stride + static_cast<int64_t>(job.row + row) * columns : nullptr;
    float2 sum[column_blocks], difference[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) sum[i] = d0[i] + d1[i], difference[i] = d0[i] - d1[i];
    put(at, col, end, sum);
    put(at == nullptr ? at : at + half_stride, col, end, difference);
  }
};

// Coefficients of the degrees m, m + 2, ... (d0) and m + 1, m + 3, ... (d1) of one order -> S[l][m][part channel]
struct LegendreForward {
  static constexpr bool statistics = false;
  __half* out;
  int64_t degree_stride, order_stride;
  int columns;  // re and im of all channels
  int degrees;  // lmax
  float scale;  // of the table, taken back
  // job.plane: order m; job.row: index of the degree among those of its parity
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    const int l = job.plane + 2 * (job.row + row);
    __half* at = out + l * degree_stride + job.plane * order_stride;
    float2 even[column_blocks], odd[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) even[i] = scale * d0[i], odd[i] = scale * d1[i];
    put(row < job.rows && l < degrees ? at : nullptr, col, end, even);
    put(row < job.rows && l + 1 < degrees ? at + degree_stride : nullptr, col, end, odd);
  }
};

// The spectral convolution: real (d0) and imaginary (d1) part of one degree's orders -> S'[l][m][part][channel]
struct Mixing {
  static constexpr bool statistics = false;
  __half* out;
  int64_t degree_stride, order_stride, part_stride;
  int columns;
  // job.plane: degree; job.row: order
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    __half* at = out + job.plane * degree_stride + (job.row + row) * order_stride;
    const bool counts = row < job.rows;
    put(counts ? at : nullptr, col, end, d0);
    put(counts ? at + part_stride : nullptr, col, end, d1);
  }
};

// Symmetric (d0) and antisymmetric (d1) part of one order on the northern rows -> Fourier coefficients of both rows,
//   G[row][order part][channel], and by Parseval what each row adds to its channel's mean and mean square.
struct LegendreInverse {
  static constexpr bool statistics = true;
  __half* out;
  int64_t row_stride;
  int columns;     // re and im of all channels
  int rows;        // nlat
  float scale;     // of the table, taken back
  float* partial;  // [job.statistics][column][value, square]
  // job.plane: position of the order in G; job.row: northern row
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums& sums) const {
    const int north = job.row + row, south = rows - 1 - north;
    const bool counts = row < job.rows;
    __half* at = out + static_cast<int64_t>(job.plane) * columns;
    float2 n[column_blocks], s[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const float2 a = scale * d0[i], b = scale * d1[i];
      n[i] = a + b, s[i] = a - b;
      const float twice = !counts ? 0.0f : north == south ? 1.0f : 2.0f;  // the equator is one row
      sums.value[i] = sums.value[i] + twice * a;
      sums.square[i] = sums.square[i] + twice * (a * a + b * b);
    }
    put(counts ? at + north * row_stride : nullptr, col, end, n);
    put(counts && north != south ? at + south * row_stride : nullptr, col, end, s);
  }
};

// Even (d0) and odd (d1) orders' sums on the western half of a row. Points j and j + half are d0 + d1 and d0 - d1.
struct FourierInverse {
  static constexpr bool statistics = false;
  __half* out;  // [row][lon][channel]
  int half;     // nlon / 2
  int columns;
  float scale;  // of the spectrum, taken back
  // job.plane: row of the grid; job.row: longitude
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    __half* at = row < job.rows ? out + (static_cast<int64_t>(job.plane) * 2 * half + job.row + row) * columns : nullptr;
    float2 west[column_blocks], east[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) west[i] = scale * (d0[i] + d1[i]), east[i] = scale * (d0[i] - d1[i]);
    put(at, col, end, west);
    put(at == nullptr ? at : at + static_cast<int64_t>(half) * columns, col, end, east);
  }
};

// The same, then the first instance norm's affine map and the GELU.
struct FourierInverseNorm {
  static constexpr bool statistics = false;
  __half* out;
  int half, columns;
  Affine norm;
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    __half* at = row < job.rows ? out + (static_cast<int64_t>(job.plane) * 2 * half + job.row + row) * columns : nullptr;
    float2 west[column_blocks], east[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const float2 scale = pair_of_floats(norm.scale + col + 8 * i), shift = pair_of_floats(norm.shift + col + 8 * i);
      west[i] = gelu(scale * (d0[i] + d1[i]) + shift);
      east[i] = gelu(scale * (d0[i] - d1[i]) + shift);
    }
    put(at, col, end, west);
    put(at == nullptr ? at : at + static_cast<int64_t>(half) * columns, col, end, east);
  }
};

// The first block's end: residual (d0, d1) and normed MLP output `h` [row][lon][channel], folded about half a circle:
//   X[row][sum, difference][lon < half][channel]
struct FourierInverseResidual {
  static constexpr bool statistics = false;
  __half* out;
  const __half* h;
  int half, columns;
  float scale;  // of the spectrum, taken back
  Affine norm;
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    const bool counts = row < job.rows;
    const int64_t west = (static_cast<int64_t>(job.plane) * 2 * half + job.row + row) * columns;
    const int64_t east = west + static_cast<int64_t>(half) * columns;
    float2 sum[column_blocks], difference[column_blocks], at_west[column_blocks], at_east[column_blocks];
    get(counts ? h + west : nullptr, col, end, at_west);
    get(counts ? h + east : nullptr, col, end, at_east);
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const int c = col + 8 * i;
      const float2 a = at_west[i], b = at_east[i];
      const float2 gain = pair_of_floats(norm.scale + c), shift = pair_of_floats(norm.shift + c);
      sum[i] = (2.0f * scale) * d0[i] + gain * (a + b) + 2.0f * shift;
      difference[i] = (2.0f * scale) * d1[i] + gain * (a - b);
    }
    put(counts ? out + west : nullptr, col, end, sum);
    put(counts ? out + east : nullptr, col, end, difference);
  }
};

// ---- pointwise layers ----

// out[row] = sums
struct Plain {
  static constexpr bool statistics = false;
  __half* out;
  int columns;
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&)[column_blocks], Sums&) const {
    put(row < job.rows ? out + static_cast<int64_t>(job.row + row) * columns : nullptr, col, end, d0);
  }
};

// out[row] = gelu(sums + bias)
struct BiasGelu {
  static constexpr bool statistics = false;
  __half* out;
  const float* bias;  // [column]
  int columns;
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&)[column_blocks], Sums&) const {
    float2 v[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      v[i] = gelu(d0[i] + pair_of_floats(bias + col + 8 * i));
    }
    put(row < job.rows ? out + static_cast<int64_t>(job.row + row) * columns : nullptr, col, end, v);
  }
};

// out[row] = sums + bias, with the statistics of the second instance norm
struct BiasStatistics {
  static constexpr bool statistics = true;
  __half* out;
  const float* bias;
  int columns;
  float* partial;  // [job.statistics][column][value, square]
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&)[column_blocks], Sums& sums) const {
    const bool counts = row < job.rows;
    float2 v[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      v[i] = d0[i] + pair_of_floats(bias + col + 8 * i);
      const float2 counted = counts ? v[i] : make_float2(0, 0);
      sums.value[i] = sums.value[i] + counted;
      sums.square[i] = sums.square[i] + counted * counted;
    }
    put(counts ? out + static_cast<int64_t>(job.row + row) * columns : nullptr, col, end, v);
  }
};

// A middle block's end, all folded about half a circle: X'[row] = S X[row] + norm(h), rows as [lat][sum, difference][lon]
struct SkipNorm {
  static constexpr bool statistics = false;
  __half* out;
  const __half* h;  // [lat][lon][channel], not folded
  int half, columns;
  Affine norm;
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&)[column_blocks], Sums&) const {
    const bool counts = row < job.rows;
    const int r = job.row + row, lat = r / (2 * half), rest = r - lat * 2 * half;
    const bool sum = rest < half;
    const int64_t west = (static_cast<int64_t>(lat) * 2 * half + (sum ? rest : rest - half)) * columns;
    const int64_t east = west + static_cast<int64_t>(half) * columns;
    float2 v[column_blocks], at_west[column_blocks], at_east[column_blocks];
    get(counts ? h + west : nullptr, col, end, at_west);
    get(counts ? h + east : nullptr, col, end, at_east);
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const int c = col + 8 * i;
      const float2 a = at_west[i], b = at_east[i];
      const float2 gain = pair_of_floats(norm.scale + c), shift = pair_of_floats(norm.shift + c);
      const float sign = sum ? 1.0f : -1.0f, twice = sum ? 2.0f : 0.0f;
      v[i] = d0[i] + gain * (a + sign * b) + twice * shift;
    }
    put(counts ? out + static_cast<int64_t>(r) * columns : nullptr, col, end, v);
  }
};

// The encoder's first layer on points j (d0) and j + half (d1), folded: X[lat][sum, difference][lon < half][channel]
struct EncoderGelu {
  static constexpr bool statistics = false;
  __half* out;
  const float* bias;
  int half, columns;
  // job.plane: row of the grid; job.row: longitude
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&d1)[column_blocks], Sums&) const {
    const bool counts = row < job.rows;
    __half* at = out + (static_cast<int64_t>(job.plane) * 2 * half + job.row + row) * columns;
    float2 sum[column_blocks], difference[column_blocks];
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const float2 b = pair_of_floats(bias + col + 8 * i);
      const float2 west = gelu(d0[i] + b), east = gelu(d1[i] + b);
      sum[i] = west + east, difference[i] = west - east;
    }
    put(counts ? at : nullptr, col, end, sum);
    put(counts ? at + static_cast<int64_t>(half) * columns : nullptr, col, end, difference);
  }
};

// The decoder's first layer: out[row] = gelu(sums + constant + residual[row])
struct DecoderGelu {
  static constexpr bool statistics = false;
  __half* out;
  const float* constant;  // [column]
  const __half* residual;
  int columns;
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&)[column_blocks], Sums&) const {
    const bool counts = row < job.rows;
    const int64_t r = job.row + row;
    float2 v[column_blocks], added[column_blocks];
    get(counts ? residual + r * columns : nullptr, col, end, added);
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const int c = col + 8 * i;
      v[i] = gelu(d0[i] + pair_of_floats(constant + c) + added[i]);
    }
    put(counts ? out + r * columns : nullptr, col, end, v);
  }
};

// The next state, normalised: fp32 for itself, and split into two halves for the next step's products.
struct NextState {
  static constexpr bool statistics = false;
  float* state;   // [point][state_stride]
  __half* input;  // [point][input_stride]: high halves of all input channels, then low halves; null: not written
  int64_t state_stride, input_stride, low;  // low: where the low halves begin
  int columns;                              // channels of the state, rounded up to even
  HENS_HD void operator()(const TileJob& job, int row, int col, int end, const float2 (&d0)[column_blocks],
                          const float2 (&)[column_blocks], Sums&) const {
    if (row >= job.rows) return;
    const int64_t r = job.row + row;
HENS_UNROLL
    for (int i = 0; i < column_blocks; ++i) {
      const int c = col + 8 * i;
      if (c >= end) continue;
      *reinterpret_cast<float2*>(state + r * state_stride + c) = d0[i];
      if (input == nullptr) continue;
      const __half2 high = __floats2half2_rn(d0[i].x, d0[i].y);
      const float2 rest = d0[i] - __half22float2(high);
      __half* at = input + r * input_stride + c;
      // An odd channel count: the last pair's second element belongs to the sun.
      *reinterpret_cast<__half2*>(at) = high;
      *reinterpret_cast<__half2*>(at + low) = __floats2half2_rn(rest.x, rest.y);
    }
  }
};

}  // namespace hens::engine
