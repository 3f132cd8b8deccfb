// What is done to a tile's sums on their way to memory: one struct a phase, the same code on every backend.
//
// In two halves. Those who multiply hold two neighbouring columns of a row: they `combine` the tile's two sums into the
// two planes that leave it (north and south, sum and difference, ...), round and leave them in shared memory. There
// others take them up, eight channels of a row at a time, and `finish`: norm, activation, residual, and 16 bytes
// stored. On Hopper these are warps of their own, so that the next tile's products go on meanwhile.
//
// An epilogue has
//   Staged                        what is left in shared memory: __half, or float where 16 bits do not suffice; these
//                                 are taken up two channels at a time
//   statistics                    whether it sums values and squares by channel
//   combine(col, d0, d1)          in place; only where the tile has two sums. Two columns from `col`, up to the end of
//                                 the last tile, which may lie beyond the epilogue's own
//   channels(job, plane, col)     optional: what it needs of eight channels, read once for all rows of a plane
//   beside(place)                 optional: what it reads beside the sums of a row, ahead of time
//   finish(place, channels, beside, staged, sums)
//   four                          optional, true: takes four of `staged` at once, and stores four rows: those of a quad
//                                 (quads.h) that neighbour in the tile, or, of twin tiles, both planes of both halves
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/gemm/tile.h"
#include "engine/gemm/vectors.cuh"
#include "engine/sfno/quads.h"

namespace hens::engine {

struct Sums {  // of eight channels over rows
  Eight value{}, square{};
};

struct Nothing {};

// Two layers in one call: tiles with a first segment are the first layer's, the others the second's, which reads what
// the first has written some moments ago. So one launch does for all, in the memory of a small ring; and as far as the
// cache holds the ring and what streams past it meanwhile, that never goes through memory. `done`: zeros at launch, one
// for each number that jobs count at.
//
// Why it ends, and right: a job waits for earlier ones of the list alone, and a block takes its jobs in the order of
// the list; so the first unfinished job can always go on, provided that all blocks of the launch run at one time. They
// do where a process has the card's multiprocessors for itself, so not beside another one under MPS. A ring's rows are
// written again when all their readers have counted; U may be overwritten in place, since its rows' second layer awaits
// all of their first. Of a pair of jobs that share an operand both count at one place and await one; the twin without
// rows may read what is stale, for its result is dropped.
template <typename First, typename Second>
struct Chain {
  First first;
  Second second;
  uint32_t* done;
};
template <typename Epilogue>
inline constexpr bool is_chain = requires(const Epilogue& epilogue) { epilogue.second; };

// The epilogues' types: both of a chain, twice the same of others.
template <typename Epilogue>
struct EpiloguesOf {
  using First = Epilogue;
  using Second = Epilogue;
};
template <typename A, typename B>
struct EpiloguesOf<Chain<A, B>> {
  using First = A;
  using Second = B;
};

template <typename Epilogue>
HENS_HD const typename EpiloguesOf<Epilogue>::First& first_layer(const Epilogue& epilogue) {
  if constexpr (is_chain<Epilogue>) {
    return epilogue.first;
  } else {
    return epilogue;
  }
}

// use(epilogue, tile shape), those of the job's layer
template <typename Shape, typename Epilogue, typename Use>
HENS_HD void with_layer(const Epilogue& epilogue, const TileJob& job, const Use& use) {
  if constexpr (is_chain<Epilogue>) {
    if (in_second_layer(job)) {
      use(epilogue.second, typename LayersOf<Shape>::Second{});
    } else {
      use(epilogue.first, typename LayersOf<Shape>::First{});
    }
  } else {
    use(epilogue, Shape{});
  }
}

// Where a row's eight channels are: in plane 0 or 1 of a job, row of the job (less than job.rows), column of the output
// (less than the epilogue's columns).
struct Place {
  const TileJob& job;
  int plane, row, col;
};

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

template <typename Epilogue>
inline constexpr bool takes_four = requires { Epilogue::four; };

// ---- transforms ----

// Fourier sums of two mirrored rows -> their sum and difference, ready for the Legendre functions of either parity.
//   G[sum/difference][northern row][order part][channel]
// The tile's halves: real and imaginary part.
struct FourierForward {
  using Staged = __half;
  static constexpr bool statistics = false, four = true;
  __half* out;
  int64_t half_stride, row_stride;  // between sum and difference; between northern rows
  int columns;                      // channels = stride of [order part]
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 north = d0;
    d0 = north + d1, d1 = north - d1;
  }
  // job.plane: northern row; job.row: position of the order
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves (&staged)[4], Sums&) const {
    __half* at = out + p.job.plane * row_stride + static_cast<int64_t>(2 * (p.job.row + p.row)) * columns + p.col;
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) store(at + i % 2 * half_stride + static_cast<int64_t>(i / 2) * columns, staged[i]);
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
    store(out + p.job.plane * degree_stride + (p.job.row + p.row) * order_stride + p.plane * part_stride + p.col,
          staged);
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

