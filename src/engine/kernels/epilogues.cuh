// What is done to a tile's sums on their way to memory: one struct a phase, the same code on every backend.
//
// In two halves. Those who multiply hold two neighbouring columns of a row: they `combine` the tile's two sums into the
// two planes that leave it (west and east, north and south, ...), round and leave them in shared memory. There others
// take them up, eight channels of a row at a time, and `finish`: norm, activation, residual, and 16 bytes stored. On
// Hopper these are warps of their own, so that the next tile's products go on meanwhile.
//
// An epilogue has
//   Staged                        what is left in shared memory: __half, or float where 16 bits do not suffice; these are
//                                 taken up two channels at a time
//   statistics                    whether it sums values and squares by channel
//   combine(col, d0, d1)          in place; only where the tile has two sums. Two columns from `col`, up to the end of the
//                                 last tile: vectors by channel that it reads go on past their width
//   channels(job, plane, col)     optional: what it needs of eight channels, read once for all rows of a plane
//   beside(place)                 optional: what it reads beside the sums of a row, ahead of time
//   finish(place, channels, beside, staged, sums)
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

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

// Eight neighbouring channels of one row.
struct Eight {
  float v[8];
};
struct alignas(16) EightHalves {
  uint32_t v[4];
};

struct Sums {  // of eight channels over rows
  Eight value{}, square{};
};

struct Nothing {};

// Two layers in one call: tiles with a first segment are the first layer's, the others the second's. The second reads what
// the first has written some moments ago, so that it comes from the cache and not from memory. `done`: zeros at launch,
// one for each number that jobs count at.
template <typename First, typename Second>
struct Chain {
  using Staged = typename First::Staged;
  static_assert(std::is_same_v<Staged, typename Second::Staged>);
  First first;
  Second second;
  uint32_t* done;
};
template <typename Epilogue>
inline constexpr bool is_chain = requires(const Epilogue& epilogue) { epilogue.second; };

// use(epilogue), or use(the epilogue of the job's layer)
template <typename Epilogue, typename Use>
HENS_HD void with_layer(const Epilogue& epilogue, const TileJob& job, const Use& use) {
  if constexpr (is_chain<Epilogue>) {
    if (job.k[0] > 0) {
      use(epilogue.first);
    } else {
      use(epilogue.second);
    }
  } else {
    use(epilogue);
  }
}

// Where a row's eight channels are: in plane 0 or 1 of a job, row of the job (less than job.rows), column of the output
// (less than the epilogue's columns).
struct Place {
  const TileJob& job;
  int plane, row, col;
};

HENS_HD float2 operator+(float2 a, float2 b) { return {a.x + b.x, a.y + b.y}; }
HENS_HD float2 operator-(float2 a, float2 b) { return {a.x - b.x, a.y - b.y}; }
HENS_HD float2 operator*(float s, float2 a) { return {s * a.x, s * a.y}; }

HENS_HD uint32_t packed(float2 v) {
  const __half2 h = __floats2half2_rn(v.x, v.y);
  uint32_t bits;
  memcpy(&bits, &h, sizeof bits);
  return bits;
}
HENS_HD float2 pair_of_halves(uint32_t bits) {
  __half2 h;
  memcpy(static_cast<void*>(&h), &bits, sizeof h);
  return __half22float2(h);
}

HENS_HD EightHalves packed(const Eight& a) {
  return {packed(float2{a.v[0], a.v[1]}), packed(float2{a.v[2], a.v[3]}), packed(float2{a.v[4], a.v[5]}),
          packed(float2{a.v[6], a.v[7]})};
}
HENS_HD Eight unpacked(const EightHalves& h) {
  Eight a;
HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
    const float2 pair = pair_of_halves(h.v[i]);
    a.v[2 * i] = pair.x, a.v[2 * i + 1] = pair.y;
  }
  return a;
}

