// The epilogues of the spherical harmonic transform and of the spectral convolution between (gemm/epilogue.cuh). Arrays
// are those of forward.cc.
#pragma once

#include <cstdint>

#include "engine/gemm/epilogue.cuh"
#include "engine/sfno/activation.cuh"
#include "engine/sfno/affine.cuh"
#include "engine/sfno/quads.h"
#include "engine/sfno/shapes.h"

namespace hens::engine {

// Fourier sums of two mirrored rows -> their sum and difference, ready for the Legendre functions of either parity.
//   G[sum/difference][northern row][order part][channel]
// The tile's halves: real and imaginary part.
struct FourierAnalysis {
  using Tiles = shapes::Fourier;
  using Element = __half;
  static constexpr bool statistics = false, four_rows = true;
  __half* out;
  int64_t half_stride, row_stride;  // between sum and difference; between northern rows
  int columns;                      // channels = stride of [order part]
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 north = d0;
    d0 = north + d1, d1 = north - d1;
  }
  // job.batch: northern row; job.row: position of the order
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const Half8 (&acc)[4], Statistics&) const {
    __half* to = out + p.job.batch * row_stride + static_cast<int64_t>(2 * (p.job.row + p.row)) * columns + p.col;
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) store(to + i % 2 * half_stride + static_cast<int64_t>(i / 2) * columns, acc[i]);
  }
};
static_assert(Epilogue<FourierAnalysis>);

// Coefficients of the degrees m, m + 2, ... (d0) and m + 1, m + 3, ... (d1) of one order -> S[l][m][part channel]
struct LegendreAnalysis {
  using Tiles = shapes::Legendre;
  using Element = __half;
  static constexpr bool statistics = false;
  __half* out;
  int64_t degree_stride, order_stride;
  int columns;  // re and im of all channels
  int degrees;  // lmax
  float scale;  // of the table, taken back
  HENS_HD void combine(int, float2& d0, float2& d1) const { d0 = scale * d0, d1 = scale * d1; }
  // job.batch: order m; job.row: index of the degree among those of its parity
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const Half8& acc, Statistics&) const {
    const int l = p.job.batch + 2 * (p.job.row + p.row) + p.plane;
    if (l < degrees) store(out + l * degree_stride + p.job.batch * order_stride + p.col, acc);
  }
};
static_assert(Epilogue<LegendreAnalysis>);

// The spectral convolution: real (d0) and imaginary (d1) part of one degree's orders -> S'[l][m][part][channel]
struct SpectralConvolution {
  using Tiles = shapes::SpectralConvolution;
  using Element = __half;
  static constexpr bool statistics = false;
  __half* out;
  int64_t degree_stride, order_stride, part_stride;
  int columns;
  HENS_HD void combine(int, float2&, float2&) const {}
  // job.batch: degree; job.row: order
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const Half8& acc, Statistics&) const {
    store(out + p.job.batch * degree_stride + (p.job.row + p.row) * order_stride + p.plane * part_stride + p.col, acc);
  }
};
static_assert(Epilogue<SpectralConvolution>);

// Symmetric (d0) and antisymmetric (d1) part of one order on the northern rows -> Fourier coefficients of both rows,
//   G[row][order part][channel], and by Parseval what each row adds to its channel's mean and mean square.
struct LegendreSynthesis {
  using Tiles = shapes::Legendre;
  using Element = __half;
  static constexpr bool statistics = true;
  __half* out;
  int64_t row_stride;
  int columns;     // re and im of all channels
  int rows;        // nlat
  float scale;     // of the table, taken back
  float* partial;  // [job.statistics_row][column][value, square]
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 symmetric = scale * d0, rest = scale * d1;
    d0 = symmetric + rest, d1 = symmetric - rest;
  }
  // job.batch: position of the order in G; job.row: northern row
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const Half8& acc, Statistics& statistics) const {
    const int north = p.job.row + p.row, lat = p.plane == 0 ? north : rows - 1 - north;
    if (p.plane == 1 && lat == north) return;  // the equator is one row
    store(out + static_cast<int64_t>(p.job.batch) * columns + lat * row_stride + p.col, acc);
    add_to(statistics, unpacked(acc));
  }
};
static_assert(Epilogue<LegendreSynthesis>);

// Where the first row of a quad is: job.batch: latitude; job.row: quad.
HENS_HD int64_t quad_row(const TileCoord& p, int quads) {
  return 4 * (static_cast<int64_t>(p.job.batch) * quads + p.job.row + p.row);
}

// Sums of cosines and of sines, of even orders and (the tile's other half) of odd ones -> the four points of a quad,
// the first instance norm's affine map and the GELU.
struct FourierSynthesisNorm {
  using Tiles = shapes::Fourier;
  using Element = __half;
  static constexpr bool statistics = false, four_rows = true;
  __half* out;
  int quads, columns;
  Affine norm;
  HENS_HD void combine(int, float2& d0, float2& d1) const {
    const float2 cosines = d0;
    d0 = cosines + d1, d1 = cosines - d1;
  }
  HENS_HD Affine8 channels(const TileJob&, int, int col) const { return load_affine8(norm, col); }
  HENS_HD void finish(const TileCoord& p, const Affine8& map, Nothing, const Half8 (&acc)[4], Statistics&) const {
    __half* to = out + quad_row(p, quads) * columns + p.col;
    HENS_UNROLL
    for (int side = 0; side < 2; ++side) {  // points j and half + j, then their mirror images
      const Float8 even = unpacked(acc[side]), odd = unpacked(acc[2 + side]);
      Float8 a, b;
      HENS_UNROLL
      for (int i = 0; i < 8; ++i) {
        a.v[i] = map.scale.v[i] * (even.v[i] + odd.v[i]) + map.shift.v[i];
        b.v[i] = map.scale.v[i] * (even.v[i] - odd.v[i]) + map.shift.v[i];
      }
      store(to + static_cast<int64_t>(2 * side) * columns, gelu(packed(a)));
      store(to + static_cast<int64_t>(2 * side + 1) * columns, gelu(packed(b)));
    }
  }
};
static_assert(Epilogue<FourierSynthesisNorm>);

// ... folded: c0 .. c3 are four times these sums.
struct FourierSynthesis {
  using Tiles = shapes::Fourier;
  using Element = __half;
  static constexpr bool statistics = false, four_rows = true;
  __half* out;
  int quads, columns;
  HENS_HD void combine(int, float2& d0, float2& d1) const { d0 = 4.0f * d0, d1 = 4.0f * d1; }
  HENS_HD void finish(const TileCoord& p, Nothing, Nothing, const Half8 (&acc)[4], Statistics&) const {
    __half* to = out + quad_row(p, quads) * columns + p.col;
    HENS_UNROLL
    for (int i = 0; i < 4; ++i) store(to + static_cast<int64_t>(i) * columns, acc[i]);
  }
};
static_assert(Epilogue<FourierSynthesis>);

}  // namespace hens::engine