// Where the first row of a quad is: job.plane: latitude; job.row: quad.
HENS_HD int64_t quad_row(const Place& p, int quads) {
  return 4 * (static_cast<int64_t>(p.job.plane) * quads + p.job.row + p.row);
}

// Sums of cosines and of sines, of even orders and (the tile's other half) of odd ones -> the four points of a quad,
// the first instance norm's affine map and the GELU.
struct FourierInverseNorm {
  using Staged = __half;
  static constexpr bool statistics = false, four = true;
  __half* out;
  int quads, columns;
  Affine norm;
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 cosines = d0;
    d0 = cosines + d1, d1 = cosines - d1;
  }
  HENS_HD AffineOfEight channels(const TileJob&, int, int col) const { return eight_of(norm, col); }
  HENS_HD void finish(const Place& p, const AffineOfEight& map, Nothing, const EightHalves (&staged)[4], Sums&) const {
    __half* at = out + quad_row(p, quads) * columns + p.col;
    HENS_UNROLL
    for (int side = 0; side < 2; ++side) {  // points j and half + j, then their mirror images
      const Eight even = unpacked(staged[side]), odd = unpacked(staged[2 + side]);
      Eight a, b;
      HENS_UNROLL
      for (int i = 0; i < 8; ++i) {
        a.v[i] = map.scale.v[i] * (even.v[i] + odd.v[i]) + map.shift.v[i];
        b.v[i] = map.scale.v[i] * (even.v[i] - odd.v[i]) + map.shift.v[i];
      }
      store(at + static_cast<int64_t>(2 * side) * columns, gelu(packed(a)));
      store(at + static_cast<int64_t>(2 * side + 1) * columns, gelu(packed(b)));
    }
  }
};