// x Phi(x) with Phi(x) = (1 + tanh(x (a + b x^2 + c x^4))) / 2, the coefficients fitted to the error function: at most
// 2.5e-5 off the exact GELU, a tenth of what the usual tanh form costs. The argument is cut where tanh is 1.
struct GeluForm {
  static constexpr float a = 0.79750788f, b = 0.037005648f, c = -0.000351517f, most = 36.0f;
};
HENS_HD float gelu(float x) {
  const float s = fminf(x * x, GeluForm::most);
  const float argument = x * (GeluForm::a + s * (GeluForm::b + GeluForm::c * s));
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

// Two at a time in 16 bits, on the GPU: what is finished beside running products competes with them for registers, so
// instructions count. The roundings together are about twice that of the result.
HENS_HD uint32_t gelu_of_halves(uint32_t bits) {
#ifdef __CUDA_ARCH__
  __half2 x;
  memcpy(static_cast<void*>(&x), &bits, sizeof x);
  const __half2 s = __hmin2(__hmul2(x, x), __float2half2_rn(GeluForm::most));
  const __half2 factor =
      __hfma2(s, __hfma2(s, __float2half2_rn(GeluForm::c), __float2half2_rn(GeluForm::b)), __float2half2_rn(GeluForm::a));
  const __half2 argument = __hmul2(x, factor), half = __hmul2(x, __float2half2_rn(0.5f));
  uint32_t at, t;
  memcpy(&at, &argument, sizeof at);
  asm("tanh.approx.f16x2 %0, %1;" : "=r"(t) : "r"(at));
  __half2 tanh_of;
  memcpy(static_cast<void*>(&tanh_of), &t, sizeof t);
  const __half2 result = __hfma2(half, tanh_of, half);
  memcpy(&bits, &result, sizeof bits);
  return bits;
#else
  return packed(gelu(pair_of_halves(bits)));
#endif
}
HENS_HD EightHalves gelu(const EightHalves& h) {
  return {gelu_of_halves(h.v[0]), gelu_of_halves(h.v[1]), gelu_of_halves(h.v[2]), gelu_of_halves(h.v[3])};
}

// a + factor b, factor two equal halves; in 16 bits, rounded once.
HENS_HD EightHalves scaled_sum(const EightHalves& a, uint32_t factor, const EightHalves& b) {
  EightHalves r;
HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
#ifdef __CUDA_ARCH__
    asm("fma.rn.f16x2 %0, %1, %2, %3;" : "=r"(r.v[i]) : "r"(factor), "r"(b.v[i]), "r"(a.v[i]));
#else
    r.v[i] = packed(pair_of_halves(a.v[i]) + pair_of_halves(factor).x * pair_of_halves(b.v[i]));
#endif
  }
  return r;
}
HENS_HD EightHalves sum(const EightHalves& a, const EightHalves& b) {
  EightHalves r;
HENS_UNROLL
  for (int i = 0; i < 4; ++i) {
#ifdef __CUDA_ARCH__
    asm("add.rn.f16x2 %0, %1, %2;" : "=r"(r.v[i]) : "r"(a.v[i]), "r"(b.v[i]));
#else
    r.v[i] = packed(pair_of_halves(a.v[i]) + pair_of_halves(b.v[i]));
#endif
  }
  return r;
}

// Of arrays that no kernel writes while it reads them.
HENS_HD float2 pair_of_floats(const float* at) {
#ifdef __CUDA_ARCH__
  return __ldg(reinterpret_cast<const float2*>(at));
#else
  return {at[0], at[1]};
#endif
}
HENS_HD Eight eight_floats(const float* at) {
  Eight a;
#ifdef __CUDA_ARCH__
  const float4 low = __ldg(reinterpret_cast<const float4*>(at)), high = __ldg(reinterpret_cast<const float4*>(at) + 1);
  a = {{low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w}};
#else
  memcpy(a.v, at, sizeof a.v);
#endif
  return a;
}
HENS_HD EightHalves eight_halves(const __half* at) {
  EightHalves h;
#ifdef __CUDA_ARCH__
  const uint4 all = __ldg(reinterpret_cast<const uint4*>(at));
  h = {{all.x, all.y, all.z, all.w}};
#else
  memcpy(&h, at, sizeof h);
#endif
  return h;
}

HENS_HD void store(__half* at, const EightHalves& h) {
#ifdef __CUDA_ARCH__
  *reinterpret_cast<uint4*>(at) = make_uint4(h.v[0], h.v[1], h.v[2], h.v[3]);
#else
  memcpy(static_cast<void*>(at), &h, sizeof h);
#endif
}

