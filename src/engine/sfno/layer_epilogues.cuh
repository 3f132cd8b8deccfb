// The epilogues of the 1x1 convolutions: encoder, skips, MLP, decoder (gemm/epilogue.cuh). Arrays are those of
// forward.cc.
#pragma once

#include <cstdint>

#include "engine/gemm/epilogue.cuh"
#include "engine/sfno/activation.cuh"
#include "engine/sfno/affine.cuh"
#include "engine/sfno/quads.h"
#include "engine/sfno/shapes.h"

namespace hens::engine {

HENS_HD int64_t element(const TileCoord& p, int columns) {
  return static_cast<int64_t>(p.job.row + p.row) * columns + p.col;
}

// out[row] = the products' sums
struct Plain {
  using Tiles = shapes::Pointwise;
  using Element = __half;
  static constexpr bool statistics = false;
  __half* out;
  int columns;
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const Half8& acc, Statistics&) const {
    store(out + element(p, columns), acc);
  }
};
static_assert(Epilogue<Plain>);

// out[row] = gelu(sums + bias)
struct BiasGelu {
  using Tiles = shapes::Pointwise;
  using Element = __half;
  static constexpr bool statistics = false;
  __half* out;
  const float* bias;  // [column]
  int columns;
  HENS_HD Half8 channels(const TileJob&, int, int col) const { return packed(load_float8(bias + col)); }
  HENS_HD void finish(const TileCoord& p, const Half8& b, Nothing, const Half8& acc, Statistics&) const {
    store(out + element(p, columns), gelu(sum(acc, b)));
  }
};
static_assert(Epilogue<BiasGelu>);

// out = sums + bias, folded, with the statistics of the second instance norm over all points, each once: by what they
// fold to, whose c0 is the sum and whose squares are four times those of the points.
struct BiasStatistics {
  using Tiles = shapes::Pointwise;
  using Element = __half;
  static constexpr bool statistics = true, four_rows = true;
  __half* out;
  const float* bias;
  int half, columns;
  float* partial;  // [job.statistics_row][column][value, square]
  HENS_HD Float8 channels(const TileJob&, int, int col) const { return load_float8(bias + col); }
  HENS_HD void finish(const TileCoord& p, const Float8& b, Nothing, const Half8 (&acc)[4],
                      Statistics& statistics) const {
    Float8 c[4] = {unpacked(acc[0]), unpacked(acc[1]), unpacked(acc[2]), unpacked(acc[3])};
    fold(c);
    const int quad = (p.job.row + p.row) / 4 % quads_of(half);
    const float weight = has_two_points(quad, half) ? 0.5f : 1.0f;
    HENS_UNROLL
    for (int i = 0; i < 8; ++i) {
      c[0].v[i] += 4.0f * b.v[i];
      const float squares =
          c[0].v[i] * c[0].v[i] + c[1].v[i] * c[1].v[i] + c[2].v[i] * c[2].v[i] + c[3].v[i] * c[3].v[i];
      statistics.value.v[i] += weight * c[0].v[i];
      statistics.square.v[i] += 0.25f * weight * squares;
    }
    store_rows(out + element(p, columns), columns, c);
  }
};
static_assert(Epilogue<BiasStatistics>);

// Both layers of an MLP; between them the hidden layer's ring.
using Mlp = Chain<BiasGelu, BiasStatistics, 2>;
static_assert(TileEpilogue<Mlp>);

// A block's end, in the spectrum: S' = skip S (the sums) + norm(U). The norm's shift is a constant field: degree 0
// alone, the first row's.
struct SkipNorm {
  using Tiles = shapes::Pointwise;
  using Element = __half;
  static constexpr bool statistics = false;
  __half* out;
  const __half* u;  // U's spectrum
  int columns;
  Affine norm;
  float one;  // the first row of a field that is 1 everywhere
  HENS_HD Affine8 channels(const TileJob&, int, int col) const { return load_affine8(norm, col); }
  HENS_HD Half8 prefetch(const TileCoord& p) const { return load_half8(u + element(p, columns)); }
  HENS_HD void finish(const TileCoord& p, const Affine8& map, const Half8& prefetched, const Half8& acc,
                      Statistics&) const {
    Float8 a = unpacked(acc);
    const Float8 x = unpacked(prefetched);
    const float constant = p.job.row + p.row == 0 ? one : 0.0f;
    HENS_UNROLL
    for (int i = 0; i < 8; ++i) a.v[i] += map.scale.v[i] * x.v[i] + constant * map.shift.v[i];
    store(out + element(p, columns), packed(a));
  }
};
static_assert(Epilogue<SkipNorm>);

