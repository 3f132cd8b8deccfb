// The tables of the engine's spherical harmonic transform in 16 bit: those of sht/channels_last.h, laid out as operands
// of matrix products, made in double and rounded once.
//
// Powers of two keep the numbers in the middle of fp16's range: the Fourier table carries `fourier_scale`, which the
// Legendre table takes back; both leave the spectrum multiplied by `spectrum_scale`.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/gemm/tile.h"
#include "engine/sfno/sizes.h"

namespace hens::engine {

constexpr float spectrum_scale = 16.0f;
// Degree 0 of a field that is 1 everywhere: sqrt(4 pi) times that.
constexpr float spectrum_of_one = spectrum_scale * 3.5449077f;

// A table with four dimensions, x0 contiguous and padded with zeros to a multiple of 64.
struct Table {
  std::vector<uint16_t> values;  // bits of fp16
  Operand operand;               // of `values`: sizes and strides; `data` is not set
};

struct AnalysisTables {
  Table fourier;         // [cos even, sin even, cos odd, sin odd][order m / 2][quad], half where a quad has two points
  Table legendre;        // [m][degrees m + q + 2 r: parity q][r][northern row], quadrature weights included
  float legendre_scale;  // what multiplies the sums to give the scaled spectrum
};

struct SynthesisTables {
  Table legendre;  // [m][q][northern row][r]
  Table fourier;   // [cos even, sin even, cos odd, sin odd][quad][order m / 2], factor 2 of -m included
};

// Where a spherical harmonic transform has anything to do: towards the poles the Legendre functions of high orders
// vanish, like sin(colatitude)^m. In steps of 64 orders, so that whole stages of the Fourier sums are left out, and
// whole lines of 8 rows.
class ActiveRows {
 public:
  static constexpr int orders_together = tile_depth;
  // From the synthesis' Legendre table: rows are left out where 16 bits hold nothing but zeros.
  ActiveRows(const Sizes& sizes, const Grid& grid, const Table& legendre);
  // First northern row where order m counts, a multiple of 8; does not decrease with m.
  int first_row(int m) const { return first_[static_cast<size_t>(m / orders_together)]; }
  // Orders from there on do not count in this northern row: a multiple of 64, or all.
  int orders(int northern_row) const;

 private:
  int all_;
  std::vector<int> first_;
};

AnalysisTables analysis_tables(const Sizes& sizes, const Grid& grid);
SynthesisTables synthesis_tables(const Sizes& sizes, const Grid& grid);

}  // namespace hens::engine