HENS_HD void count(Sums& sums, const Eight& a) {
HENS_UNROLL
  for (int i = 0; i < 8; ++i) sums.value.v[i] += a.v[i], sums.square.v[i] += a.v[i] * a.v[i];
}

// Per-channel affine map of an instance norm: [column] each.
struct Affine {
  const float* scale = nullptr;
  const float* shift = nullptr;
};
struct AffineOfEight {
  Eight scale, shift;
};
HENS_HD AffineOfEight eight_of(const Affine& map, int col) {
  return {eight_floats(map.scale + col), eight_floats(map.shift + col)};
}

// ---- norms of folded fields ----

// Both points of a folded pair.
struct WestEast {
  EightHalves west, east;
};

// What an instance norm adds to one plane of a folded field: scale (west + sign east) + shift, where the sum of both points
// has the shift twice and the difference has none.
struct FoldedNorm {
  Eight scale, shift;
  uint32_t sign;  // two halves
};
HENS_HD FoldedNorm folded_norm(const Affine& map, int plane, int col) {
  FoldedNorm norm{eight_floats(map.scale + col), eight_floats(map.shift + col), packed(float2{1.0f, 1.0f})};
  const float twice = plane == 0 ? 2.0f : 0.0f;
HENS_UNROLL
  for (int i = 0; i < 8; ++i) norm.shift.v[i] *= twice;
  if (plane == 1) norm.sign = packed(float2{-1.0f, -1.0f});
  return norm;
}
HENS_HD EightHalves plus(const EightHalves& staged, const FoldedNorm& norm, const WestEast& both) {
  Eight a = unpacked(staged);
  const Eight folded = unpacked(scaled_sum(both.west, norm.sign, both.east));
HENS_UNROLL
  for (int i = 0; i < 8; ++i) a.v[i] = (a.v[i] + norm.shift.v[i]) + norm.scale.v[i] * folded.v[i];
  return packed(a);
}

// ---- transforms ----

// Fourier sums of two mirrored rows -> their sum and difference, ready for the Legendre functions of either parity.
//   G[sum/difference][northern row][order part][channel]
struct FourierForward {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  int64_t half_stride, row_stride;  // between sum and difference; between northern rows
  int columns;                      // channels = stride of [order part]
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 north = d0;
    d0 = north + d1, d1 = north - d1;
  }
  // job.plane: northern row; job.row: [order part]
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums&) const {
    store(out + p.plane * half_stride + p.job.plane * row_stride + static_cast<int64_t>(p.job.row + p.row) * columns + p.col,
          staged);
  }
};

// Coefficients of the degrees m, m + 2, ... (d0) and m + 1, m + 3, ... (d1) of one order -> S[l][m][part channel]
struct LegendreForward {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  int64_t degree_stride, order_stride;
  int columns;  // re and im of all channels
  int degrees;  // lmax
  float scale;  // of the table, taken back
  HENS_HD void combine(int, float2& d0, float2& d1) const { d0 = scale * d0, d1 = scale * d1; }
  // job.plane: order m; job.row: index of the degree among those of its parity
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums&) const {
    const int l = p.job.plane + 2 * (p.job.row + p.row) + p.plane;
    if (l < degrees) store(out + l * degree_stride + p.job.plane * order_stride + p.col, staged);
  }
};

// The spectral convolution: real (d0) and imaginary (d1) part of one degree's orders -> S'[l][m][part][channel]
struct Mixing {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  int64_t degree_stride, order_stride, part_stride;
  int columns;
  HENS_HD void combine(int, float2&, float2&) const {}
  // job.plane: degree; job.row: order
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums&) const {
    store(out + p.job.plane * degree_stride + (p.job.row + p.row) * order_stride + p.plane * part_stride + p.col, staged);
  }
};

// Symmetric (d0) and antisymmetric (d1) part of one order on the northern rows -> Fourier coefficients of both rows,
//   G[row][order part][channel], and by Parseval what each row adds to its channel's mean and mean square.
struct LegendreInverse {
  using Staged = __half;
  static constexpr bool statistics = true;
  __half* out;
  int64_t row_stride;
  int columns;     // re and im of all channels
  int rows;        // nlat
  float scale;     // of the table, taken back
  float* partial;  // [job.statistics][column][value, square]
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 symmetric = scale * d0, rest = scale * d1;
    d0 = symmetric + rest, d1 = symmetric - rest;
  }
  // job.plane: position of the order in G; job.row: northern row
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums& sums) const {
    const int north = p.job.row + p.row, lat = p.plane == 0 ? north : rows - 1 - north;
    if (p.plane == 1 && lat == north) return;  // the equator is one row
    store(out + static_cast<int64_t>(p.job.plane) * columns + lat * row_stride + p.col, staged);
    count(sums, unpacked(staged));
  }
};