// The encoder's first layer, folded.
struct EncoderGelu {
  using Tiles = shapes::Pointwise;
  using Element = __half;
  static constexpr bool statistics = false, four_rows = true;
  __half* out;
  const float* bias;
  int columns;
  HENS_HD Half8 channels(const TileJob&, int, int col) const { return packed(load_float8(bias + col)); }
  HENS_HD void finish(const TileCoord& p, const Half8& b, Nothing, const Half8 (&acc)[4], Statistics&) const {
    Float8 a[4];
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) a[i] = unpacked(gelu(sum(acc[i], b)));
    fold(a);
    store_rows(out + element(p, columns), columns, a);
  }
};
static_assert(Epilogue<EncoderGelu>);

// The decoder's first layer on folded rows: out[point] = gelu(sums + residual, unfolded, + constant). The residual's
// rows are those of the first operand.
struct DecoderGelu {
  using Tiles = shapes::Pointwise;
  using Element = __half;
  static constexpr bool statistics = false, four_rows = true;
  __half* out;
  const float* constant;  // [column]
  const __half* residual;
  int columns;
  HENS_HD Float8 channels(const TileJob&, int, int col) const { return load_float8(constant + col); }
  HENS_HD Half8x4 prefetch(const TileCoord& p) const {
    return load_rows(residual + static_cast<int64_t>(p.job.a[0][0] + p.row) * columns + p.col, columns);
  }
  HENS_HD void finish(const TileCoord& p, const Float8& c, const Half8x4& added, const Half8 (&acc)[4],
                      Statistics&) const {
    Float8 a[4];
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) {
      a[i] = unpacked(acc[i]);
      const Float8 more = unpacked(added.v[i]);
      HENS_UNROLL
      for (int j = 0; j < 8; ++j) a[i].v[j] += more.v[j];
    }
    fold(a);
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) {
      HENS_UNROLL
      for (int j = 0; j < 8; ++j) a[i].v[j] = 0.25f * a[i].v[j] + c.v[j];
      store(out + element(p, columns) + static_cast<int64_t>(i) * columns, gelu(packed(a[i])));
    }
  }
};
static_assert(Epilogue<DecoderGelu>);

// The next state, normalised: fp32 for itself, and split into two halves for the next step's products.
struct NextState {
  using Tiles = shapes::State;
  using Element = float;
  static constexpr bool statistics = false;
  float* state;   // [point][state_stride]
  __half* input;  // [point][input_stride]: high halves of all input channels, then low halves; null: not written
  int64_t state_stride, input_stride, low;  // low: where the low halves begin
  int columns;                              // channels of the state, rounded up to even
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const float2& value, Statistics&) const {
    const int64_t r = p.job.row + p.row;
    *reinterpret_cast<float2*>(state + r * state_stride + p.col) = value;
    if (input == nullptr) return;
    const __half2 high = __floats2half2_rn(value.x, value.y);
    const float2 rest = value - __half22float2(high);
    __half* to = input + r * input_stride + p.col;
    // An odd channel count: the last pair's second element is padding, whose weights are zeros.
    *reinterpret_cast<__half2*>(to) = high;
    *reinterpret_cast<__half2*>(to + low) = __floats2half2_rn(rest.x, rest.y);
  }
};
static_assert(Epilogue<NextState>);

// Both layers of the decoder; the second adds the big skip, from the network's input.
using Decoder = Chain<DecoderGelu, NextState, 4>;
static_assert(TileEpilogue<Decoder>);

}  // namespace hens::engine