// ... folded: c0 .. c3 are four times these sums.
struct FourierInverse {
  using Staged = __half;
  static constexpr bool statistics = false, four = true;
  __half* out;
  int quads, columns;
  HENS_HD void combine(int, float2& d0, float2& d1) const { d0 = 4.0f * d0, d1 = 4.0f * d1; }
  HENS_HD void finish(const Place& p, Nothing, Nothing, const EightHalves (&staged)[4], Sums&) const {
    __half* at = out + quad_row(p, quads) * columns + p.col;
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) store(at + static_cast<int64_t>(i) * columns, staged[i]);
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

// out = sums + bias, folded, with the statistics of the second instance norm over all points, each once: by what they
// fold to, whose c0 is the sum and whose squares are four times those of the points.
struct BiasStatistics {
  using Staged = __half;
  static constexpr bool statistics = true, four = true;
  __half* out;
  const float* bias;
  int half, columns;
  float* partial;  // [job.statistics][column][value, square]
  HENS_HD Eight channels(const TileJob&, int, int col) const { return eight_floats(bias + col); }
  HENS_HD void finish(const Place& p, const Eight& b, Nothing, const EightHalves (&staged)[4], Sums& sums) const {
    Eight c[4] = {unpacked(staged[0]), unpacked(staged[1]), unpacked(staged[2]), unpacked(staged[3])};
    fold(c);
    const int quad = (p.job.row + p.row) / 4 % quads_of(half);
    const float weight = has_two_points(quad, half) ? 0.5f : 1.0f;
    HENS_UNROLL
    for (int i = 0; i < 8; ++i) {
      c[0].v[i] += 4.0f * b.v[i];
      const float squares =
          c[0].v[i] * c[0].v[i] + c[1].v[i] * c[1].v[i] + c[2].v[i] * c[2].v[i] + c[3].v[i] * c[3].v[i];
      sums.value.v[i] += weight * c[0].v[i];
      sums.square.v[i] += 0.25f * weight * squares;
    }
    store_rows(out + element(p, columns), columns, c);
  }
};

// Both layers of an MLP; between them the hidden layer's ring.
using Mlp = Chain<BiasGelu, BiasStatistics>;

// A block's end, in the spectrum: S' = skip S (the sums) + norm(U). The norm's shift is a constant field: degree 0
// alone, the first row's.
struct SkipNorm {
  using Staged = __half;
  static constexpr bool statistics = false;
  __half* out;
  const __half* u;  // U's spectrum
  int columns;
  Affine norm;
  float one;  // the first row of a field that is 1 everywhere
  HENS_HD AffineOfEight channels(const TileJob&, int, int col) const { return eight_of(norm, col); }
  HENS_HD EightHalves beside(const Place& p) const { return eight_halves(u + element(p, columns)); }
  HENS_HD void finish(const Place& p, const AffineOfEight& map, const EightHalves& beside, const EightHalves& staged,
                      Sums&) const {
    Eight a = unpacked(staged);
    const Eight x = unpacked(beside);
    const float constant = p.job.row + p.row == 0 ? one : 0.0f;
    HENS_UNROLL
    for (int i = 0; i < 8; ++i) a.v[i] += map.scale.v[i] * x.v[i] + constant * map.shift.v[i];
    store(out + element(p, columns), packed(a));
  }
};

// The encoder's first layer, folded.
struct EncoderGelu {
  using Staged = __half;
  static constexpr bool statistics = false, four = true;
  __half* out;
  const float* bias;
  int columns;
  HENS_HD EightHalves channels(const TileJob&, int, int col) const { return packed(eight_floats(bias + col)); }
  HENS_HD void finish(const Place& p, const EightHalves& b, Nothing, const EightHalves (&staged)[4], Sums&) const {
    Eight a[4];
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) a[i] = unpacked(gelu(sum(staged[i], b)));
    fold(a);
    store_rows(out + element(p, columns), columns, a);
  }
};

// The decoder's first layer on folded rows: out[point] = gelu(sums + residual, unfolded, + constant). The residual's
// rows are those of the first operand.
struct DecoderGelu {
  using Staged = __half;
  static constexpr bool statistics = false, four = true;
  __half* out;
  const float* constant;  // [column]
  const __half* residual;
  int columns;
  HENS_HD Eight channels(const TileJob&, int, int col) const { return eight_floats(constant + col); }
  HENS_HD FourRows beside(const Place& p) const {
    return four_rows(residual + static_cast<int64_t>(p.job.a[0][0] + p.row) * columns + p.col, columns);
  }
  HENS_HD void finish(const Place& p, const Eight& c, const FourRows& added, const EightHalves (&staged)[4],
                      Sums&) const {
    Eight a[4];
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) {
      a[i] = unpacked(staged[i]);
      const Eight more = unpacked(added.v[i]);
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
    // An odd channel count: the last pair's second element is padding, whose weights are zeros.
    *reinterpret_cast<__half2*>(at) = high;
    *reinterpret_cast<__half2*>(at + low) = __floats2half2_rn(rest.x, rest.y);
  }
};

// Both layers of the decoder; the second adds the big skip, from the network's input.
using Decoder = Chain<DecoderGelu, NextState>;

}  // namespace hens::engine