// Even (d0) and odd (d1) orders' sums on the western half of a row. Points j and j + half are d0 + d1 and d0 - d1.
HENS_HD void to_west_and_east(float2& d0, float2& d1) {
  const float2 even = d0;
  d0 = even + d1, d1 = even - d1;
}

// ... as they are -> [row][lon][channel]
struct FourierInverse {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  int half;  // nlon / 2
  int columns;
  HENS_HD void combine(int, float2& d0, float2& d1) const { to_west_and_east(d0, d1); }
  // job.plane: row of the grid; job.row: longitude
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums&) const {
    store(out + (static_cast<int64_t>(2 * p.job.plane + p.plane) * half + p.job.row + p.row) * columns + p.col, staged);
  }
};

// ... then the first instance norm's affine map and the GELU.
struct FourierInverseNorm {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  int half, columns;
  Affine norm;
  HENS_HD void combine(int, float2& d0, float2& d1) const { to_west_and_east(d0, d1); }
  HENS_HD AffineOfEight channels(const TileJob&, int, int col) const { return eight_of(norm, col); }
  HENS_HD void finish(const Place& p, const AffineOfEight& map, Nothing, const EightHalves& staged, Sums&) const {
    Eight a = unpacked(staged);
HENS_UNROLL
    for (int i = 0; i < 8; ++i) a.v[i] = map.scale.v[i] * a.v[i] + map.shift.v[i];
    store(out + (static_cast<int64_t>(2 * p.job.plane + p.plane) * half + p.job.row + p.row) * columns + p.col,
          gelu(packed(a)));
  }
};

// The first block's end: residual (d0, d1) and normed MLP output `h` [row][lon][channel], folded about half a circle:
//   X[row][sum, difference][lon < half][channel]
struct FourierInverseResidual {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  const __half* h;
  int half, columns;
  Affine norm;
  HENS_HD void combine(int, float2& d0, float2& d1) const { d0 = 2.0f * d0, d1 = 2.0f * d1; }
  HENS_HD FoldedNorm channels(const TileJob&, int plane, int col) const { return folded_norm(norm, plane, col); }
  HENS_HD int64_t west(const Place& p) const {
    return (static_cast<int64_t>(2 * p.job.plane) * half + p.job.row + p.row) * columns + p.col;
  }
  HENS_HD WestEast beside(const Place& p) const {
    const __half* at = h + west(p);
    return {eight_halves(at), eight_halves(at + static_cast<int64_t>(half) * columns)};
  }
  HENS_HD void finish(const Place& p, const FoldedNorm& map, const WestEast& both, const EightHalves& staged, Sums&) const {
    store(out + west(p) + static_cast<int64_t>(p.plane * half) * columns, plus(staged, map, both));
  }
};

// ---- pointwise layers ----

HENS_HD int64_t element(const Place& p, int columns) {
  return static_cast<int64_t>(p.job.row + p.row) * columns + p.col;
}

// out[row] = sums
struct Plain {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  int columns;
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums&) const {
    store(out + element(p, columns), staged);
  }
};

// out[row] = gelu(sums + bias)
struct BiasGelu {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  const float* bias;  // [column]
  int columns;
  HENS_HD EightHalves channels(const TileJob&, int, int col) const { return packed(eight_floats(bias + col)); }
  HENS_HD void finish(const Place& p, const EightHalves& b, Nothing, const EightHalves& staged, Sums&) const {
    store(out + element(p, columns), gelu(sum(staged, b)));
  }
};

// out[row] = sums + bias, with the statistics of the second instance norm
struct BiasStatistics {
  using Staged = __half;
  static constexpr bool statistics = true;
  __half* out;
  const float* bias;
  int columns;
  float* partial;  // [job.statistics][column][value, square]
  HENS_HD Eight channels(const TileJob&, int, int col) const { return eight_floats(bias + col); }
  HENS_HD void finish(const Place& p, const Eight& b, Nothing, const EightHalves& staged, Sums& sums) const {
    Eight a = unpacked(staged);
HENS_UNROLL
    for (int i = 0; i < 8; ++i) a.v[i] += b.v[i];
    count(sums, a);
    store(out + element(p, columns), packed(a));
  }
};

// Both layers of an MLP; between them the hidden layer's ring.
using Mlp = Chain<BiasGelu, BiasStatistics>;

// A middle block's end, all folded about half a circle: X'[lat][plane][lon] = S X[lat][plane][lon] + norm(h)
struct SkipNorm {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  const __half* h;  // [lat][lon][channel], not folded
  int half, columns;
  Affine norm;
  // job.plane: 2 lat, and one more for differences; job.row: longitude
  HENS_HD FoldedNorm channels(const TileJob& job, int, int col) const { return folded_norm(norm, job.plane % 2, col); }
  HENS_HD int64_t at(const Place& p, int plane) const {
    return (static_cast<int64_t>(plane) * half + p.job.row + p.row) * columns + p.col;
  }
  HENS_HD WestEast beside(const Place& p) const {
    const __half* west = h + at(p, p.job.plane & ~1);
    return {eight_halves(west), eight_halves(west + static_cast<int64_t>(half) * columns)};
  }
  HENS_HD void finish(const Place& p, const FoldedNorm& map, const WestEast& both, const EightHalves& staged, Sums&) const {
    store(out + at(p, p.job.plane), plus(staged, map, both));
  }
};

// The encoder's first layer on points j (d0) and j + half (d1), folded: X[lat][sum, difference][lon < half][channel]
struct EncoderGelu {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  const float* bias;
  int half, columns;
  HENS_HD void combine(int col, float2& d0, float2& d1) const {
    const float2 b = pair_of_floats(bias + col);
    const float2 west = gelu(d0 + b), east = gelu(d1 + b);
    d0 = west + east, d1 = west - east;
  }
  // job.plane: row of the grid; job.row: longitude
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves& staged, Sums&) const {
    store(out + (static_cast<int64_t>(2 * p.job.plane + p.plane) * half + p.job.row + p.row) * columns + p.col, staged);
  }
};

// The decoder's first layer: out[row] = gelu(sums + constant + residual[row])
struct DecoderGelu {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  const float* constant;  // [column]
  const __half* residual;
  int columns;
  HENS_HD Eight channels(const TileJob&, int, int col) const { return eight_floats(constant + col); }
  HENS_HD EightHalves beside(const Place& p) const { return eight_halves(residual + element(p, columns)); }
  HENS_HD void finish(const Place& p, const Eight& c, const EightHalves& added, const EightHalves& staged, Sums&) const {
    Eight a = unpacked(staged);
    const Eight more = unpacked(added);
HENS_UNROLL
    for (int i = 0; i < 8; ++i) a.v[i] += c.v[i] + more.v[i];
    store(out + element(p, columns), gelu(packed(a)));
  }
};

// The next state, normalised: fp32 for itself, and split into two halves for the next step's products.
struct NextState {
  using Staged = float;
  static constexpr bool statistics = false;
  float* state;   // [point][state_stride]
  __half* input;  // [point][input_stride]: high halves of all input channels, then low halves; null: not written
  int64_t state_stride, input_stride, low;  // low: where the low halves begin
  int columns;                              // channels of the state, rounded up to even
  HENS_HD void finish(const Place& p, Nothing, Nothing, const float2& value, Sums&) const {
    const int64_t r = p.job.row + p.row;
    *reinterpret_cast<float2*>(state + r * state_stride + p.col) = value;
    if (input == nullptr) return;
    const __half2 high = __floats2half2_rn(value.x, value.y);
    const float2 rest = value - __half22float2(high);
    __half* at = input + r * input_stride + p.col;
    // An odd channel count: the last pair's second element belongs to the sun.
    *reinterpret_cast<__half2*>(at) = high;
    *reinterpret_cast<__half2*>(at + low) = __floats2half2_rn(rest.x, rest.y);
  }
};

}  // namespace hens::engine
